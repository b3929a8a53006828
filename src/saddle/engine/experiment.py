"""One experiment: what a configuration describes, assembled once, for training, studies, benchmarks and notebooks."""

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
from saddle.engine import components
from saddle.engine.building import (
    build_classes,
    build_data,
    build_evaluator,
    build_model,
    facts_of,
    own_extractors,
    samples_of,
)
from saddle.engine.training import train
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.extractors.base import Extractor
from saddle.models.base import GenerativeModel
from saddle.processes.forked_rank import ForkedRank
from saddle.runs.commands import program
from saddle.runs.folder import RunFolder

if TYPE_CHECKING:
    from saddle import Run


class Experiment:
    """The parts of one run. Each is built when it is first asked for, and then kept.

    Args:
        config: a checked configuration, without Hydra's own node.
        folder: where the run is stored; None for an experiment that stores nothing.
        command: the command line that the run's environment.json names; None: that of this process.
    """

    def __init__(
        self, config: DictConfig, folder: RunFolder | None = None, command: Sequence[str] | None = None
    ) -> None:
        self.config, self._folder = config, folder
        self.command = [*program("train")[1:], *sys.argv[1:]] if command is None else list(command)

    @property
    def folder(self) -> RunFolder:
        """Where the run is stored.

        Raises:
            LookupError: the experiment stores nothing.
        """
        if self._folder is None:
            raise LookupError("this experiment has no folder to store a run in: saddle.compose gives it one")
        return self._folder

    def run(self) -> "Run":
        """Train as `python src/train.py` does; the finished run.

        An experiment whose folder already holds the finished run returns it, and one that was interrupted is resumed.
        Training builds a model of its own: `model` keeps its fresh weights.

        Raises:
            RunRefusedError: the folder holds another run, or one that is being trained right now.
            RunFailedError: training failed; the folder says why.
            RunInterrupted: Ctrl-C or a signal ended it; its state is stored.
        """
        import saddle  # the public API is built upon this module

        return saddle.train(self)

    @cached_property
    def data(self) -> Data:
        """The data set."""
        return build_data(self.config)

    @cached_property
    def classes(self) -> Classes | None:
        """The classes of a conditional model; None where `labels` is false.

        Raises:
            ValueError: the data have none.
        """
        return build_classes(self.config, self.data)

    @cached_property
    def model(self) -> GenerativeModel:
        """The model with fresh weights, a function of the configuration's seed."""
        return build_model(self.config, self.classes, samples_of(self.data))

    @cached_property
    def extractors(self) -> list[Extractor]:
        """The feature extractor that the configuration names, if it names one."""
        return own_extractors(self.config)

    @cached_property
    def evaluator(self) -> SampleEvaluator | None:
        """Measures samples against the data; None for data that nothing measures."""
        return build_evaluator(self.config, self.data, self.extractors)

    def facts(self) -> dict[str, Any]:
        """What summary.json says of the data; reads all of them."""
        return facts_of(self.config, self.data)

    def restore(self, state: dict[str, Any]) -> None:
        """Bring the model to a stored state.

        Raises:
            ValueError: the state is of another model.
        """
        restore(self.model, state)
        self.model.data = self.data

    def evaluations(self) -> list[Instrument]:
        """The instruments that all ranks of a run read together."""
        return components.evaluations(self.config, self.data, self.model, self.evaluator)

    def instruments(self) -> list[Instrument]:
        """All instruments: training losses, grids of samples, and the evaluations."""
        return components.instruments(self.config, self.data, self.model, self.evaluator)

    def callbacks(self) -> list[Callback]:
        """New callbacks of the group `callback`, which every rank has in addition to Saddle's own."""
        return components.callbacks(self.config)

    def trainer(
        self,
        *,
        callbacks: Sequence[Callback],
        loggers: Sequence[Logger] = (),
        waiting: Sequence[ForkedRank] = (),
    ) -> Trainer:
        """Lightning's trainer, as the group `trainer` describes it.

        Args:
            callbacks: in the order in which they act.
            loggers: where readings go.
            waiting: processes that become the other ranks.
        """
        return instantiate(self.config.trainer, loggers=list(loggers), callbacks=list(callbacks), waiting=list(waiting))

    def fit(self, trainer: Trainer, *, updates: int | None = None, every: Sequence[int] | None = None) -> None:
        """Train the model.

        Args:
            trainer: carries it out.
            updates: total number of updates; None: the configuration's.
            every: intervals at which callbacks act; None: the configuration's.
        """
        train(
            model=self.model,
            data=self.data,
            trainer=trainer,
            updates=self.config.updates if updates is None else updates,
            every=components.intervals(self.config) if every is None else every,
        )
