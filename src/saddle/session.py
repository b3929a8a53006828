"""One run from its configuration to its folder: what `python src/train.py` does when everything has been checked."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger
from torch.distributed import DistError

from saddle.building import build_data, build_evaluator, build_model
from saddle.callbacks.advice import Advice
from saddle.callbacks.checkpoint import Checkpoint
from saddle.callbacks.instruments import Evaluation, SampleGrid, TrainingLosses
from saddle.callbacks.interruption import Interruption
from saddle.callbacks.lifecycle import Lifecycle
from saddle.callbacks.measure import Instrument, Measure
from saddle.callbacks.progress import Progress
from saddle.callbacks.restoring import RestoredOptimizers, restore
from saddle.callbacks.run_log import RunLog
from saddle.callbacks.wandb import Wandb
from saddle.checkpoints import Checkpoints
from saddle.config import instantiate
from saddle.data.base import Data
from saddle.data.images import Images
from saddle.distributed.launcher import ABANDONED, RankDiedError
from saddle.environment import VERSION, describe
from saddle.metrics.evaluator import Evaluator
from saddle.models.base import GenerativeModel
from saddle.models.guard import DivergedError
from saddle.runs.folder import RunFolder
from saddle.runs.messages import closing, opening, show_warnings_as_notes, shown
from saddle.runs.place import Place
from saddle.runs.summary import higher_is_better, summarise
from saddle.training import best_precision, train

LOSSES = ("loss_discriminator", "loss_generator")


def run(cfg: DictConfig, folder: RunFolder) -> int:
    """Train what `cfg` describes into `folder`, on from its last checkpoint; returns the exit code of the process."""
    _quiet_libraries()
    cfg.trainer.precision = best_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    try:
        finished = _train(cfg, folder)
    except (KeyboardInterrupt, SystemExit):  # Lightning makes the second out of the first
        with suppress(OSError):
            folder.mark("interrupted")
        return _interrupted(folder)
    except Exception as error:
        where = ""
        with suppress(OSError):  # of a full disk: then the run is known by its dead process
            folder.mark("failed", error=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
            where = " (the trace is in its status.json)"
        if not isinstance(error, ValueError | OSError | RankDiedError):  # not a wrong input but a mistake of ours
            traceback.print_exc()
        print(f"error: {error}{_left(error, folder)}", file=sys.stderr)
        print(f"failed: {shown(folder.path)}{where}", file=sys.stderr)
        return 1
    return 0 if finished else _interrupted(folder)


def assist(cfg: DictConfig, folder: RunFolder) -> int:
    """The same training as one of the ranks beside the first, which writes nothing; returns the exit code."""
    _quiet_libraries()
    warnings.simplefilter("ignore")  # rank 0 says it
    cfg.trainer.precision = best_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    try:
        state, _ = Checkpoints(folder.checkpoints).load()
        data, model = build_data(cfg), build_model(cfg)
        if state is not None:
            restore(model, state)
        evaluator = build_evaluator(cfg, data, [instantiate(cfg.extractor)])
        measure = Measure(instruments=_evaluations(cfg, evaluator), updates=cfg.updates)
        trainer = instantiate(cfg.trainer, loggers=[], callbacks=[measure, Interruption(), RestoredOptimizers(state)])
        train(model=model, data=data, trainer=trainer, updates=cfg.updates, every=_intervals(cfg))
    except (KeyboardInterrupt, SystemExit):
        return 130
    except DivergedError:  # in rank 0 as well, which says it
        return ABANDONED
    except Exception as error:
        if isinstance(error, DistError) or "gloo" in str(error):  # another rank is gone: its cause is the run's
            return ABANDONED
        traceback.print_exc()
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _left(error: Exception, folder: RunFolder) -> str:
    """What a run that diverged leaves."""
    if not isinstance(error, DivergedError):
        return ""
    state, _ = Checkpoints(folder.checkpoints).load()
    stored = "no state was stored before" if state is None else f"the state of update {state['updates']:,} is stored"
    return f"\n{stored}; from there the same settings come to the same point, so change one"


def _interrupted(folder: RunFolder) -> int:
    how = "goes on from there" if folder.can_go_on() else "begins again"
    print(f"interrupted: {shown(folder.path)}; the same command, or run={shown(folder.path)}, {how}", file=sys.stderr)
    return 130


def _train(cfg: DictConfig, folder: RunFolder) -> bool:
    """Whether the run came to its end."""
    checkpoints = Checkpoints(folder.checkpoints)
    state, problems = checkpoints.load()
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    if state is None:
        folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    folder.write_environment(describe(sys.argv, cfg.trainer.precision, folder.environment()))
    data = build_data(cfg)
    facts = data.facts()  # reads a person's own images: what is wrong with them is said first
    if left_out := facts.get("left_out"):
        print(f"note: {len(left_out):,} files are left out (data.corrupt=skip); summary.json will name them")
    evaluator = build_evaluator(cfg, data, [instantiate(cfg.extractor)])
    _require_a_batch(cfg.batch_size, data)
    model = build_model(cfg)
    known = {"data": facts["digest"], "threads": torch.get_num_threads(), "precision": cfg.trainer.precision}
    if state is not None:
        _require_unchanged(state["facts"], known)
        restore(model, state)
    folder.rewind(model.updates if state is not None else -1)
    folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    print(opening(cfg, data.name, model.sizes(), folder), flush=True)
    measure = Measure(instruments=_instruments(cfg, data, evaluator), updates=cfg.updates)
    earlier = state["facts"] if state is not None else {}
    lifecycle = Lifecycle(folder=folder, seconds=earlier.get("seconds", 0.0), recipe=_recipe(cfg, data))
    loggers = _loggers(cfg, data.name, folder, evaluator, earlier.get("wandb"))
    checkpoint = Checkpoint(
        checkpoints=checkpoints,
        every=cfg.checkpoint_every,
        stored=None if state is None else model.updates,
        facts=lambda: {**known, "seconds": lifecycle.seconds, "wandb": _wandb(loggers)},
    )
    symptoms = instantiate(cfg.advice)
    advice = [Advice(symptoms=symptoms, measure=measure, earlier=folder.metrics())] if symptoms else []
    progress = _progress(cfg, folder, measure, evaluator)
    callbacks = [RestoredOptimizers(state), measure, *advice, Interruption(), checkpoint, lifecycle, progress]
    trainer = instantiate(cfg.trainer, loggers=loggers, callbacks=callbacks)
    train(
        model=model,
        data=data,
        trainer=trainer,
        updates=cfg.updates,
        every=_intervals(cfg),
    )
    if model.interrupted:
        return False
    warned = [said for one in advice for said in one.given]
    folder.write_summary({**_summary(folder, facts, model, lifecycle.seconds, evaluator, loggers), "warnings": warned})
    folder.mark("finished", updates=model.updates)
    print(closing(folder), flush=True)
    return True


def _recipe(cfg: DictConfig, data: Data) -> dict[str, Any]:
    """All that it takes to draw with the weights that a run leaves, without the rest of its configuration."""
    return {
        "saddle": VERSION,
        "generator": OmegaConf.to_container(cfg.network.generator, resolve=True),
        "codes": {"size": cfg.code_size, "prior": cfg.prior},
        "samples": {"shape": list(data.shape), "data": data.name},
    }


def _require_unchanged(had: dict[str, Any], known: dict[str, Any]) -> None:
    """Refuse to go on with other images; say it where other threads or another precision will change the last bits."""
    if had["data"] != known["data"]:
        raise ValueError(
            f"the images have changed since this run began (digest {had['data']}, now {known['data']}): bring them "
            "back, or begin again with fresh=true"
        )
    for what in ("threads", "precision"):
        if had[what] != known[what]:
            print(f"note: {what} {had[what]} before, {known[what]} now: the last bits will differ", file=sys.stderr)


def _wandb(loggers: Sequence[Logger]) -> dict[str, Any] | None:
    """Which W&B run this is."""
    return next((logger.identity() for logger in loggers if isinstance(logger, Wandb)), None)


def _require_a_batch(batch_size: int, data: Data) -> None:
    if isinstance(data, Images) and batch_size > len(data.train):
        count = len(data.train)
        raise ValueError(
            f"batch_size={batch_size}: the training set has {count} images; set batch_size={count} or less"
        )


def _intervals(cfg: DictConfig) -> list[int]:
    return [cfg.log_every, cfg.sample_every, cfg.evaluate_every, cfg.checkpoint_every]


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


def _loggers(
    cfg: DictConfig, data: str, folder: RunFolder, evaluator: Evaluator | None, earlier: dict[str, Any] | None
) -> list[Logger]:
    loggers: list[Logger] = [RunLog(folder=folder)]
    make = instantiate(cfg.logger)
    if make is not None:
        best = {name: "max" if higher_is_better(name) else "min" for name in (evaluator.metrics if evaluator else ())}
        config = OmegaConf.to_container(cfg, resolve=True)
        tags = [OmegaConf.select(cfg, f"{group}._target_").split(".")[-2] for group in ("model", "loss")]
        tags = [data, *tags]
        loggers.append(
            make(
                folder=folder.path,
                group=folder.sweep,
                job=folder.job,
                job_type="training",
                tags=tags,
                config=config,
                best=best,
                earlier=earlier,
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
    facts: dict[str, Any],
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
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))  # torch may have been imported under another number
