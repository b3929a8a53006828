"""One training run, from its experiment to its folder."""

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import Any

import torch
from lightning_fabric.utilities.exceptions import MisconfigurationException
from omegaconf import DictConfig, OmegaConf
from torch.distributed import DistError

from saddle.callbacks.advice import Advice
from saddle.callbacks.checkpoint import Checkpoint, RestoredState
from saddle.callbacks.instruments import MOST_CLASSES
from saddle.callbacks.interruption import Interruption
from saddle.callbacks.lifecycle import Lifecycle
from saddle.callbacks.measure import Measure
from saddle.callbacks.run_log import RunLog
from saddle.config import hints, instantiate
from saddle.config.packages import described_packages
from saddle.data.base import Data
from saddle.data.disk.refusals import left_out_note
from saddle.data.images import Images
from saddle.engine import components
from saddle.engine.contracts import require_data, require_networks
from saddle.engine.devices import best_precision
from saddle.engine.errors import RunFailedError, RunInterrupted, RunRefusedError, out_of_memory
from saddle.engine.existing_run import lacking_lines, require_unchanged, state_facts
from saddle.engine.experiment import Experiment
from saddle.engine.faults import fault_of_option
from saddle.metrics.base import SampleEvaluator
from saddle.models.divergence import DivergedError
from saddle.processes.forked_rank import ForkedRank, forked_ranks
from saddle.processes.rank_launcher import ABANDONED, RankDiedError
from saddle.processes.ranks import started_by
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.environment import describe
from saddle.runs.folder import RunFolder
from saddle.runs.messages import closing, conditions, opening, show_warnings_as_notes, shown
from saddle.runs.sweep_position import SweepPosition
from saddle.runs.trial import Trial

EXPECTED = (ValueError, OSError, RankDiedError, MisconfigurationException)
"""Errors with a sufficient message; any other error is a bug in Saddle, and its trace is shown."""


def run(experiment: Experiment) -> None:
    """Train the experiment into its folder, from its last checkpoint if there is one.

    Raises:
        RunRefusedError: the stored run cannot be resumed as it is; its folder is unchanged.
        RunFailedError: training failed; the folder stores the cause.
        RunInterrupted: Ctrl-C or a signal ended training; the state is stored.
    """
    folder = experiment.folder
    try:
        with ExitStack() as stack:
            waiting = _other_ranks(stack, experiment)
            stack.enter_context(_libraries_kept_quiet())
            finished = _train(experiment, waiting)
    except (KeyboardInterrupt, SystemExit):  # Lightning turns the first into the second
        with suppress(OSError):
            folder.interrupt()
        finished = False
    except RunRefusedError:
        folder.refuse()
        raise
    except Exception as error:
        raise _failure(error, experiment) from error
    if not finished:
        effect = "resumes it" if folder.can_resume() else "begins again"
        path = shown(folder.path)
        raise RunInterrupted(f"interrupted: {path}; the same command, or run={path}, {effect}") from None


def assist(experiment: Experiment) -> int:
    """The same training as a rank other than 0, which writes nothing; returns the exit code of its process."""
    try:
        with _libraries_kept_quiet():
            warnings.simplefilter("ignore")  # rank 0 shows them
            _adapt_to_machine(experiment.config)
            state, _ = _stored_state(Checkpoints(experiment.folder.checkpoints), experiment.folder)
            if state is not None:
                experiment.restore(state)
            unread = state is not None and state["facts"].get("unread", False)
            measure = Measure(instruments=experiment.evaluations(), updates=experiment.config.updates, unread=unread)
            interruption = Interruption(experiment.model)
            callbacks = [RestoredState(state), measure, interruption, *experiment.callbacks()]
            loggers = [RunLog(folder=experiment.folder)]  # some callbacks need a logger; rank 0 alone writes
            trainer = experiment.trainer(callbacks=callbacks, loggers=loggers)
            with interruption.listening():
                experiment.fit(trainer)
    except (KeyboardInterrupt, SystemExit):
        return 130
    except DivergedError:  # rank 0 raises it too, and reports it
        return ABANDONED
    except Exception as error:
        if isinstance(error, DistError) or "gloo" in str(error):  # the rank that died first has the cause
            return ABANDONED
        if not isinstance(error, EXPECTED):
            traceback.print_exc()
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _train(experiment: Experiment, waiting: Sequence[ForkedRank]) -> bool:
    """Train, and return whether the run is finished."""
    cfg, folder = experiment.config, experiment.folder
    _adapt_to_machine(cfg)
    checkpoints = Checkpoints(folder.checkpoints)
    state, problems = _stored_state(checkpoints, folder)
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    if state is None:
        folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
        _store_environment(experiment)
    require_data(cfg, experiment.data)
    facts = _data_facts(experiment)  # first, so that defects of a user's images are reported before anything is built
    present_facts = state_facts(cfg, facts["digest"])
    if state is not None:
        require_unchanged(state, present_facts, cfg.updates)
        _store_environment(experiment)  # not before: a refusal leaves the folder as it was
    evaluator = experiment.evaluator
    _store_directions(folder, evaluator)
    _require_a_batch(cfg.batch_size, experiment.data)
    model = experiment.model
    require_networks(cfg, model, experiment.data)
    if state is not None:
        experiment.restore(state)
    stored_facts = state["facts"] if state is not None else {}
    resumed_at = model.updates if state is not None else None

    lifecycle = Lifecycle(folder=folder, seconds=stored_facts.get("seconds", 0.0))
    loggers = components.loggers(cfg, experiment.data.name, folder, evaluator, stored_facts.get("wandb"))
    unread = stored_facts.get("unread", False)
    measure = Measure(instruments=experiment.instruments(), updates=cfg.updates, unread=unread)
    advice = _advice(experiment, measure, resumed_at)
    interruption = Interruption(model)
    snapshots = components.snapshots(experiment, measure, resumed_at)
    checkpoint = Checkpoint(
        checkpoints=checkpoints,
        snapshots=snapshots,
        every=cfg.checkpoint_every,
        stored=resumed_at,
        facts=lambda: {
            **present_facts,
            "seconds": lifecycle.seconds,
            "wandb": components.wandb_identity(loggers),
            "log_lines": folder.require_whole_log(),
            "unread": measure.unread,
        },
    )
    progress = components.progress(cfg, folder, measure, evaluator)
    callbacks = [RestoredState(state), measure, *advice, interruption, checkpoint, snapshots, lifecycle, progress]
    trainer = experiment.trainer(callbacks=[*callbacks, *experiment.callbacks()], loggers=loggers, waiting=waiting)

    folder.begin_training()
    folder.rewind(-1 if resumed_at is None else resumed_at)
    folder.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    _announce(experiment, resumed_at)
    if not folder.real.is_file():
        folder.save_real(components.real_grid(cfg, experiment.data))
    with interruption.listening():
        experiment.fit(trainer)
        if model.interrupted:
            return False
        folder.require_whole_log()
        summary = components.summary(folder, facts, model, lifecycle.seconds, evaluator, loggers)
        folder.write_summary({**summary, "warnings": [warning for callback in advice for warning in callback.warnings]})
        folder.mark("finished", updates=model.updates)
    print(closing(folder), flush=True)
    return True


def _stored_state(checkpoints: Checkpoints, folder: RunFolder) -> tuple[dict[str, Any] | None, list[str]]:
    """The newest state that fits the log, and notes about newer ones.

    Raises:
        RunRefusedError: there are states, but none can be used: beginning again would lose them.
    """
    try:
        return checkpoints.load(partial(lacking_lines, folder))
    except (ValueError, OSError) as error:
        raise RunRefusedError(str(error)) from None


def _other_ranks(stack: ExitStack, experiment: Experiment) -> list[ForkedRank]:
    """The processes that wait to become ranks 1, 2, ..., forked before anything is built; none on one device.

    Raises:
        OSError: the system cannot start more processes.
    """
    devices = experiment.config.trainer.devices
    count = devices - 1 if started_by() == "itself" else 0
    try:
        return stack.enter_context(forked_ranks(count, partial(assist, experiment)))
    except OSError as error:
        raise OSError(f"the processes of {devices} devices could not be started: {error}") from error


def _adapt_to_machine(cfg: DictConfig) -> None:
    """Resolve the precision for this machine, and reset `fresh`, which applies to this command only."""
    cfg.trainer.precision = best_precision(cfg.trainer.precision, cfg.trainer.accelerator)
    cfg.fresh = False


def _store_environment(experiment: Experiment) -> None:
    folder = experiment.folder
    previous, trial = folder.environment() or {}, Trial.current()
    environment = {
        **describe(experiment.config.trainer.precision, folder.environment()),
        "command": experiment.command,
        "packages": described_packages(),
        "trial": asdict(trial) if trial else previous.get("trial"),
    }
    folder.write_environment(environment)


def _store_directions(folder: RunFolder, evaluator: SampleEvaluator | None) -> None:
    """Store which metrics are better when they are higher, before the first number."""
    directions = evaluator.higher_is_better if evaluator is not None else {}
    metrics = {name: {"higher_is_better": higher} for name, higher in directions.items()}
    folder.write_environment({**(folder.environment() or {}), "metrics": metrics})


def _data_facts(experiment: Experiment) -> dict[str, Any]:
    facts = experiment.facts()
    if left_out := facts.get("left_out"):
        print(f"note: {left_out_note(left_out)}; summary.json will name them")
    for oddity in facts.get("oddities", []):
        print(f"note: {oddity}", file=sys.stderr, flush=True)
    if copies := facts.get("copies", {}).get("train"):
        print(
            f"note: {copies:,} of the {facts['images']['train']:,} training images are copies of others, pixel for "
            "pixel, so these images have more weight",
            file=sys.stderr,
        )
    return facts


def _advice(experiment: Experiment, measure: Measure, resumed_at: int | None) -> list[Advice]:
    """The callback that warns of symptoms, restored from the log of the run so far; none if it is off."""
    symptoms = instantiate(experiment.config.advice)
    lines = experiment.folder.metrics() if resumed_at is not None else []
    logged = [line for line in lines if line["updates"] <= (resumed_at or 0)]
    return (
        [Advice(symptoms=symptoms, measure=measure, evaluator=experiment.evaluator, logged=logged)] if symptoms else []
    )


def _announce(experiment: Experiment, resumed_at: int | None) -> None:
    """Print what is trained on which data, the folder, and hints about unusual settings."""
    cfg, model = experiment.config, experiment.model
    print(opening(cfg, experiment.data.name, model.sizes(), experiment.folder), flush=True)
    if model.classes is not None:
        print(conditions(model.classes.counts, MOST_CLASSES), flush=True)
    if resumed_at is not None:
        print(f"from update {resumed_at:,} on", flush=True)
    for hint in hints(cfg) if SweepPosition.current() is None else ():  # its launcher prints those of all jobs once
        print(f"note: {hint}", file=sys.stderr, flush=True)


def _require_a_batch(batch_size: int | None, data: Data) -> None:
    if batch_size is not None and isinstance(data, Images) and batch_size > len(data.train):
        count = len(data.train)
        raise ValueError(
            f"batch_size={batch_size}: the training set has {count} images; set batch_size={count} or less"
        )


def _failure(error: Exception, experiment: Experiment) -> RunFailedError:
    """Store the cause of a failure, and return the error to raise."""
    trace, folder = "", experiment.folder
    fault = fault_of_option(error, experiment.config)
    with suppress(OSError):  # on a full disk the dead process alone shows the failure
        folder.fail(error=fault or f"{type(error).__name__}: {error}", trace=traceback.format_exc())
        trace = " (the trace is in its status.json)"
    memory = out_of_memory(error)
    text = f"{fault or memory or error}{_last_state(error, folder)}\nfailed: {shown(folder.path)}{trace}"
    return RunFailedError(text, expected=bool(fault or memory) or isinstance(error, EXPECTED))


def _last_state(error: Exception, folder: RunFolder) -> str:
    """A note on the last state of a run that diverged."""
    if not isinstance(error, DivergedError):
        return ""
    try:
        state, _ = Checkpoints(folder.checkpoints).load()
    except (ValueError, OSError) as problem:
        return f"\n{problem}"
    stored = "no state was stored before" if state is None else f"the state of update {state['updates']:,} is stored"
    return f"\n{stored}; the same settings would diverge again, so begin again with others (fresh=true)"


@contextmanager
def _libraries_kept_quiet() -> Iterator[None]:
    """Suppress Lightning's messages, and all warnings except Saddle's own."""
    for name in ("pytorch_lightning", "lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))  # torch may have been imported with another number
    with warnings.catch_warnings():
        show_warnings_as_notes()
        yield
