"""One experiment: the parts that a configuration describes, for training, studies, benchmarks and notebooks."""

import sys
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import Logger

from saddle.callbacks.checkpoint import restore
from saddle.callbacks.measure import Instrument
from saddle.config import instantiate
from saddle.data.base import Data
from saddle.data.classes import Classes
from saddle.data.images import Images
from saddle.engine import components
from saddle.engine.building import build_data, build_evaluator, build_model
from saddle.engine.stored import stored_config
from saddle.engine.training import train
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.extractors.base import Extractor
from saddle.models.base import GenerativeModel
from saddle.processes.forked_rank import ForkedRank
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.commands import program
from saddle.runs.folder import RunFolder

if TYPE_CHECKING:
    from saddle import Run


class Experiment:
    """The parts of one run. Each part is built on first access and then kept.

    Args:
        config: checked configuration, without Hydra's own node.
        folder: folder of the run; None for an experiment that stores nothing.
        command: command line for the run's environment.json; None for that of this process.
    """

    def __init__(
        self, config: DictConfig, folder: RunFolder | None = None, command: Sequence[str] | None = None
    ) -> None:
        self.config, self._folder = config, folder
        self.command = [*program("train")[1:], *sys.argv[1:]] if command is None else list(command)

    @property
    def folder(self) -> RunFolder:
        """The folder of the run.

        Raises:
            LookupError: the experiment stores nothing.
        """
        if self._folder is None:
            raise LookupError("this experiment has no folder to store a run in: saddle.compose gives it one")
        return self._folder

    def run(self) -> "Run":
        """Train as `python src/train.py` does, and return the finished run.

        If the folder already contains the finished run, it is returned; an interrupted run is resumed. Training builds
        a separate model, so that `model` keeps its fresh weights.

        Raises:
            RunRefusedError: the folder contains another run, or one that is being trained right now.
            RunFailedError: training failed; the folder stores the cause.
            RunInterrupted: Ctrl-C or a signal ended training; the state is stored.
        """
        import saddle  # the public API is built upon this module

        return saddle.train(self)

    @cached_property
    def data(self) -> Data:
        """The data set."""
        return build_data(self.config)

    @cached_property
    def classes(self) -> Classes | None:
        """The classes of a conditional model; None if `labels` is false.

        Raises:
            ValueError: the data set has no classes.
        """
        if not self.config.labels:
            return None
        if self.data.classes is None:
            raise ValueError(f"labels=true: {self.data.name} has no classes; set labels=false")
        return self.data.classes

    @cached_property
    def model(self) -> GenerativeModel:
        """The model with fresh weights, a function of the configuration's seed."""
        samples = len(self.data.train) if isinstance(self.data, Images) else None
        return build_model(self.config, self.classes, samples)

    @cached_property
    def extractors(self) -> list[Extractor]:
        """The feature extractor that the configuration names, if any."""
        return [instantiate(self.config.extractor)] if "extractor" in self.config else []

    @cached_property
    def evaluator(self) -> SampleEvaluator | None:
        """The evaluator of samples; None for data without one."""
        return build_evaluator(self.config, self.data, self.extractors)

    def facts(self) -> dict[str, Any]:
        """The description of the data for summary.json, with the classes of a conditional run; reads all data."""
        facts = self.data.facts()
        if self.classes is None or not isinstance(self.data, Images):
            return facts
        labels = self.data.split_labels("train")
        digest = {**facts["digest"], "labels": labels and labels.digest}
        return {**facts, "classes": self.classes.counts, "digest": digest}

    def restore(self, state: dict[str, Any]) -> None:
        """Load a stored state into the model.

        Raises:
            ValueError: the state is of another model.
        """
        restore(self.model, state)
        self.model.data = self.data

    def evaluations(self) -> list[Instrument]:
        """The instruments that all ranks read together."""
        return components.evaluations(self.config, self.data, self.model, self.evaluator)

    def instruments(self) -> list[Instrument]:
        """All instruments: training losses, grids of samples, and the evaluations."""
        return components.instruments(self.config, self.data, self.model, self.evaluator)

    def callbacks(self) -> list[Callback]:
        """New callbacks of the group `callback`, which every rank has in addition to Saddle's own."""
        return components.callbacks(self.config)

    def trainer(
        self, *, callbacks: Sequence[Callback], loggers: Sequence[Logger] = (), waiting: Sequence[ForkedRank] = ()
    ) -> Trainer:
        """The trainer of the group `trainer`.

        Args:
            callbacks: callbacks in the order in which they act.
            loggers: loggers of the run.
            waiting: processes that become the other ranks.
        """
        return instantiate(self.config.trainer, loggers=list(loggers), callbacks=list(callbacks), waiting=list(waiting))

    def fit(self, trainer: Trainer, *, updates: int | None = None, every: Sequence[int] | None = None) -> None:
        """Train the model.

        Args:
            trainer: the experiment's trainer.
            updates: total number of updates; None for that of the configuration.
            every: intervals, in updates, at which callbacks act; None for those of the configuration.
        """
        cfg = self.config
        intervals = [cfg.log_every, cfg.sample_every, cfg.evaluate_every, cfg.checkpoint_every]
        every = intervals if every is None else every
        updates = cfg.updates if updates is None else updates
        train(model=self.model, data=self.data, trainer=trainer, updates=updates, every=every)


def trained(run: RunFolder) -> Experiment:
    """The experiment of a stored run: its model has the newest stored state and is in evaluation mode.

    In contrast to the model of `saddle.samples.sampling.load_model`, it has all networks, averages and codes.

    Raises:
        LookupError: the run has stored no state.
        ValueError: the configuration or the state was changed by hand, or is of another version.
    """
    experiment = Experiment(stored_config(run, files=True), run)
    state, _ = Checkpoints(run.checkpoints).load()
    if state is None:
        raise LookupError(f"{run.path} has no state yet: it is stored every checkpoint_every updates")
    experiment.restore(state)
    experiment.model.eval()
    return experiment
