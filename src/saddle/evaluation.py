"""Evaluation of a finished run, as its training evaluated it or on another number of images."""

from collections.abc import Mapping, Sequence
from typing import Any

from saddle.building import build_data, build_evaluator
from saddle.data.pixels import to_uint8
from saddle.runs.folder import RunFolder
from saddle.sampling import load_model, stored_config


def evaluate_run(run: RunFolder, *, images: int | None) -> dict[str, Any]:
    """Measure the run's final model and store the result in its folder.

    Returns:
        `metrics`, name -> number; `floor`, the Frechet distance between two halves of the reference; `protocol`.

    Raises:
        LookupError: the run has no weights.
        ValueError: its folder does not fit together, or more images are asked for than the reference has.
    """
    cfg = stored_config(run)
    if images is not None:
        cfg.evaluate_images = images
    model, data = load_model(run, cfg), build_data(cfg)
    evaluator = build_evaluator(cfg, data)
    if evaluator is None:
        raise ValueError(f"{run.path}: {data.name} holds no images, and there is no other evaluation yet")
    numbers = evaluator(lambda indices: to_uint8(model.sample(indices, cfg.seed)))
    result = {"metrics": numbers, "floor": evaluator.floor(), "protocol": evaluator.protocol()}
    run.write_evaluation(result)
    return result


def evaluation_table(results: Mapping[str, Mapping[str, Any]]) -> str:
    """One line for each run, one column for each metric, for the terminal; below it the protocol."""
    names = list(dict.fromkeys(name for result in results.values() for name in result["metrics"]))
    header = ["run", *names, "floor"]
    lines = [
        [job, *(_number(result["metrics"].get(name)) for name in names), _number(result["floor"])]
        for job, result in results.items()
    ]
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    rows = [_row(line, widths) for line in [header, *lines]]
    protocols = {_protocol(result["protocol"]) for result in results.values()}
    return "\n".join([rows[0], "-" * len(rows[0]), *rows[1:], *sorted(protocols)])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _protocol(protocol: Mapping[str, Any]) -> str:
    return (
        f"extractor {protocol['extractor']} ({protocol['extractor_digest']}), {protocol['resize']}; "
        f"{protocol['images_generated']:,} generated against {protocol['images_real']:,} real images "
        f"({protocol['reference_split']}); "
        "floor: one half of these against the other"
    )
