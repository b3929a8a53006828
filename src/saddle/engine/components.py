"""What a run is equipped with beside its model: instruments, loggers, progress, and what it leaves behind."""

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback
from pytorch_lightning.loggers import Logger

from saddle.callbacks.discriminator_probe import DiscriminatorProbe
from saddle.callbacks.instruments import ClassGrid, Evaluation, SampleGrid, TrainingLosses
from saddle.callbacks.log_likelihood import LogLikelihood
from saddle.callbacks.measure import Instrument, Measure, applicable
from saddle.callbacks.optimum import OptimumDistance
from saddle.callbacks.progress import Progress
from saddle.callbacks.reconstruction import Reconstruction
from saddle.callbacks.run_log import RunLog
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
from saddle.version import VERSION

LOSSES = ("loss_discriminator", "loss_generator")
LIKELY = 2_000
"""Samples that a likelihood is the mean of."""
RECONSTRUCTED = 256
"""Samples that a model gives back from their codes at an evaluation."""
DRAWS = 16
"""Codes for each of them, where the likelihood is bounded."""
SCORED = 512
"""Samples of each kind that a discriminator alone is asked about at an evaluation."""


def recipe(cfg: DictConfig, data: Data, model: GenerativeModel) -> dict[str, Any]:
    """All that it takes to draw with the weights that a run leaves, without the rest of its configuration.

    Of a conditional model also the classes: name -> number of training images, in the order of the labels.
    """
    classes = model.classes
    generator: Any = OmegaConf.to_container(cfg.network.generator, resolve=True) if cfg.network.generator else None
    if generator is not None and classes is not None:
        generator["classes"] = len(classes)
    return {
        "saddle": VERSION,
        "generator": generator,
        "codes": {"size": cfg.code_size, "prior": model.prior_distribution if isinstance(model, CodedModel) else None},
        **_searched_with(cfg),
        "samples": {"shape": list(data.shape), "data": data.name},
        **({} if classes is None else {"classes": classes.counts}),
    }


def _searched_with(cfg: DictConfig) -> dict[str, Any]:
    """The discriminator and its search, of a model that draws with these."""
    if "search" not in cfg.model:
        return {}
    return {
        "discriminator": OmegaConf.to_container(cfg.network.discriminator, resolve=True),
        "search": OmegaConf.to_container(cfg.model.search, resolve=True),
        "sample_steps": cfg.model.sample_steps,
    }


def wandb_identity(loggers: Sequence[Logger]) -> dict[str, Any] | None:
    """Which W&B run this is."""
    return next((logger.identity() for logger in loggers if isinstance(logger, Wandb)), None)


def intervals(cfg: DictConfig) -> list[int]:
    """Updates at whose multiples something is due."""
    return [cfg.log_every, cfg.sample_every, cfg.evaluate_every, cfg.checkpoint_every]


def instruments(
    cfg: DictConfig, data: Data, model: GenerativeModel, evaluator: SampleEvaluator | None
) -> list[Instrument]:
    """All that is measured while the model is trained."""
    samples = SampleGrid if model.classes is None else ClassGrid
    return [
        TrainingLosses(every=cfg.log_every),
        samples(every=cfg.sample_every, data=data, seed=cfg.seed, count=cfg.sample_images or data.shown),
        *evaluations(cfg, data, model, evaluator),
    ]


def evaluations(
    cfg: DictConfig, data: Data, model: GenerativeModel, evaluator: SampleEvaluator | None
) -> list[Instrument]:
    """What all ranks measure together: the instruments that accept the model."""
    count = POINTS if isinstance(data, AnalyticData) else IMAGES
    evaluations: list[Instrument] = [
        Value(every=cfg.evaluate_every, count=count),
        Reconstruction(every=cfg.evaluate_every, count=RECONSTRUCTED, draws=DRAWS),
        DiscriminatorProbe(every=cfg.evaluate_every, count=SCORED),
        LogLikelihood(every=cfg.evaluate_every, count=LIKELY),
    ]
    for metric in evaluator.metrics if evaluator is not None else ():
        if isinstance(metric, SmoothedDivergence):
            truth, deviation = metric.real, metric.jsd.sigma / 2  # of points in hand more can be resolved
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
    """Where readings go: the run folder and the trackers that the configuration names.

    A tracker receives what its constructor names. Its configuration has a further key `setting`, the name of the run
    without its seed: W&B groups by it as the comparison's page does.

    Args:
        cfg: the configuration.
        data: name of the data set.
        folder: the run folder.
        evaluator: its metrics are the columns that have a better side.
        resumed_from: identity of the W&B run so far; None for a run from the beginning.
    """
    trial = (folder.environment() or {}).get("trial") or {}
    setting = setting_name(folder.job, seed=str(cfg.seed), run=trial.get("run", ""))
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    directions = evaluator.higher_is_better if evaluator is not None else {}
    known = {
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
        wanted = known.keys() & signature(resolve(node._target_, f"logger.{name}")).arguments.keys()
        trackers.append(instantiate(node, **{key: known[key] for key in wanted}))
    return [RunLog(folder=folder), *trackers]


def tracker_nodes(cfg: DictConfig) -> dict[str, DictConfig]:
    """The node of each logger by its option's name; runs of Saddle 0.2 stored that of W&B alone."""
    logger: Any = cfg.get("logger") or {}
    return {"wandb": logger} if "_target_" in logger else {name: node for name, node in logger.items() if node}


def callbacks(cfg: DictConfig) -> list[Callback]:
    """The callbacks that the configuration names in addition to Saddle's own; each rank has them."""
    if not cfg.get("callback"):  # runs of Saddle 0.2 stored none
        return []
    nodes = OmegaConf.masked_copy(cfg, ["callback"])  # under their path, which says what their targets may be
    return list(instantiate(nodes)["callback"].values())


def progress(cfg: DictConfig, folder: RunFolder, measure: Measure, evaluator: SampleEvaluator | None) -> Progress:
    """The line or bar for the person in front of the terminal."""
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
    """What the run comes to, for summary.json."""
    lines, directions = folder.metrics(), evaluator.higher_is_better if evaluator is not None else {}
    main = evaluator.main_metric if evaluator is not None else None
    return {
        "data": facts,
        "updates": model.updates,
        "images_seen": model.updates * model.real_per_update,
        "seconds": round(seconds, 1),
        "main_metric": main,
        "lower_is_better": not directions.get(str(main), False),
        "floor": None if evaluator is None else evaluator.floor().get(str(main)),
        "protocol": None if evaluator is None else evaluator.protocol(),
        "metrics": summarise(lines, directions),
        "wandb": next((logger.closing_line() for logger in loggers if isinstance(logger, Wandb)), None),
        "wandb_path": next((logger.path for logger in loggers if isinstance(logger, Wandb)), None),
    }
