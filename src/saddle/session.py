"""One run from its configuration to its folder: what `python src/train.py` does when everything has been checked."""

import logging
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger
from torch.distributed import DistError

from saddle.building import build_data, build_evaluator, build_model
from saddle.callbacks.instruments import Evaluation, SampleGrid, TrainingLosses
from saddle.callbacks.lifecycle import Lifecycle
from saddle.callbacks.measure import Instrument, Measure
from saddle.callbacks.progress import Progress
from saddle.callbacks.run_log import RunLog
from saddle.callbacks.wandb import Wandb
from saddle.config import instantiate
from saddle.data.base import Data
from saddle.data.images import Images
from saddle.distributed.launcher import ABANDONED, RankDiedError
from saddle.environment import describe
from saddle.metrics.evaluator import Evaluator
from saddle.models.base import GenerativeModel
from saddle.runs.folder import RunFolder
from saddle.runs.messages import closing, opening, show_warnings_as_notes, shown
from saddle.runs.place import Place
from saddle.runs.summary import higher_is_better, summarise
from saddle.training import best_precision, train

LOSSES = ("loss_discriminator", "loss_generator")


def run(cfg: DictConfig, folder: RunFolder) -> int:
    """Train what `cfg` describes into the empty `folder`; returns the exit code of the process."""
    _quiet_libraries()
    cfg.trainer.precision = best_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    try:
        _train(cfg, folder)
    except (KeyboardInterrupt, SystemExit):  # Lightning makes the second out of the first
        folder.mark("interrupted")
        print(f"\ninterrupted: {shown(folder.path)}; the same command begins it again", file=sys.stderr)
        return 130
    except Exception as error:
        folder.mark("failed", error=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
        if not isinstance(error, ValueError | OSError | RankDiedError):  # not a wrong input but a mistake of ours
            traceback.print_exc()
        print(f"error: {error}\nfailed: {shown(folder.path)} (the trace is in its status.json)", file=sys.stderr)
        return 1
    return 0


def assist(cfg: DictConfig) -> int:
    """The same training as one of the ranks beside the first, which writes nothing; returns the exit code."""
    _quiet_libraries()
    warnings.simplefilter("ignore")  # rank 0 says it
    cfg.trainer.precision = best_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    try:
        data = build_data(cfg)
        instruments = _evaluations(cfg, build_evaluator(cfg, data))
        measure = Measure(instruments=instruments, updates=cfg.updates)
        trainer = instantiate(cfg.trainer, loggers=[], callbacks=[measure])
        train(model=build_model(cfg), data=data, trainer=trainer, updates=cfg.updates, every=_intervals(cfg))
    except (KeyboardInterrupt, SystemExit):
        return 130
    except Exception as error:
        if isinstance(error, DistError) or "gloo" in str(error):  # another rank is gone: its cause is the run's
            return ABANDONED
        traceback.print_exc()
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _train(cfg: DictConfig, folder: RunFolder) -> None:
    folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    folder.write_environment(describe(sys.argv, cfg.trainer.precision))
    data = build_data(cfg)
    facts = data.facts()  # reads a person's own images: what is wrong with them is said first
    evaluator = build_evaluator(cfg, data)
    _require_a_batch(cfg.batch_size, data)
    model = build_model(cfg)
    print(opening(cfg, model.sizes(), folder), flush=True)
    measure = Measure(instruments=_instruments(cfg, data, evaluator), updates=cfg.updates)
    lifecycle = Lifecycle(folder=folder)
    loggers = _loggers(cfg, folder, evaluator)
    callbacks = [measure, lifecycle, _progress(cfg, folder, measure, evaluator)]
    trainer = instantiate(cfg.trainer, loggers=loggers, callbacks=callbacks)
    train(
        model=model,
        data=data,
        trainer=trainer,
        updates=cfg.updates,
        every=_intervals(cfg),
    )
    folder.write_summary(_summary(folder, facts, model, lifecycle.seconds, evaluator, loggers))
    folder.mark("finished", updates=model.updates)
    print(closing(folder), flush=True)


def _require_a_batch(batch_size: int, data: Data) -> None:
    if isinstance(data, Images) and batch_size > len(data.train):
        count = len(data.train)
        raise ValueError(
            f"batch_size={batch_size}: the training set has {count} images; set batch_size={count} or less"
        )


def _intervals(cfg: DictConfig) -> list[int]:
    return [cfg.log_every, cfg.sample_every, cfg.evaluate_every]


def _instruments(cfg: DictConfig, data: Data, evaluator: Evaluator | None) -> list[Instrument]:
    return [
        TrainingLosses(every=cfg.log_every),
        SampleGrid(every=cfg.sample_every, data=data, seed=cfg.seed, count=cfg.sample_images),
        *_evaluations(cfg, evaluator),
    ]


def _evaluations(cfg: DictConfig, evaluator: Evaluator | None) -> list[Instrument]:
    """What all ranks measure together."""
    if evaluator is None:
        return []
    return [Evaluation(every=cfg.evaluate_every, evaluator=evaluator, seed=cfg.seed)]


def _loggers(cfg: DictConfig, folder: RunFolder, evaluator: Evaluator | None) -> list[Logger]:
    loggers: list[Logger] = [RunLog(folder=folder)]
    make = instantiate(cfg.logger)
    if make is not None:
        best = {name: "max" if higher_is_better(name) else "min" for name in (evaluator.metrics if evaluator else ())}
        config = OmegaConf.to_container(cfg, resolve=True)
        tags = [OmegaConf.select(cfg, f"{group}._target_").split(".")[-2] for group in ("data", "model", "loss")]
        loggers.append(
            make(
                folder=folder.path,
                group=folder.sweep,
                job=folder.job,
                job_type="training",
                tags=tags,
                config=config,
                best=best,
            )
        )
    return loggers


def _progress(cfg: DictConfig, folder: RunFolder, measure: Measure, evaluator: Evaluator | None) -> Progress:
    place = Place.current()
    names = [*LOSSES, *(evaluator.metrics[:1] if evaluator is not None else [])]
    title = folder.job if place is None else f"[{place.job}/{place.jobs}] {folder.job}"
    return Progress(updates=cfg.updates, title=title, place=place, measure=measure, names=names)


def _summary(
    folder: RunFolder,
    facts: dict[str, object],
    model: GenerativeModel,
    seconds: float,
    evaluator: Evaluator | None,
    loggers: Sequence[Logger],
) -> dict[str, Any]:
    lines = folder.metrics()
    return {
        "data": facts,
        "updates": model.updates,
        "images_seen": model.updates * model.real_per_update,
        "seconds": round(seconds, 1),
        "main_metric": None if evaluator is None else evaluator.metrics[0],
        "lower_is_better": True,
        "floor": None if evaluator is None else evaluator.floor()[evaluator.metrics[0]],
        "protocol": None if evaluator is None else evaluator.protocol(),
        "metrics": summarise(lines, [] if evaluator is None else evaluator.metrics),
        "wandb": next((logger.closing_line() for logger in loggers if isinstance(logger, Wandb)), None),
        "wandb_path": next((logger.path for logger in loggers if isinstance(logger, Wandb)), None),
    }


def _quiet_libraries() -> None:
    """Keep Lightning's remarks on hardware and its advertisements out of the way; warnings of ours stay."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    show_warnings_as_notes()
    torch.set_num_threads(int(torch.get_num_threads()))
