"""One run from its configuration to its folder: what `python src/train.py` does when everything has been checked."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf
from torch.distributed import DistError

from saddle.callbacks.advice import Advice
from saddle.callbacks.checkpoint import Checkpoint
from saddle.callbacks.class_grid import MOST
from saddle.callbacks.interruption import Interruption
from saddle.callbacks.lifecycle import Lifecycle
from saddle.callbacks.measure import Measure
from saddle.callbacks.restoring import RestoredState, restore
from saddle.callbacks.run_log import RunLog
from saddle.config import hints, instantiate
from saddle.data.base import Data
from saddle.data.images import Images
from saddle.engine import components as equipment
from saddle.engine.building import (
    build_classes,
    build_data,
    build_evaluator,
    build_model,
    facts_of,
    own_extractors,
    samples_of,
)
from saddle.engine.training import best_precision, require_device, train
from saddle.models.divergence import DivergedError
from saddle.processes.forked_rank import ForkedRank, forked_ranks
from saddle.processes.rank_launcher import ABANDONED, RankDiedError
from saddle.processes.ranks import started_by
from saddle.processes.streams import lasting_streams
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.environment import describe
from saddle.runs.folder import RunFolder
from saddle.runs.identity import differences, identity
from saddle.runs.messages import closing, conditions, opening, show_warnings_as_notes, shown
from saddle.runs.trial import Trial


def run(cfg: DictConfig, folder: RunFolder) -> int:
    """Train what `cfg` describes into `folder`, on from its last checkpoint; returns the exit code of the process."""
    beside = cfg.trainer.devices - 1 if started_by() == "itself" else 0
    try:
        with forked_ranks(beside, partial(assist, cfg, folder)) as waiting, lasting_streams():
            return _run(cfg, folder, waiting)
    except KeyboardInterrupt:  # before there was anything to interrupt
        folder.break_off()
        return _interrupted(folder)
    except OSError as error:  # of the system, which has no more processes for us
        folder.fail(error=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
        print(f"error: the processes of {cfg.trainer.devices} devices could not be started: {error}", file=sys.stderr)
        return 1


def _run(cfg: DictConfig, folder: RunFolder, waiting: Sequence[ForkedRank]) -> int:
    _quiet_libraries()
    cfg.trainer.precision = best_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    cfg.fresh = False  # it was, if it was asked for; who goes on with this run does not ask for it again
    try:
        finished = _train(cfg, folder, waiting)
    except (KeyboardInterrupt, SystemExit):  # Lightning makes the second out of the first
        with suppress(OSError):
            folder.break_off()
        return _interrupted(folder)
    except Exception as error:
        where = ""
        with suppress(OSError):  # of a full disk: then the run is known by its dead process
            folder.fail(error=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
            where = " (the trace is in its status.json)"
        if not isinstance(error, ValueError | OSError | RankDiedError | MisconfigurationException):  # a mistake of ours
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
        data = build_data(cfg)
        model = build_model(cfg, build_classes(cfg, data), samples_of(data))
        if state is not None:
            restore(model, state)
        evaluator = build_evaluator(cfg, data, own_extractors(cfg))
        measure = Measure(instruments=equipment.evaluations(cfg, data, model, evaluator), updates=cfg.updates)
        interruption = Interruption(model)
        callbacks = [RestoredState(state), measure, interruption, *equipment.callbacks(cfg)]
        loggers = [RunLog(folder=folder)]  # some callbacks need a logger; rank 0 alone writes
        trainer = instantiate(cfg.trainer, loggers=loggers, callbacks=callbacks, waiting=[])
        with interruption.listening():
            train(model=model, data=data, trainer=trainer, updates=cfg.updates, every=equipment.intervals(cfg))
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
    return f"\n{stored}; the same settings would come to the same point, so begin again with others (fresh=true)"


def _interrupted(folder: RunFolder) -> int:
    how = "goes on from there" if folder.can_go_on() else "begins again"
    print(f"interrupted: {shown(folder.path)}; the same command, or run={shown(folder.path)}, {how}", file=sys.stderr)
    return 130


def _train(cfg: DictConfig, folder: RunFolder, waiting: Sequence[ForkedRank]) -> bool:
    """Whether the run came to its end."""
    require_device(cfg.trainer.accelerator)
    checkpoints = Checkpoints(folder.checkpoints)
    state, problems = checkpoints.load()
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    if state is None:
        folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    began, trial = folder.environment() or {}, Trial.current()
    described = describe(sys.argv, cfg.trainer.precision, folder.environment())
    folder.write_environment(described | {"trial": asdict(trial) if trial else began.get("trial")})
    data = build_data(cfg)
    facts = facts_of(cfg, data)  # reads a person's own images: what is wrong with them is said first
    if left_out := facts.get("left_out"):
        print(f"note: {len(left_out):,} files are left out (data.corrupt=skip); summary.json will name them")
    evaluator = build_evaluator(cfg, data, own_extractors(cfg))
    _require_a_batch(cfg.batch_size, data)
    model = build_model(cfg, build_classes(cfg, data), samples_of(data))
    known = {"data": facts["digest"], "settings": _settings(cfg), **_surroundings(cfg)}
    if state is not None:
        _require_unchanged(state, known, cfg.updates)
        restore(model, state)
    earlier = state["facts"] if state is not None else {}
    measure = Measure(instruments=equipment.instruments(cfg, data, model, evaluator), updates=cfg.updates)
    recipe = equipment.recipe(cfg, data, model)
    lifecycle = Lifecycle(folder=folder, seconds=earlier.get("seconds", 0.0), recipe=recipe)
    loggers = equipment.loggers(cfg, data.name, folder, evaluator, earlier.get("wandb"))
    checkpoint = Checkpoint(
        checkpoints=checkpoints,
        every=cfg.checkpoint_every,
        stored=None if state is None else model.updates,
        facts=lambda: {**known, "seconds": lifecycle.seconds, "wandb": equipment.wandb_identity(loggers)},
    )
    symptoms = instantiate(cfg.advice)
    until = model.updates if state is not None else -1
    lines = [line for line in folder.metrics() if line["updates"] <= until]
    advice = [Advice(symptoms=symptoms, measure=measure, earlier=lines)] if symptoms else []
    interruption = Interruption(model)
    progress = equipment.progress(cfg, folder, measure, evaluator)
    ours = [RestoredState(state), measure, *advice, interruption, checkpoint, lifecycle, progress]
    callbacks = [*ours, *equipment.callbacks(cfg)]
    trainer = instantiate(cfg.trainer, loggers=loggers, callbacks=callbacks, waiting=waiting)
    folder.touch()
    folder.rewind(until)
    folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    print(opening(cfg, data.name, model.sizes(), folder), flush=True)
    if model.classes is not None:
        print(conditions(model.classes.counts, MOST), flush=True)
    if state is not None:
        print(f"from update {model.updates:,} on", flush=True)
    for hint in hints(cfg):
        print(f"note: {hint}", file=sys.stderr, flush=True)
    with interruption.listening():
        train(model=model, data=data, trainer=trainer, updates=cfg.updates, every=equipment.intervals(cfg))
        if model.interrupted:
            return False
        warned = [said for one in advice for said in one.given]
        summary = equipment.summary(folder, facts, model, lifecycle.seconds, evaluator, loggers)
        folder.write_summary({**summary, "warnings": warned})
        folder.mark("finished", updates=model.updates)
    print(closing(folder), flush=True)
    return True


def _settings(cfg: DictConfig) -> dict[str, Any]:
    """What a state belongs to besides its images, path -> value: config.yaml might be changed by hand."""
    return {path: value for path, value in identity(cfg).items() if path != "updates"}


def _surroundings(cfg: DictConfig) -> dict[str, Any]:
    """What changes the last bits."""
    return {
        "threads": torch.get_num_threads(),
        "precision": cfg.trainer.precision,
        "devices": cfg.trainer.devices * cfg.trainer.num_nodes,
    }


def _require_unchanged(state: dict[str, Any], known: dict[str, Any], updates: int) -> None:
    """Refuse to go on with other images or settings; say it where the last bits will be others.

    Raises:
        ValueError: the state is of other images, other settings, or beyond `updates`.
    """
    had = state["facts"]
    if had["data"] != known["data"]:
        raise ValueError(
            f"the images have changed since this run began (digest {had['data']}, now {known['data']}): bring them "
            "back, or begin again with fresh=true"
        )
    if changed := differences(had["settings"], known["settings"]):
        raise ValueError(
            f"config.yaml was changed by hand since the last state was stored ({'; '.join(changed)}): change it back, "
            "or begin again with fresh=true"
        )
    if state["updates"] > updates:
        raise ValueError(f"this run has {state['updates']:,} updates behind it: updates={updates} is less")
    for what in ("threads", "precision", "devices"):
        if had[what] != known[what]:
            print(f"note: {what} {had[what]} before, {known[what]} now: the last bits will differ", file=sys.stderr)


def _require_a_batch(batch_size: int | None, data: Data) -> None:
    if batch_size is not None and isinstance(data, Images) and batch_size > len(data.train):
        count = len(data.train)
        raise ValueError(
            f"batch_size={batch_size}: the training set has {count} images; set batch_size={count} or less"
        )


def _quiet_libraries() -> None:
    """Keep Lightning's remarks on hardware and its advertisements out of the way; warnings of ours stay."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning").setLevel(logging.ERROR)
    logging.getLogger("lightning_fabric").setLevel(logging.ERROR)
    show_warnings_as_notes()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))  # torch may have been imported under another number
