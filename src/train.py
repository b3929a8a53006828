"""Train one model, or with -m every job of a sweep: Hydra in, objects out. `python src/train.py --help` says more.

`python src/train.py run=runs/SWEEP/JOB [updates=N]` goes on with a run, to more updates if that is asked for.
"""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the imports last, Ctrl-C ends the process without a trace

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from saddle.cli.arguments import arguments
from saddle.cli.training import carry_out
from saddle.config import check, enter, prune_unused
from saddle.config.commandline import notes_on
from saddle.config.keys import CONF, KINDS, groups
from saddle.config.options import with_options
from saddle.engine.stored import stored_config
from saddle.processes.ranks import end_with_parent, interrupt_with_sweep
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import find_run
from saddle.runs.sweep_job import received
from saddle.runs.trial import Trial, register_places

GOING_ON = {
    "run": "the run's folder",
    "updates": "how many in all; by default as before",
    "trainer.devices": "how many; another number gives other last bits",
    "trainer.accelerator": "of which kind",
}


@hydra.main(version_base=None, config_path="../conf", config_name="train")
def job(cfg: DictConfig) -> None:
    """One run, composed and checked."""
    hydra = HydraConfig.get()
    sys.exit(carry_out(with_options(prune_unused(cfg), hydra.runtime.choices), RunFolder(hydra.runtime.output_dir)))


def _refused(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


def go_on(argv: list[str]) -> int:
    """Go on with the run that `argv` names; the exit code."""
    if others := [word for word in argv[1:] if word in ("-m", "--multirun") or _is_setting(word)]:
        takes = ", ".join(f"{key}=" for key in GOING_ON if key != "run")
        sys.exit(
            f"error: {others[0]}: run= goes on with a run as it was begun, and takes {takes} besides; for other "
            "settings begin a new run, without run="
        )
    given = arguments(GOING_ON, argv)
    if "run" not in given:
        sys.exit("error: run= names no folder: run=runs/SWEEP/JOB")
    try:
        folder = find_run(given["run"])
        cfg = stored_config(folder, files=True)
        cfg.updates = _whole("updates", given["updates"]) if "updates" in given else cfg.updates
        devices = given.get("trainer.devices")
        cfg.trainer.devices = cfg.trainer.devices if devices is None else _whole("trainer.devices", devices)
        cfg.trainer.accelerator = given.get("trainer.accelerator", cfg.trainer.accelerator)
        check(cfg)
    except (LookupError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    return carry_out(cfg, folder)


def _is_setting(word: str) -> bool:
    """Whether it is right where no run is named."""
    key = word.partition("=")[0]
    return key not in GOING_ON and key.partition(".")[0].partition("@")[0] in {*KINDS, *groups(CONF)}


def _whole(key: str, text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise ValueError(f"{key}={text} takes a whole number above 0")
    return int(text)


def main() -> None:
    """Refuse what is wrong with the command line, then hand over to Hydra."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_with_parent()
    interrupt_with_sweep()
    if (handed := received()) is not None:
        for note in notes_on(sys.argv[1:], handed[0]):
            print(f"note: {note}", file=sys.stderr)
        sys.exit(carry_out(*handed))
    if any(argument.startswith("run=") for argument in sys.argv[1:]):
        sys.exit(go_on(sys.argv))
    if Trial.current() is not None and {"-m", "--multirun"} & set(sys.argv):
        sys.exit(_refused("a W&B agent starts one run at a time: leave -m out, and put seeds into its sweep too"))
    register_places()
    sys.argv[1:] = enter(sys.argv[1:])
    job()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\ninterrupted before training began", file=sys.stderr)
        sys.exit(130)
