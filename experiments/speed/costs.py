"""What does an update cost, by recipe, loss, penalty, augment, model, k? The unit in which experiments compare rules.

    python experiments/speed/costs.py [only=WORD,WORD] [rounds=3]       two cores that do nothing else: about 15 minutes

Nominal seconds of a run are its updates times the median seconds of an update here: a figure of one machine, in which
nothing counts that happened to run beside the run. Every setting is the default game on faces of 32 x 32 but for what
its name says. All play through `train(...)` with what a run has around it, evaluations and grids left out: a stretch of
updates that is not timed and two that are, all settings in turn. A machine is not equally fast all the time, so the
default game is measured right before each setting, and what counts is the median of the ratios.
`recipe=r3gan_cifar10` is left out: an update of its 512 images takes minutes here, and
`model=discriminator_enumeration`, which lists no faces. Writes results/costs.json and a table of README.md.
"""

import json
import logging
import statistics
import sys
import tempfile
import warnings
from pathlib import Path
from time import perf_counter
from typing import Any

from saddle_studies import readme

from pytorch_lightning import Callback
from training import HERE, composed, train_as_saddle

from saddle.cli.arguments import arguments
from saddle.config.keys import CONF
from saddle.runs.environment import describe
from saddle.runs.folder import RunFolder

ALLOWED = {
    "only": "settings that have one of these words, again; the others stay as they were measured",
    "rounds": "of all settings in turn, by default 3",
}
DEFAULT = "the default game"
OTHERS = (
    *(f"network.discriminator.norm={norm}" for norm in ("none", "layer", "batch", "spectral")),
    "network.discriminator.norm=none penalty=r1",
    "d_steps=1",
    "d_steps=2",
    "d_steps=5",
)
EQUAL = ("loss=nonsaturating", "penalty=none", "augment=none", "model=gan", "d_steps=1")
"""Settings that are the default game: how far their ratios are from 1 is the noise of this bench."""
LEFT_OUT = ("recipe=r3gan_cifar10", "model=discriminator_enumeration")
LONG = {"recipe=sngan": 1, "recipe=wgan_gp": 1}
STRETCH = 10
"""Updates in a stretch, but for those of LONG."""


class Timed(Callback):
    """Seconds of an update, in each stretch after the first."""

    def __init__(self, stretch: int) -> None:
        self.stretch = stretch
        self.seconds: list[float] = []
        self.began = 0.0

    def on_train_batch_end(self, trainer: Any, model: Any, *_: Any) -> None:
        if model.updates % self.stretch:
            return
        now = perf_counter()
        if model.updates > self.stretch:
            self.seconds.append((now - self.began) / self.stretch)
        self.began = now


def main() -> None:
    """Measure, and write results and table."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    words = given.get("only", "").split(",")
    names = [name for name in _settings() if name != DEFAULT and any(word in name for word in words)]
    ratios: dict[str, list[float]] = {name: [] for name in names}
    of_default: list[float] = []
    _seconds(DEFAULT)  # whatever runs first pays for what is cold
    for _ in range(int(given.get("rounds", 3))):
        for name in names:
            beside = _seconds(DEFAULT)
            ratios[name] += [each / statistics.mean(beside) for each in _seconds(name)]
            of_default += beside
            print(f"{name}: {ratios[name][-1]:.4g} times the default game", flush=True)
    file = HERE / "results" / "costs.json"
    earlier = json.loads(file.read_text())["seconds"] if "only" in given and file.exists() else {}
    default = earlier.get(DEFAULT) or _quartiles(of_default, unit=1)
    again = {name: _quartiles(ratios[name], unit=default[1]) for name in names} | {DEFAULT: default}
    quartiles = {name: (earlier | again)[name] for name in _settings() if name in earlier | again}
    machine = {key: describe("auto", None)[key] for key in ("processor", "threads", "versions")}
    measured = {"seconds": quartiles, "equal": EQUAL, "what": "quartiles of an update", **machine}
    file.write_text(json.dumps(measured, indent=1) + "\n")
    readme.replace(HERE / "README.md", "costs", _table(quartiles))
    print(_table(quartiles))


def _quartiles(values: list[float], unit: float) -> list[float]:
    return [round(value * unit, 5) for value in statistics.quantiles(values, n=4)]


def _settings() -> list[str]:
    """Overrides, each setting by itself."""
    options = {
        group: sorted(path.stem for path in (CONF / group).glob("*.yaml"))
        for group in ("recipe", "loss", "penalty", "augment", "model")
    }
    of_groups = [f"{group}={option}" for group, names in options.items() for option in names]
    return [DEFAULT, *(name for name in of_groups if name not in LEFT_OUT), *OTHERS]


def _seconds(name: str) -> list[float]:
    """Seconds of an update in two stretches of a fresh run."""
    stretch = LONG.get(name, STRETCH)
    experiment = composed([] if name == DEFAULT else name.split())
    timed = Timed(stretch)
    with tempfile.TemporaryDirectory() as place:
        train_as_saddle(experiment, RunFolder(Path(place)), 3 * stretch, timed, stretch)
    return timed.seconds


def _table(quartiles: dict[str, list[float]]) -> str:
    _, of_default, _ = quartiles[DEFAULT]
    rows = [[DEFAULT, f"{1e3 * of_default:.3g}", "1"]]
    for name, seconds in quartiles.items():
        low, middle, high = (each / of_default for each in seconds)
        if name != DEFAULT:
            rows.append([f"`{name}`", f"{1e3 * seconds[1]:.3g}", f"{middle:.2f} ({low:.2f} to {high:.2f})"])
    return readme.table(["setting", "ms an update, median", "over the default's (quartiles)"], rows)


if __name__ == "__main__":
    main()
