"""The results of an evaluation as tables for the terminal, with all that belongs to their numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from saddle.report.text import number

Result = Mapping[str, Any]
FLOOR = "(half of the real images against the other half)"


def evaluation_tables(results: Mapping[str, Result], first: str) -> str:
    """One table for each way of looking at the images: a line for each result, a column for each metric.

    Args:
        results: by the name that stands in the first column.
        first: title of the first column.
    """
    blocks: dict[tuple[str, ...], dict[str, Result]] = {}
    for name, result in results.items():
        for comparison in result["protocol"]["comparisons"]:
            blocks.setdefault((_looks(comparison), *comparison["metrics"]), {})[name] = result
        for metric, why in result["missing"].items():
            blocks.setdefault((f"{metric} is missing: {why}", metric), {})[name] = result
    images = dict.fromkeys(_images(result["protocol"]) for result in results.values())
    tables = [f"{about}\n{_table(metrics, found, first)}" for (about, *metrics), found in blocks.items()]
    return "\n\n".join(["\n".join(images), *tables])


def _table(metrics: Sequence[str], results: Mapping[str, Result], first: str) -> str:
    lines = [[first, *metrics]]
    lines += [
        [name, *(number(result["metrics"].get(metric)) for metric in metrics)] for name, result in results.items()
    ]
    floors = dict.fromkeys(tuple(result["floor"].get(metric) for metric in metrics) for result in results.values())
    lines += [[FLOOR, *("" if value is None else number(value) for value in floor)] for floor in floors if any(floor)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    title, *rows = [_row(line, widths) for line in lines]
    return "\n".join([title, "-" * len(title), *rows])


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]).rstrip()


def _looks(comparison: Mapping[str, Any]) -> str:
    if "extractor" not in comparison:
        return (
            f"patches of {comparison['swd_patches']} places in each image, {comparison['swd_projections']} directions"
        )
    return f"features of {comparison['extractor']} ({comparison['digest']}), images resized: {comparison['resize']}"


def _images(protocol: Mapping[str, Any]) -> str:
    return (
        f"{protocol['images_generated']:,} generated against {protocol['images_real']:,} real images "
        f"({protocol['reference_split']}, {protocol['reference_digest']})"
    )
