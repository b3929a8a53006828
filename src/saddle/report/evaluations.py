"""The results of an evaluation as tables for the terminal, with everything that belongs to their numbers."""

from collections.abc import Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from saddle.report.text import aligned, number, shorten, with_error
from saddle.runs.summary import higher_is_better

Result = Mapping[str, Any]
FLOOR = "(reals against reals)"
SPLITS = {"test": "held out", "train": "those trained on", "all": "all of the set"}
LONGEST = 40
"""The largest number of characters of a run's name."""
WIDTH = 100


def evaluation_tables(results: Mapping[str, Result], first: str) -> str:
    """One table for each extractor: a line for each result, a column for each metric; above them the images.

    Args:
        results: name in the first column -> result of `saddle.evaluation`.
        first: title of the first column.
    """
    blocks: dict[tuple[str, ...], dict[str, Result]] = {}
    for name, result in results.items():
        for block in _blocks(result):
            blocks.setdefault(block, {})[name] = result
    images = dict.fromkeys(line for result in results.values() for line in _images(result))
    tables = [f"{_table(metrics, measured, first)}\n{about}" for (about, *metrics), measured in blocks.items()]
    return "\n\n".join(["\n".join(images), *tables, *filter(None, [_nearest(results)])])


def _blocks(result: Result) -> Iterator[tuple[str, ...]]:
    """For each table that contains the result: the text below the table, and the table's metrics."""
    comparisons = result["protocol"]["comparisons"]
    others = [metric for one in comparisons if "extractor" not in one for metric in one["metrics"]]
    for one in comparisons:
        if "extractor" in one:
            lines = [f"extractor {one['extractor']} ({one['digest']}), images resized: {one['resize']}"]
            lines += [one["remark"]] if one["remark"] else []
            yield "\n".join(lines), *one["metrics"], *others
            others = []
    if others:
        yield "", *others
    for metric, why in result["missing"].items():
        yield fill(f"{metric} is not measured: {why}", WIDTH, break_long_words=False, break_on_hyphens=False), metric


def _table(metrics: Sequence[str], results: Mapping[str, Result], first: str) -> str:
    lines = [[first, *metrics]]
    for name, result in results.items():
        lines.append([shorten(name, LONGEST), *(number(result["metrics"].get(metric)) for metric in metrics)])
    floors = dict.fromkeys(tuple(_floor(result, metric) for metric in metrics) for result in results.values())
    lines += [[FLOOR, *floor] for floor in floors if any(floor)]
    return "\n".join(aligned(lines, range(1, 1 + len(metrics))))


def _floor(result: Result, metric: str) -> str:
    floor = result["floor"]
    return with_error(floor[metric], floor.get(f"{metric}_error", 0.0)) if metric in floor else ""


def _images(result: Result) -> list[str]:
    protocol = result["protocol"]
    real = f"{SPLITS[protocol['reference_split']]}, {protocol['reference_digest']}"
    counts = f"{protocol['images_generated']:,} generated against {protocol['images_real']:,} real images ({real})"
    stored = result.get("higher_is_better", {})
    smaller = [name for name in result["metrics"] if not stored.get(name, higher_is_better(name))]
    return [counts, f"smaller is better for {', '.join(smaller)}, larger for all others"]


def _nearest(results: Mapping[str, Result]) -> str:
    """How near the samples are to the training images, next to how near held-out images are."""
    lines = []
    for name, near in ((name, result["nearest"]) for name, result in results.items() if "nearest" in result):
        held_out = f"; of held-out images {number(near['held_out'])}" if "held_out" in near else ""
        lines.append(f"  {shorten(name, LONGEST)}: of samples {number(near['samples'])}{held_out}")
    about = "median distance to the nearest training image, in the run's own features (samples much nearer: copies)"
    return "\n".join([about, *lines]) if lines else ""
