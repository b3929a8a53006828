"""Ctrl-C ends a script of experiments/ in one line that says what was kept, with exit code 130 and without a trace."""

import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

EXPERIMENTS = Path(__file__).resolve().parents[2]
CODE = 130
"""Exit code of an interrupted command: 128 plus the number of SIGINT."""
PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _results_so_far() -> str:
    words = " ".join(["python", *sys.argv])
    return f"files that were written before are complete, and the same command starts again: {words}"


_kept: Callable[[], str] = _results_so_far


def listen() -> None:
    """Handle Ctrl-C, if the program is a script of experiments/: tests and notebooks have handlers of their own."""
    main = getattr(sys.modules["__main__"], "__file__", None)
    if main and EXPERIMENTS in Path(main).resolve().parents:
        signal.signal(signal.SIGINT, _interrupt)


def keep(describe: Callable[[], str]) -> None:
    """Let `describe()` say, after `interrupted: `, what is kept and which command resumes."""
    global _kept
    _kept = describe


def interrupted() -> NoReturn:
    """End the program by `SystemExit`: libraries answer a `KeyboardInterrupt` with words and codes of their own."""
    print(f"\ninterrupted: {_kept()}", file=sys.stderr, flush=True)
    raise SystemExit(CODE)


def run(command: Sequence[str], **streams: Any) -> int:
    """Run a command that stores its state at a signal, and wait for its end however often that is asked for.

    The command has a process group of its own, so that each signal reaches it once, whoever sends it. It returns the
    exit code; an interrupted command interrupts this program.
    """
    passed_on: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, frame: FrameType | None) -> None:
        passed_on.append(number)
        if process:
            process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    try:
        process = subprocess.Popen(command, process_group=0, **streams)
        for number in passed_on:  # before there was a process
            process.send_signal(number)
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if passed_on or code == CODE:
        interrupted()
    return code


def _interrupt(number: int, frame: FrameType | None) -> None:
    interrupted()
