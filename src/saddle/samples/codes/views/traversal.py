"""Along one direction of the code at a time: what each of them changes."""

from collections.abc import Sequence

import torch
from PIL.Image import Image
from torch import Tensor

from saddle.metrics.reference import batches, progress
from saddle.samples.codes.association import placed
from saddle.samples.codes.directions import Directions, mean_metric, places_along, principal, single, traversed
from saddle.samples.codes.subject import Subject
from saddle.samples.codes.views.sheet import Row, sheet
from saddle.samples.codes.views.table import READ, Factors, values, words
from saddle.samples.codes.views.view import View

PLACES, EXAMPLES = 7, 2
"""Columns of a traversal, and of how many codes."""
WITHIN = 0.98
"""Of the prior's codes, the share whose middle part a traversal covers."""
PRIOR = 4_000
"""Codes from which that part is taken."""
AVERAGED = 64
"""Codes over which the metric is averaged."""


def dimensions(subject: Subject, rows: int) -> View:
    """The single dimensions of the code that change x most, each from its 1st to its 99th percentile."""
    found = single(*metric(subject))
    names = [f"dimension {int(vector.argmax())}" for vector in found.vectors]
    return _view(subject, "Single dimensions of the code, those that change x most", names, found, rows)


def directions(subject: Subject, rows: int) -> View:
    """The principal directions of the code (`saddle.samples.codes.directions.principal`), in the same way."""
    found = principal(*metric(subject))
    names = [f"direction {number}" for number in range(1, len(found.vectors) + 1)]
    return _view(subject, "Principal directions of the code: eigenvectors of E[J'J], J = dG/dz", names, found, rows)


def factors(subject: Subject, rows: int) -> View:
    """For each known factor the direction that goes with it most, those that go best first; `rows` at most.

    Raises:
        ValueError: no factors are known of the data.
    """
    codes, readings = subject.readings(READ)
    scores = {} if subject.reader is None else subject.reader.scores
    found = {name: placed(codes, reading) for name, reading in readings.items()}
    order = sorted(found, key=lambda name: -found[name].association)
    kinds = {name: "R" if reading.is_floating_point() else "eta" for name, reading in readings.items()}
    lines = [
        f"{name:<13}{kinds[name]:>4} {found[name].association:.2f}   read with {scores[name]:.3f}" for name in order
    ]
    notes = [
        f"R: multiple correlation with the code, eta: largest correlation ratio; {READ:,} samples",
        "read with: R^2 or accuracy of the reader on held-out real images",
    ]
    shown = [(f"{name}\n{kinds[name]} {found[name].association:.2f}", found[name].direction) for name in order[:rows]]
    numbers = {
        name: {
            "association": found[name].association,
            "read": scores[name],
            "direction": found[name].direction.tolist(),
        }
        for name in order
    }
    title = "For each known factor the direction of the code that goes with it most"
    return View(
        picture=_picture(subject, title, shown),
        numbers={"factors": numbers, "samples": READ},
        words="\n".join([*lines, *notes]),
    )


def metric(subject: Subject) -> tuple[Tensor, int]:
    """M, averaged over the prior, and how many numbers x has."""
    indices = range(AVERAGED)
    codes, labels = subject.codes(indices), subject.labels(indices)
    total = torch.zeros(codes.shape[1], codes.shape[1], dtype=torch.float64)
    for piece in progress(batches(AVERAGED, 1), "slopes"):
        one = slice(piece.start, piece.stop)
        total += mean_metric(subject.decode, codes[one], None if labels is None else labels[one])
    return total / AVERAGED, torch.Size(subject.data.shape).numel()


def _view(subject: Subject, title: str, names: Sequence[str], found: Directions, rows: int) -> View:
    known = Factors.of(subject, found)
    shown = [
        (f"{name}\n{known.strongest(number) or f'{float(found.share[number]):.1%} of the change'}", vector)
        for number, (name, vector) in enumerate(zip(names[:rows], found.vectors, strict=False))
    ]
    return View(
        picture=_picture(subject, title, shown),
        numbers=values(names, found, known) | {"samples": READ if known.table else 0, "metric_over": AVERAGED},
        words=words(names, found, known, rows),
    )


def _picture(subject: Subject, title: str, shown: Sequence[tuple[str, Tensor]]) -> Image:
    """A row for each direction, in words and as a vector: EXAMPLES codes, moved along it."""
    examples = range(EXAMPLES)
    codes, labels = subject.codes(examples), subject.labels(examples)
    prior = subject.codes(range(PRIOR))
    columns = subject.columns(PLACES)
    ways = [places_along(prior, vector, columns, WITHIN) for _, vector in shown]  # [columns] each
    rows = [
        Row(text, subject.along(traversed(codes, vector, places), labels).flatten(0, 1))
        for (text, vector), places in zip(shown, ways, strict=True)
    ]
    heads = [f"{round(place, 1) + 0.0:g}" for place in torch.stack(ways).mean(0).tolist()] * EXAMPLES
    under = "" if labels is None else f" ({', '.join(subject.name_of(int(label)) for label in labels)})"
    which = (
        f"samples 0 and 1 of seed {subject.seed}{under}; above: the coordinate along the direction, mean of the rows"
    )
    return sheet(subject.data, f"{title}\n{which}", heads, rows, columns)
