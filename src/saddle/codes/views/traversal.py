"""Along one direction of the code at a time: what each of them changes."""

from collections.abc import Mapping, Sequence

import torch
from PIL.Image import Image
from torch import Tensor

from saddle.codes.association import association, placed
from saddle.codes.directions import Directions, mean_metric, places_along, principal, single, traversed
from saddle.codes.subject import Subject
from saddle.codes.views.sheet import Row, sheet
from saddle.codes.views.view import View
from saddle.metrics.reference import batches, progress

PLACES, EXAMPLES = 7, 2
"""Columns of a traversal, and of how many codes."""
WITHIN = 0.98
"""Of the prior's codes, the share whose middle part a traversal covers."""
AVERAGED = 64
"""Codes over which the metric is averaged."""
READ = 4_000
"""Samples whose factors are read."""
TELLING = 0.2
"""An association from which on a direction is said to be a factor."""

Table = Mapping[str, Tensor]
"""Factor -> its association with each direction."""


def dimensions(subject: Subject, rows: int) -> View:
    """The single dimensions of the code that change x most, each from its 1st to its 99th percentile."""
    found = single(*_metric(subject))
    names = [f"dimension {int(vector.argmax())}" for vector in found.vectors]
    return _view(subject, "Single dimensions of the code", names, found, rows)


def directions(subject: Subject, rows: int) -> View:
    """The principal directions of the code, in the same way (`saddle.codes.directions.principal`)."""
    found = principal(*_metric(subject))
    names = [f"direction {number}" for number in range(1, len(found.vectors) + 1)]
    return _view(subject, "Principal directions of the code, E[J^T J]", names, found, rows)


def factors(subject: Subject, rows: int) -> View:
    """For each known factor the direction that goes with it most, those best placed first; `rows` at most.

    Raises:
        ValueError: no factors are known of the data.
    """
    codes, readings = subject.readings(READ)
    found = {name: placed(codes, values) for name, values in readings.items()}
    order = sorted(found, key=lambda name: -found[name].association)
    shown = [
        (f"{name}\n{_kind(readings[name])} {found[name].association:.2f}", found[name].direction)
        for name in order[:rows]
    ]
    scores = {} if subject.reader is None else subject.reader.scores
    lines = [
        f"{name:<12} {_kind(readings[name]):>3} {found[name].association:.2f}   read with {scores[name]:.3f}"
        for name in order
    ]
    numbers = {
        name: {
            "association": found[name].association,
            "direction": found[name].direction.tolist(),
            "read": scores[name],
        }
        for name in order
    }
    return View(
        picture=_picture(subject, "For each known factor the direction of the code that goes with it most", shown),
        numbers={"factors": numbers, "samples": READ},
        words="\n".join(["for each factor its best direction", *lines, *_legend(readings)]),
    )


def _metric(subject: Subject) -> tuple[Tensor, int]:
    """M, averaged over the prior, and how many numbers x has."""
    indices = range(AVERAGED)
    codes, labels = subject.codes(indices), subject.labels(indices)
    total = torch.zeros(codes.shape[1], codes.shape[1], dtype=torch.float64)
    for piece in progress(batches(AVERAGED, 1), "slopes"):
        one = slice(piece.start, piece.stop)
        total += mean_metric(subject.decode, codes[one], None if labels is None else labels[one])
    return total / AVERAGED, torch.Size(subject.data.shape).numel()


def _view(subject: Subject, title: str, names: Sequence[str], found: Directions, rows: int) -> View:
    table, best = _associations(subject, found)
    shown = [
        (f"{name}\n{_strongest(table, number) or f'{share:.1%} of the change'}", vector)
        for number, (name, vector, share) in enumerate(zip(names, found.vectors, found.share.tolist(), strict=True))
    ]
    numbers = {
        "directions": [
            {
                "name": name,
                "change": change,
                "share": share,
                "vector": vector.tolist(),
                "associations": {factor: float(values[number]) for factor, values in table.items()},
            }
            for number, (name, change, share, vector) in enumerate(
                zip(names, found.change.tolist(), found.share.tolist(), found.vectors, strict=True)
            )
        ],
        "any_direction": dict(best),
        "samples": READ if table else 0,
        "metric_over": AVERAGED,
    }
    return View(
        picture=_picture(subject, title, shown[:rows]), numbers=numbers, words=_words(names, found, table, best, rows)
    )


def _associations(subject: Subject, found: Directions) -> tuple[Table, Mapping[str, float]]:
    """Of each factor with each direction, and with the direction that goes with it most; nothing without factors."""
    if subject.reader is None:
        return {}, {}
    codes, readings = subject.readings(READ)
    coordinates = codes @ found.vectors.T  # [READ, directions]
    table = {name: association(coordinates, values) for name, values in readings.items()}
    return table, {name: placed(codes, values).association for name, values in readings.items()}


def _picture(subject: Subject, title: str, shown: Sequence[tuple[str, Tensor]]) -> Image:
    examples = range(EXAMPLES)
    codes, labels = subject.codes(examples), subject.labels(examples)
    prior = subject.codes(range(READ))
    rows, ends = [], []
    for words, vector in shown:
        places = places_along(prior, vector, PLACES, WITHIN)
        x = subject.along(traversed(codes, vector, places), labels)  # [examples, places, *shape]
        rows.append(Row(words, x.flatten(0, 1)))
        ends.append(places)
    mean = torch.stack(ends).mean(0)
    heads = [f"{place:+.1f}" for place in mean.tolist()] * EXAMPLES
    return sheet(subject.data, f"{title}\n{_which(subject, labels)}", heads, rows, PLACES)


def _which(subject: Subject, labels: Tensor | None) -> str:
    under = "" if labels is None else f" ({', '.join(subject.name_of(int(label)) for label in labels)})"
    return f"samples 0 and 1 of seed {subject.seed}{under}; above: the code's coordinate along the direction"


def _strongest(table: Table, number: int) -> str:
    """The factor that a direction goes with most; nothing where it goes with none."""
    if not table:
        return ""
    name = max(table, key=lambda factor: abs(float(table[factor][number])))
    value = float(table[name][number])
    return f"{name} {value:+.2f}" if abs(value) >= TELLING else "no one factor"


def _words(names: Sequence[str], found: Directions, table: Table, best: Mapping[str, float], rows: int) -> str:
    shown = range(min(rows, len(names)))
    heads = [name.split()[-1] for name in names]
    lines = [f"{'':<12} " + "".join(f"{heads[number]:>7}" for number in shown)]
    lines.append(f"{'change':<12} " + "".join(f"{float(found.change[number]):>7.3f}" for number in shown))
    lines.append(f"{'share':<12} " + "".join(f"{float(found.share[number]):>7.1%}" for number in shown))
    if table:
        lines[0] += "   strongest of all   any direction"
        for factor, values in table.items():
            top = int(values.abs().argmax())
            cells = "".join(f"{float(values[number]):>7.2f}" for number in shown)
            lines.append(
                f"{factor:<12} {cells}   {f'{heads[top]}: {float(values[top]):.2f}':>16}   {best[factor]:>13.2f}"
            )
    return "\n".join([*lines, *_meaning(table)])


def _meaning(table: Table) -> list[str]:
    lines = ["change: root mean square of dx/ds over numbers of x in [-1, 1], s the way along the code"]
    if table:
        lines.append(
            f"factors: correlation with the coordinate; of categories the correlation ratio; {READ:,} samples. "
            "any direction: the most that a direction of the code can have"
        )
    return lines


def _legend(readings: Mapping[str, Tensor]) -> list[str]:
    return [
        f"R: multiple correlation of code and factor, eta: correlation ratio; {READ:,} samples. "
        "read with: R^2 or accuracy of the reader on held-out real images"
    ]


def _kind(values: Tensor) -> str:
    return "R" if values.is_floating_point() else "eta"
