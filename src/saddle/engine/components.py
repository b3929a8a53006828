"""The parts of a run in addition to its model: instruments, loggers, callbacks, progress, recipe and summary."""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import torch
from omegaconf import DictConfig, OmegaConf
from PIL.Image import Image
from pytorch_lightning import Callback
from pytorch_lightning.loggers import Logger

from saddle import __version__
from saddle.callbacks.discriminator_probe import DiscriminatorProbe
from saddle.callbacks.instruments import ClassGrid, Evaluation, SampleGrid, TrainingLosses
from saddle.callbacks.lightning_logger import LightningLogger
from saddle.callbacks.log_likelihood import LogLikelihood
from saddle.callbacks.measure import Instrument, Measure, applicable
from saddle.callbacks.optimum import OptimumDistance
from saddle.callbacks.progress import Progress
from saddle.callbacks.reconstruction import Reconstruction
from saddle.callbacks.run_log import RunLog
from saddle.callbacks.snapshots import Snapshots
from saddle.callbacks.tracker import Tracker
from saddle.callbacks.value import IMAGES, POINTS, Value
from saddle.callbacks.wandb import Wandb
from saddle.config import instantiate
from saddle.config.options import option_name
from saddle.config.signatures import signature
from saddle.config.targets import resolve
from saddle.data.base import Data
from saddle.data.densities.analytic import AnalyticData
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.mixture import SmoothedDivergence
from saddle.models.base import CodedModel, GenerativeModel
from saddle.runs.folder import RunFolder
from saddle.runs.naming import setting_name
from saddle.runs.summary import summarise
from saddle.runs.sweep_position import SweepPosition

if TYPE_CHECKING:
    from saddle.engine.experiment import Experiment

LOSSES = ("loss_discriminator", "loss_generator")
LIKELIHOOD_SAMPLES = 2_000
"""Number of samples over which a likelihood is averaged."""
RECONSTRUCTED = 256
"""Number of samples that are reconstructed from their codes at an evaluation."""
DRAWS = 16
"""Number of codes for each of them where the likelihood is bounded."""
SCORED = 512
"""Number of samples of each kind that a discriminator alone scores at an evaluation."""


def recipe(cfg: DictConfig, data: Data, model: GenerativeModel) -> dict[str, Any]:
    """Everything that sampling with the stored weights needs, without the rest of the configuration.

    For a conditional model this includes the classes: name -> number of training images, in the order of the labels.
    """
    classes = model.classes
    generator: Any = OmegaConf.to_container(cfg.network.generator, resolve=True) if cfg.network.generator else None
    if generator is not None and classes is not None:
        generator["classes"] = len(classes)
    return {
        "saddle": __version__,
        "generator": generator,
        "codes": {"size": cfg.code_size, "prior": model.prior_distribution if isinstance(model, CodedModel) else None},
        **_search(cfg),
        "samples": {"shape": list(data.shape), "data": data.name},
        **({} if classes is None else {"classes": classes.counts}),
    }


def _search(cfg: DictConfig) -> dict[str, Any]:
    """The discriminator and its search, for a model that samples with them."""
    if "search" not in cfg.model:
        return {}
    return {
        "discriminator": OmegaConf.to_container(cfg.network.discriminator, resolve=True),
        "search": OmegaConf.to_container(cfg.model.search, resolve=True),
        "sample_steps": cfg.model.sample_steps,
    }


def snapshots(experiment: "Experiment", measure: Measure, resumed_at: int | None) -> Snapshots:
    """The callback that stores the weights; after a resume it knows the evaluations that the log contains."""
    cfg, evaluator, folder = experiment.config, experiment.evaluator, experiment.folder
    metric = evaluator.main_metric if evaluator is not None else None
    lines = folder.metrics() if resumed_at is not None else []
    return Snapshots(
        folder=folder,
        recipe=recipe(cfg, experiment.data, experiment.model),
        keep=cfg.keep,
        metric=metric,
        higher_is_better=bool(evaluator is not None and evaluator.higher_is_better.get(str(metric))),
        logged={
            int(line["updates"]): line[metric]
            for line in lines
            if metric in line and line["updates"] <= (resumed_at or 0)
        },
        readings=lambda: measure.readings,
    )


def wandb_identity(loggers: Sequence[Logger]) -> dict[str, Any] | None:
    """The identity of the W&B run; None without one."""
    return next((logger.identity() for logger in loggers if isinstance(logger, Wandb)), None)


def instruments(
    cfg: DictConfig, data: Data, model: GenerativeModel, evaluator: SampleEvaluator | None
) -> list[Instrument]:
    """Everything that is measured during training."""
    samples = SampleGrid if model.classes is None else ClassGrid
    return [
        TrainingLosses(every=cfg.log_every),
        samples(every=cfg.sample_every, data=data, seed=cfg.seed, count=cfg.sample_images or data.shown),
        *evaluations(cfg, data, model, evaluator),
    ]


def real_grid(cfg: DictConfig, data: Data) -> Image:
    """A picture of real samples, as many as in a grid; the same for all seeds."""
    count = cfg.sample_images or data.shown
    return data.render(data.sample(0, range(count), torch.device("cpu")), columns=ceil(sqrt(count)))


def evaluations(
    cfg: DictConfig, data: Data, model: GenerativeModel, evaluator: SampleEvaluator | None
) -> list[Instrument]:
    """The instruments that accept the model and that all ranks read together."""
    count = POINTS if isinstance(data, AnalyticData) else IMAGES
    evaluations: list[Instrument] = [
        Value(every=cfg.evaluate_every, count=count),
        Reconstruction(every=cfg.evaluate_every, count=RECONSTRUCTED, draws=DRAWS),
        DiscriminatorProbe(every=cfg.evaluate_every, count=SCORED),
        LogLikelihood(every=cfg.evaluate_every, count=LIKELIHOOD_SAMPLES),
    ]
    for metric in evaluator.metrics if evaluator is not None else ():
        if isinstance(metric, SmoothedDivergence):
            truth, deviation = metric.real, metric.jsd.sigma / 2  # given points allow a finer resolution
            evaluations.append(OptimumDistance(every=cfg.evaluate_every, truth=truth, deviation=deviation))
    if evaluator is not None:
        evaluations.append(Evaluation(every=cfg.evaluate_every, evaluator=evaluator, seed=cfg.seed))
    return applicable(evaluations, model)


def loggers(
    cfg: DictConfig,
    data: str,
    folder: RunFolder,
    evaluator: SampleEvaluator | None,
    resumed_from: dict[str, Any] | None,
) -> list[Logger]:
    """The loggers of a run: its folder, and the trackers that the configuration names.

    A tracker receives the arguments that its constructor names; any other logger becomes one. Its configuration has
    the additional key `setting`, the name of the run without its seed, by which W&B groups runs as the comparison's
    page does.

    Args:
        cfg: configuration of the run.
        data: name of the data set.
        folder: folder of the run.
        evaluator: evaluator of the samples, which knows the directions of its metrics.
        resumed_from: identity of the W&B run that is resumed; None for a new run.
    """
    trial = (folder.environment() or {}).get("trial") or {}
    setting = setting_name(folder.job, seed=str(cfg.seed), run=trial.get("run", ""))
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    directions = evaluator.higher_is_better if evaluator is not None else {}
    arguments = {
        "folder": folder.path,
        "group": folder.sweep,
        "job": folder.job,
        "job_type": "training",
        "tags": [data, *(option_name(cfg, group) for group in ("model", "loss") if cfg.get(group))],
        "config": config | {"setting": setting},
        "best": {name: "max" if higher else "min" for name, higher in directions.items()},
        "resumed_from": resumed_from,
    }
    trackers = []
    for name, node in tracker_nodes(cfg).items():
        wanted = arguments.keys() & signature(resolve(node._target_, f"logger.{name}")).arguments.keys()
        tracker = instantiate(node, f"logger.{name}", **{key: arguments[key] for key in wanted})
        if node.get("_partial_") and not wanted:  # without arguments it is still partial
            tracker = tracker()
        if not isinstance(tracker, Tracker):
            tracker = LightningLogger(option=name, logger=tracker, config=arguments["config"])
        trackers.append(tracker)
    return [RunLog(folder=folder), *trackers]


def tracker_nodes(cfg: DictConfig) -> dict[str, DictConfig]:
    """Option name -> node of each logger; runs of Saddle 0.2 stored only the node of W&B."""
    logger: Any = cfg.get("logger") or {}
    return {"wandb": logger} if "_target_" in logger else {name: node for name, node in logger.items() if node}


def callbacks(cfg: DictConfig) -> list[Callback]:
    """The callbacks that the configuration names in addition to Saddle's own; each rank has them."""
    nodes = cfg.get("callback") or {}  # runs of Saddle 0.2 stored none
    return [instantiate(node, f"callback.{name}") for name, node in nodes.items()]


def progress(cfg: DictConfig, folder: RunFolder, measure: Measure, evaluator: SampleEvaluator | None) -> Progress:
    """The progress line or bar on the terminal."""
    position = SweepPosition.current()
    names = [*LOSSES, *([evaluator.main_metric] if evaluator is not None else [])]
    title = folder.job if position is None else f"[{position.job}/{position.jobs}] {folder.job}"
    return Progress(updates=cfg.updates, title=title, position=position, measure=measure, names=names)


def summary(
    folder: RunFolder,
    facts: dict[str, Any],
    model: GenerativeModel,
    seconds: float,
    evaluator: SampleEvaluator | None,
    loggers: Sequence[Logger],
) -> dict[str, Any]:
    """The content of summary.json."""
    directions = evaluator.higher_is_better if evaluator is not None else {}
    main = evaluator.main_metric if evaluator is not None else None
    floor = evaluator.floor() if evaluator is not None else {}
    wandb = next((logger for logger in loggers if isinstance(logger, Wandb)), None)
    return {
        "data": facts,
        "updates": model.updates,
        "images_seen": model.updates * model.real_per_update,
        "seconds": round(seconds, 1),
        "main_metric": main,
        "lower_is_better": not directions.get(str(main), False),
        "floor": floor.get(str(main)),
        "floor_error": floor.get(f"{main}_error"),
        "protocol": None if evaluator is None else evaluator.protocol(),
        "metrics": summarise(folder.metrics(), directions),
        "wandb": None if wandb is None else wandb.closing_line(),
        "wandb_path": None if wandb is None else wandb.path,
    }
