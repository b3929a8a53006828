"""`saddle train`: train one model, or with -m every job of a sweep; `--help` says more.

`saddle train run=runs/SWEEP/JOB [updates=N]` resumes a run, with a new total number of updates if `updates=` is given.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from saddle.cli.arguments import arguments, whole_number
from saddle.cli.training import carry_out
from saddle.config import check, enter, prune_unused
from saddle.config.commandline import notes_on
from saddle.config.composing import with_options
from saddle.config.keys import CONF, KINDS, ROOT, groups
from saddle.engine.stored import stored_config
from saddle.processes.ranks import SWEEP, end_with_parent, interrupt_with_sweep
from saddle.runs.commands import as_typed
from saddle.runs.folder import RunFolder
from saddle.runs.naming import register_resolvers
from saddle.runs.sweep import find_run
from saddle.runs.sweep_position import received
from saddle.runs.trial import Trial

FULL_ERROR = "HYDRA_FULL_ERROR"
RESUMING = {
    "run": "the run's folder",
    "updates": "total number of updates; by default as before",
    "trainer.devices": "number of devices; another number changes the last bits",
    "trainer.accelerator": "kind of device",
}
"""Keys that may change when a run is resumed."""


@hydra.main(version_base=None, config_path=str(CONF), config_name=ROOT)
def job(cfg: DictConfig) -> None:
    """Train one run whose configuration Hydra has composed."""
    run = HydraConfig.get().runtime
    sys.exit(carry_out(with_options(prune_unused(cfg), run.choices), RunFolder(run.output_dir)))


def _refused(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def resume(argv: list[str]) -> int:
    """Resume the run that `argv` names; the exit code."""
    if others := [word for word in argv[1:] if word in ("-m", "--multirun") or _is_setting(word)]:
        takes = ", ".join(f"{key}=" for key in RESUMING if key != "run")
        sys.exit(
            f"error: {others[0]}: run= resumes a run with the settings that it was started with, and takes only "
            f"{takes} in addition; for other settings start a new run, without run="
        )
    values = arguments(RESUMING, argv)
    if "run" not in values:
        sys.exit("error: run= names no folder: run=runs/SWEEP/JOB")
    try:
        folder = find_run(values["run"])
        cfg = stored_config(folder, files=True)
        cfg.updates = whole_number("updates", values["updates"]) if "updates" in values else cfg.updates
        devices = values.get("trainer.devices")
        cfg.trainer.devices = cfg.trainer.devices if devices is None else whole_number("trainer.devices", devices)
        cfg.trainer.accelerator = values.get("trainer.accelerator", cfg.trainer.accelerator)
        check(cfg)
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    return carry_out(cfg, folder)


def _is_setting(word: str) -> bool:
    """Whether `word` is a setting of a new run."""
    key = word.partition("=")[0]
    return key not in RESUMING and key.partition(".")[0].partition("@")[0] in {*KINDS, *groups()}


def main(argv: list[str]) -> None:
    """Check the command line, then start the run, the resumed run, or Hydra."""
    try:
        _main(argv)
    except KeyboardInterrupt:
        print("\ninterrupted before training began", file=sys.stderr)
        sys.exit(130)


def _main(argv: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
    interrupt_with_sweep()
    if (sweep_job := received()) is not None:
        for note in notes_on(argv[1:], sweep_job[0]):
            print(f"note: {note}", file=sys.stderr)
        sys.exit(carry_out(*sweep_job))
    if any(word.startswith("run=") for word in argv[1:]):
        sys.exit(resume(argv))
    if Trial.current() is not None and {"-m", "--multirun"} & set(argv):
        sys.exit(_refused("a W&B agent starts one run at a time: leave -m out, and put seeds into its sweep too"))
    register_resolvers()
    sys.argv[1:] = enter(_absolute(argv), as_typed)
    _hand_to_hydra()


def _hand_to_hydra() -> None:
    """Let Hydra compose and start the job, and print its errors and those of the file system in one line."""
    if (
        FULL_ERROR in os.environ and SWEEP not in os.environ
    ):  # the user wants to see traces; a sweep sets it for its jobs
        job()
        return
    os.environ[FULL_ERROR] = "1"  # otherwise Hydra prints a trace of any error, and ends the process
    try:
        job()
    except (CompactHydraException, OmegaConfBaseException) as error:
        sys.exit("error: " + ": ".join(str(one) for one in (error, error.__cause__) if one))
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        sys.exit(f"error: {what}; move what is in the way, or start the command in another folder")


def _absolute(argv: Sequence[str]) -> list[str]:
    """The arguments with an absolute `--config-path`, which Hydra takes relative to the program's folder."""
    words = list(argv[1:])
    for number, flag in enumerate(words[:-1]):
        if flag in ("--config-path", "-cp"):
            words[number + 1] = str(Path(argv[0]).resolve().parent / words[number + 1])
    return words
