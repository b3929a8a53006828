"""Training from objects, without a configuration."""

import os
from collections.abc import Iterator, Sequence
from typing import Literal

from lightning_fabric.plugins import ClusterEnvironment
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from lightning_fabric.plugins.environments.slurm import SLURMEnvironment
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from pydantic import PositiveInt
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import Logger

from saddle.callbacks.callback_list import bundled
from saddle.data.base import Data
from saddle.distributed.strategy import PerNetworkStrategy
from saddle.engine.devices import best_precision
from saddle.models.base import GenerativeModel
from saddle.processes.forked_rank import ForkedRank
from saddle.processes.ranks import started_by


class Clock:
    """The remaining updates, as ranges that end at the multiples of every interval in `every`.

    Lightning's loop receives these ranges as its "batches", and the model draws its real samples itself. One call of
    `training_step` therefore does many iterations, and callbacks run where a range ends.
    """

    def __init__(self, *, start: int, stop: int, every: Sequence[int]) -> None:
        self.start, self.stop, self.every = start, stop, every

    def __iter__(self) -> Iterator[range]:
        update = self.start
        while update < self.stop:
            end = min([self.stop, *((update // interval + 1) * interval for interval in self.every)])
            yield range(update, end)
            update = end


def train(*, model: GenerativeModel, data: Data, trainer: Trainer, updates: int, every: Sequence[int]) -> None:
    """Train `model` on `data` until it has done `updates` iterations.

    Args:
        every: intervals, in updates, at whose multiples the trainer's callbacks act.
    """
    model.data = data
    trainer.fit(model, train_dataloaders=Clock(start=model.updates, stop=updates, every=every))


class QuietTrainer(Trainer):
    """Lightning's trainer for one pass over a clock, without its own progress bar, checkpoints and summary.

    Args:
        accelerator: kind of device; `auto` is a GPU if there is one, else the CPU.
        devices: number of devices on each machine; each of several has its own process.
        num_nodes: number of machines; for several, a scheduler or torchrun starts the processes.
        precision: precision of the arithmetic; `auto` is `best_precision`.
        loggers: loggers of the run.
        callbacks: callbacks in the order in which they act.
        waiting: processes that become the other ranks; none on one device, or if a scheduler starts all ranks.
    """

    def __init__(
        self,
        *,
        accelerator: Literal["auto", "cpu", "gpu", "mps"],
        devices: PositiveInt,
        num_nodes: PositiveInt,
        precision: Literal["auto", "bf16-mixed", "32-true"],
        loggers: Sequence[Logger],
        callbacks: Sequence[Callback],
        waiting: Sequence[ForkedRank],
    ) -> None:
        super().__init__(
            accelerator=accelerator,
            devices=devices,
            num_nodes=num_nodes,
            strategy=PerNetworkStrategy(waiting) if devices * num_nodes > 1 else "auto",
            plugins=[_cluster()],
            precision=best_precision(precision, accelerator),  # type: ignore[arg-type]  # one of Lightning's names
            logger=list(loggers),
            callbacks=bundled(callbacks),
            log_every_n_steps=1,  # a "step" of Lightning is a range of updates
            max_epochs=1,
            check_val_every_n_epoch=None,  # callbacks act on evaluations within the epoch, by `on_validation_end`
            val_check_interval=1,
            enable_progress_bar=False,
            enable_checkpointing=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        if self.strategy.root_device.type == "cpu":
            # Lightning makes torch count GPUs without starting CUDA. Adam counts them in every step, and without a GPU
            # each count searches for the driver.
            os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "0"


def _cluster() -> ClusterEnvironment:
    """What starts this run's processes. Lightning would mistake the single task of a SLURM job for all of them."""
    if started_by() == "torchrun":
        return TorchElasticEnvironment()
    return SLURMEnvironment(auto_requeue=False) if started_by() == "srun" else LightningEnvironment()
