"""How fast is training, against the loop of most tutorials and against the best hand-written loop for the same work?

    python experiments/speed/training.py [only=WORDS] [rounds=5]       two cores that do nothing else: about 20 minutes

Three sides play the same game in one process, in turn, a stretch of updates each: (a) the tutorials' loop, (b) the best
hand-written loop, (c) Saddle through `train(...)` with all that a run has around it (readings every 20 updates, log,
progress, guards, states on disk). Expected: c / b at least 0.97 in images per second for convolutional networks, at
least 0.75 for a game so small that only what is around it takes time. Ratios are medians over the rounds; other ratios
than these do not compare between machines. Writes results/training.json and the tables of README.md.
"""

import copy
import json
import logging
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from saddle.processes.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)

from saddle_studies import readme

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from loops import BestLoop, Game, TutorialLoop
from plane import Points
from pytorch_lightning import Callback

from saddle.callbacks.callback_list import BundledCallback
from saddle.callbacks.checkpoint import Checkpoint
from saddle.callbacks.instruments import TrainingLosses
from saddle.callbacks.interruption import Interruption
from saddle.callbacks.lifecycle import Lifecycle
from saddle.callbacks.measure import Measure
from saddle.callbacks.progress import Progress
from saddle.callbacks.run_log import RunLog
from saddle.callbacks.snapshots import Snapshots
from saddle.cli.arguments import arguments
from saddle.config.keys import CONF
from saddle.data.images import Images
from saddle.engine.experiment import Experiment
from saddle.engine.training import best_precision
from saddle.models.gan import GAN
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.environment import describe
from saddle.runs.folder import RunFolder

HERE = Path(__file__).resolve().parent
ALLOWED = {
    "only": "games whose name has these words, again; the others stay as they were measured",
    "rounds": "of all sides in turn, by default 5",
}
LOG_EVERY = 20
POINTS = ["network=mlp", "data.shape=[2]", "network.generator.bounded=false", "trainer.precision=32-true"]
SNGAN = ["network=resnet", "code_size=128"]
WIDE = ["network.generator.width=128", "network.discriminator.width=128"]
GAMES: dict[str, tuple[list[str], int]] = {
    "mlp on points, k = 1": ([*POINTS, "d_steps=1"], 200),
    "mlp on points, k = 5": ([*POINTS, "d_steps=5"], 80),
    "dcgan, k = 1": (["d_steps=1"], 20),
    "dcgan, k = 5": (["d_steps=5"], 20),
    "dcgan of 512 channels, k = 1": (WIDE, 1),
    "resnet of SNGAN's size, k = 1": (SNGAN, 1),
    "resnet of SNGAN's size, k = 5": ([*SNGAN, "d_steps=5"], 1),
}
"""Settings, and updates in a stretch."""


class Turns(BundledCallback):
    """After each stretch of Saddle's the other sides play as long a stretch; all are timed."""

    def __init__(self, others: dict[str, Callable[[int], None]], stretch: int) -> None:
        self.others, self.stretch = others, stretch
        self.seconds: dict[str, list[float]] = {"saddle": [], **{name: [] for name in others}}

    def on_train_start(self, trainer: Any, model: Any) -> None:
        self.began = perf_counter()

    def on_train_batch_end(self, trainer: Any, model: Any, *_: Any) -> None:
        if model.updates % self.stretch:
            return
        self.seconds["saddle"].append(perf_counter() - self.began)
        for name, play in self.others.items():
            began = perf_counter()
            play(self.stretch)
            self.seconds[name].append(perf_counter() - began)
        self.began = perf_counter()


def main() -> None:
    """Measure all games, write results and tables."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    rounds = int(given.get("rounds", 5))
    rows = []
    for name in (name for name in GAMES if given.get("only", "") in name):
        rows.append({"game": name, "rounds": rounds, **_measure(*GAMES[name], rounds)})
        print(json.dumps(rows[-1]), flush=True)
    machine = {key: describe("auto", None)[key] for key in ("processor", "threads", "versions")}
    bf16 = torch.cpu._is_avx512_bf16_supported()
    file = HERE / "results" / "training.json"
    earlier = json.loads(file.read_text())["games"] if "only" in given and file.exists() else []
    by_game = {row["game"]: row for row in [*earlier, *rows]}
    rows = [by_game[name] for name in GAMES if name in by_game]
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"bf16": bf16, **machine, "games": rows}, indent=1) + "\n")
    readme.replace(HERE / "README.md", "training", _table(rows))


def _measure(overrides: list[str], stretch: int, rounds: int) -> dict[str, Any]:
    """Medians and quartiles of the ratios, and a median update of Saddle's in milliseconds."""
    with tempfile.TemporaryDirectory() as place:
        experiment = composed(overrides)
        folder = RunFolder(Path(place) / "saddle")
        others = {
            "tutorial": TutorialLoop(game_of(experiment, Path(place) / "a", bf16=False)).run,
            "best": best_of(experiment, Path(place) / "b").run,
        }
        turns = Turns(others, stretch)
        train_as_saddle(experiment, folder, stretch * (rounds + 1), turns, stretch)
    seconds = {name: values[1:] for name, values in turns.seconds.items()}
    return {
        "ms_per_update": 1e3 * statistics.median(seconds["saddle"]) / stretch,
        "to_best": ratio(seconds["best"], seconds["saddle"]),
        "to_tutorial": ratio(seconds["tutorial"], seconds["saddle"]),
        "best_to_tutorial": ratio(seconds["tutorial"], seconds["best"]),
        "checkpoint": _checkpoint_share(experiment, statistics.median(seconds["saddle"]) / stretch),
        "input": _input_share(experiment, statistics.median(seconds["saddle"]) / stretch),
    }


def composed(overrides: list[str]) -> Experiment:
    """A game, with its data; unchecked, because the points in the plane are no data set of `conf/`."""
    with initialize_config_dir(str(CONF), version_base=None):
        cfg = compose("train", overrides=["logger=none", *overrides])
    cfg.trainer.precision = best_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    experiment = Experiment(cfg)
    if list(cfg.data.shape) == [2]:
        experiment.data = Points(20_000)
    return experiment


def _checkpoint(folder: RunFolder, every: int, measure: Measure) -> Checkpoint:
    snapshots = Snapshots(
        folder=folder,
        recipe={},
        keep="best",
        metric=None,
        higher_is_better=False,
        logged=[],
        readings=lambda: measure.readings,
    )
    states = Checkpoints(folder.checkpoints)
    return Checkpoint(checkpoints=states, snapshots=snapshots, every=every, stored=None, facts=dict)


def train_as_saddle(game: Experiment, folder: RunFolder, updates: int, last: Callback, stretch: int) -> None:
    """A run as `python src/train.py` makes it, evaluations and grids left out."""
    experiment = Experiment(game.config)  # with fresh weights
    experiment.data = game.data
    measure = Measure(instruments=[TrainingLosses(every=LOG_EVERY)], updates=updates)
    lifecycle, every = Lifecycle(folder=folder, seconds=0.0), game.config.checkpoint_every
    checkpoint = _checkpoint(folder, every, measure)
    progress = Progress(updates=updates, title="saddle", position=None, measure=measure, names=["loss_discriminator"])
    callbacks = [measure, Interruption(experiment.model), checkpoint, lifecycle, progress, last]
    trainer = experiment.trainer(callbacks=callbacks, loggers=[RunLog(folder=folder)])
    experiment.fit(trainer, updates=updates, every=[LOG_EVERY, stretch])


def best_of(experiment: Experiment, folder: Path) -> BestLoop:
    """The best loop, ready to play."""
    model = experiment.model
    assert isinstance(model, GAN)
    bf16 = experiment.config.trainer.precision == "bf16-mixed"
    return BestLoop(game_of(experiment, folder, bf16=bf16), together=not model.separate_forwards)


def game_of(experiment: Experiment, folder: Path, *, bf16: bool) -> Game:
    """Fresh networks of the same kind, and the images."""
    cfg, data, model = experiment.config, experiment.data, experiment.model
    assert isinstance(model, GAN)
    pixels = data.train[np.arange(len(data.train))] if isinstance(data, Images) else data.points
    log = RunFolder(folder)
    lines = iter(range(1, 10**9))
    return Game(
        generator=copy.deepcopy(model.generator),
        discriminator=copy.deepcopy(model.discriminator),
        pixels=pixels,
        batch_size=cfg.batch_size,
        d_steps=cfg.d_steps,
        code_size=cfg.code_size,
        lr=cfg.optimizer.generator.lr,
        betas=tuple(cfg.optimizer.generator.betas),
        average_decay=0.5 ** (cfg.batch_size / cfg.average_half_life),
        bf16=bf16,
        log=lambda numbers: log.log(next(lines), numbers),
        log_every=LOG_EVERY,
    )


def _checkpoint_share(experiment: Experiment, update: float) -> float:
    """Seconds of storing a state over the seconds of the updates between two, at the default interval."""

    class Storing(Callback):
        seconds: float

        def on_train_end(self, trainer: Any, model: Any) -> None:
            with tempfile.TemporaryDirectory() as place:
                times = []
                for number in range(5):
                    storing = _checkpoint(RunFolder(place), 1, Measure(instruments=[], updates=1))
                    model.updates = number
                    began = perf_counter()
                    storing.save(trainer, model)
                    times.append(perf_counter() - began)
                self.seconds = statistics.median(times)

    storing = Storing()
    with tempfile.TemporaryDirectory() as place:
        train_as_saddle(experiment, RunFolder(Path(place)), 1, storing, 1)
    return storing.seconds / (experiment.config.checkpoint_every * update)


def _input_share(experiment: Experiment, update: float) -> float:
    """Seconds of drawing an update's reals, as floats in [-1, 1], over those of the update."""
    cfg, data = experiment.config, experiment.data
    times = []
    for step in range(50):
        began = perf_counter()
        data.sample(0, range(step * cfg.batch_size, (step + 1) * cfg.batch_size), torch.device("cpu"))
        times.append(perf_counter() - began)
    return cfg.d_steps * statistics.median(times) / update


def ratio(one: list[float], other: list[float]) -> list[float]:
    """Quartiles and median of how many times as fast the second is, [lower, median, upper]."""
    ratios = [a / b for a, b in zip(one, other, strict=True)]
    return [round(value, 3) for value in statistics.quantiles(ratios, n=4)]


def _table(rows: list[dict[str, Any]]) -> str:
    title = ["game, batch 64", "ms an update", "c / b", "c / a", "b / a", "a state every 500 updates", "input"]
    cells = [
        [
            row["game"],
            f"{row['ms_per_update']:.3g}",
            shown(row["to_best"]),
            shown(row["to_tutorial"]),
            shown(row["best_to_tutorial"]),
            f"{row['checkpoint']:.2%}",
            f"{row['input']:.2%}",
        ]
        for row in rows
    ]
    return readme.table(title, cells)


def shown(quartiles: list[float]) -> str:
    """The median, and the quartiles in parentheses."""
    lower, median, upper = quartiles
    return f"{median:.2f} ({lower:.2f} to {upper:.2f})"


if __name__ == "__main__":
    main()
