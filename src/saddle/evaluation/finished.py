"""Evaluation of a finished run's final model with its own extractor and others."""

import sys
from hashlib import sha256
from typing import Any

from omegaconf import DictConfig, OmegaConf
from PIL.Image import Image

from saddle.callbacks.wandb import Wandb
from saddle.callbacks.wandb_session import add_to_summary
from saddle.config import instantiate
from saddle.data.base import Data
from saddle.data.images import Images
from saddle.engine.building import build_evaluator
from saddle.engine.components import tracker_nodes
from saddle.engine.experiment import Experiment
from saddle.engine.stored import stored_config
from saddle.evaluation.extra_extractors import ExtraExtractors
from saddle.evaluation.memorised import memorised
from saddle.metrics.evaluator import ImageEvaluator
from saddle.models.base import GenerativeModel
from saddle.runs.folder import RunFolder
from saddle.runs.weights import LAST
from saddle.samples.sampling import best_device, load_model, updates_of

Result = dict[str, Any]
"""`metrics`, name -> number; `higher_is_better`, name -> direction; `floor`, name -> value of real images, where known;
`protocol`; `missing`, name -> why it was not measured."""


def evaluate_run(
    run: RunFolder, *, state: str = LAST, images: int | None, extra: ExtraExtractors, fresh: bool
) -> Result:
    """Measure the run with the weights of a stored state, store the result, and log it to W&B as a separate run.

    If the same weights were measured before under the same protocol, that result is taken from the folder, unless
    `fresh` is true. Results under other protocols are kept.

    Raises:
        LookupError: the run has no weights of that state.
        ValueError: its folder is inconsistent, or `images` is more than the reference has.
    """
    cfg = stored_config(run, files=False)
    if images is not None:
        cfg.evaluate_images = images
    model, experiment = load_model(run, cfg, state).to(best_device()), Experiment(cfg, run)
    data = experiment.data
    _require_same_classes(run, model, data)
    extractors = [*experiment.extractors, *extra.different_from(*experiment.extractors)]
    evaluator = build_evaluator(cfg, data, extractors)
    if not isinstance(evaluator, ImageEvaluator) or not isinstance(data, Images):
        raise ValueError(f"{run.path}: only images are measured again; all numbers of {data.name} are in summary.json")
    _note_on_images(run, experiment, data)
    result: Result = {
        "states": [state],
        "updates": updates_of(run, state),
        "model": sha256(run.weights.path(state).read_bytes()).hexdigest()[:16],
        "protocol": evaluator.protocol(),
        "missing": {name: why for name, why in extra.missing.items() if name not in evaluator.higher_is_better},
    }
    same = ("updates", "model", "protocol")
    others = [stored for stored in run.evaluations() if any(stored.get(key) != result[key] for key in same)]
    measured = [stored for stored in run.evaluations() if stored not in others]
    if measured and not fresh and run.nearest.is_file():
        print(
            "measured before with the same weights and protocol: fresh=true measures again",
            file=sys.stderr,
        )
        newest = measured[-1]
        if state not in (states := newest.get("states") or [LAST]):  # the best may be the last
            newest = newest | {"states": [*states, state]}
            run.write_evaluations([*others, *measured[:-1], newest])
        return newest | {"missing": result["missing"]}
    labels = model.labels_of(range(evaluator.count), cfg.seed)
    result["metrics"] = evaluator(lambda indices: model.sample(indices, cfg.seed), labels)
    result |= {"higher_is_better": evaluator.higher_is_better, "floor": evaluator.floor()}
    neighbours = memorised(model, cfg.seed, data, evaluator.extractors[0])
    result["nearest"] = neighbours.numbers
    run.save_nearest(neighbours.picture)
    run.write_evaluations([*others, result])  # before the upload to W&B, which may take long or be killed
    result["wandb"] = _log(run, cfg, result, neighbours.picture)
    run.write_evaluations([*others, result])
    return result


def _require_same_classes(run: RunFolder, model: GenerativeModel, data: Data) -> None:
    """Refuse images whose labels mean other classes than those of the model."""
    if model.classes is None:
        return
    trained, present = model.classes.names, data.classes.names if data.classes is not None else ()
    if present != trained:
        now = ", ".join(present) or "none"
        raise ValueError(f"{run.path}: its model has the classes {', '.join(trained)}; the images have {now}")


def _note_on_images(run: RunFolder, experiment: Experiment, data: Images) -> None:
    """Print notes on the real images that the user needs in order to interpret the metrics."""
    digest = (run.summary() or {}).get("data", {}).get("digest")
    if digest is not None and digest != experiment.facts()["digest"]:
        print("note: the images have changed since the run was trained on them", file=sys.stderr)
    if data.test is None:
        print(
            "note: no images are held out: the real images are the training images, so copies score best",
            file=sys.stderr,
        )


def _log(run: RunFolder, cfg: DictConfig, result: Result, nearest: Image) -> str:
    """Log an evaluation to W&B, online also in its run's summary; returns a line that says where."""
    node = tracker_nodes(cfg).get("wandb")
    if node is None:
        return ""
    logger: Wandb = instantiate(
        node,
        folder=run.path,
        group=run.sweep,
        job=run.job,
        job_type="evaluation",
        tags=["evaluation"],
        config={"training": OmegaConf.to_container(cfg, resolve=True)}
        | {key: result[key] for key in ("protocol", "missing")},
        best={},
        resumed_from=None,
    )
    logger.log_metrics({**result["metrics"], "nearest": nearest}, step=int(result["updates"] or 0))
    logger.finalize("success")
    training = (run.summary() or {}).get("wandb_path")
    if training is None or logger.path is None:
        return logger.closing_line()
    numbers = {f"evaluation/{name}": value for name, value in result["metrics"].items()}
    problem = add_to_summary(training, numbers, folder=run.path, timeout=node.timeout)
    return logger.closing_line() + (f"; not in the summary of {training}: {problem}" if problem else "")
