"""The console script: `saddle train`, `saddle evaluate`, `saddle sample`, `saddle compare`."""

import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

from saddle import __version__
from saddle.engine.errors import out_of_memory
from saddle.processes.ranks import rank_of_process
from saddle.processes.streams import lasting_streams, open_missing_streams, printable
from saddle.runs.sweep_position import CONFIG

COMMANDS = {
    "train": "one run, or with -m every job of a sweep",
    "evaluate": "FID and other numbers of finished runs, or of two folders of images",
    "sample": "new samples of a finished run, or a picture of its latent code",
    "compare": "the comparison of a sweep: a table and a page",
}


def main() -> None:
    """Run `saddle COMMAND ARGUMENTS`."""
    command = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if command in ("-h", "--help", "help"):
        lines = [f"  saddle {name:<9} {text}" for name, text in COMMANDS.items()]
        with lasting_streams():
            print("\n".join([f"Saddle {__version__}; saddle COMMAND --help says more", *lines]), flush=True)
    elif command == "--version":
        print(__version__)
    elif command in COMMANDS:
        del sys.argv[1]
        start(command)
    else:
        from saddle.config.messages import listing, meant, nearest

        setting = f"a setting follows a command: saddle train {command}" if "=" in command else ""
        near = meant(nearest(command, COMMANDS), setting or f"choose {listing(COMMANDS, 'or')}")
        sys.exit(f"error: saddle {command}: there is no such command{near}")


def start(command: str) -> None:
    """Run a command with the arguments in `sys.argv[1:]`.

    During the imports, Ctrl-C ends the process without a trace. A reader that stops reading (`| head`) is no error.
    """
    open_missing_streams()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _say_at_once(command)
    module = import_module(f"saddle.cli.{command}")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with lasting_streams(escaped=command != "train"):  # a callback of the user's may draw on the terminal
        try:
            module.main(sys.argv)
        except SystemExit as end:
            if isinstance(end.code, str):  # otherwise Python would print it, past the streams
                print(printable(end.code), file=sys.stderr)
                sys.exit(1)
            raise
        except Exception as error:
            if not (words := out_of_memory(error)):
                raise
            print(f"error: {words}", file=sys.stderr)
            sys.exit(1)


def _say_at_once(command: str) -> None:
    """Say that the command has begun: importing PyTorch and Lightning takes seconds."""
    quick = command == "compare" or {"-h", "--help", "--cfg", "-c"} & set(sys.argv)
    if not quick and CONFIG not in os.environ and rank_of_process() == 0:
        with suppress(OSError):
            print(f"saddle {command}: loading ...", file=sys.stderr, flush=True)
