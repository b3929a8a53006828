"""Ctrl-C ends every script of experiments/ in one line, and its children store what they have."""

import ast
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fake_runs import make_run
from saddle_studies import interruption
from saddle_studies.study import Study

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
SCRIPTS = [
    path
    for path in sorted(EXPERIMENTS.glob("*/*.py"))
    if path.parent.name != "notebooks" and '__name__ == "__main__"' in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_script_listens_before_its_long_imports(script: Path) -> None:
    """Imports of torch take seconds, and Ctrl-C in them would show a trace."""
    tree = ast.parse(script.read_text(encoding="utf-8"))
    names = [
        name.partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    ]
    light = {*sys.stdlib_module_names, "saddle"}  # saddle.processes.threads sets the threads of what follows
    assert next(name for name in names if name not in light) == "saddle_studies"


def test_a_script_ends_in_one_line(tmp_path: Path) -> None:
    """Also in the middle of a library that answers KeyboardInterrupt itself; nothing is listened for in a test."""
    script = EXPERIMENTS / "k_steps" / "study.py"
    program = (
        f"import os, signal, sys; sys.modules['__main__'].__file__ = {str(script)!r}; sys.argv = ['study.py', 'a=1']\n"
        "import saddle_studies\n"
        "try:\n    os.kill(os.getpid(), signal.SIGINT)\nexcept KeyboardInterrupt:\n    print('a library speaks')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("\ninterrupted: ")
    assert done.stderr.endswith(" the same command starts again: python study.py a=1\n")
    assert done.stderr.strip().count("\n") == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_child_ends_by_itself_and_gets_each_signal_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It stores its state, which takes as long as it takes; then the study says what there is."""
    child = (
        "import signal, sys, time; from pathlib import Path; got = []\n"
        "signal.signal(signal.SIGINT, lambda *_: got.append(1))\n"
        f"Path({str(tmp_path / 'ready')!r}).touch()\n"
        "while not got: time.sleep(0.01)\n"
        f"time.sleep(0.4); Path({str(tmp_path / 'stored')!r}).write_text(str(len(got)))\n"
        "sys.exit(130)\n"
    )

    def interrupt() -> None:
        while not (tmp_path / "ready").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = [signal.getsignal(number) for number in interruption.PASSED_ON]
    threading.Thread(target=interrupt).start()
    with pytest.raises(SystemExit) as end:
        interruption.run([sys.executable, "-c", child])
    assert (end.value.code, (tmp_path / "stored").read_text()) == (130, "1")
    assert "interrupted: " in capsys.readouterr().err
    assert [signal.getsignal(number) for number in interruption.PASSED_ON] == before


def test_a_study_says_what_is_kept_and_how_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(interruption, "_kept", interruption._kept)
    study = Study(str(EXPERIMENTS / "k_steps" / "study.py"), ["study.py", "name=x"], "")
    with pytest.raises(SystemExit):
        interruption.interrupted()
    assert "interrupted: the same command resumes after what is stored: make" in capsys.readouterr().err
    monkeypatch.setattr(interruption, "run", lambda command: 0)
    study.train()
    make_run(Path("runs/x_k_steps/one"))
    make_run(Path("runs/x_k_steps/two"), ended="interrupted")
    with pytest.raises(SystemExit):
        interruption.interrupted()
    words = "\ninterrupted: 1 of 2 runs begun in runs/x_k_steps have finished, and the same command resumes after what "
    assert capsys.readouterr().err == f'{words}is stored: make study NAME=k_steps ARGS="name=x"\n'
