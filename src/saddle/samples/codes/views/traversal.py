"""Views of traversals: the change of samples along one direction of the code at a time."""

from collections.abc import Sequence

import torch
from PIL.Image import Image
from torch import Tensor

from saddle.metrics.reference import batches, progress
from saddle.samples.codes.association import factor_direction
from saddle.samples.codes.directions import Directions, coordinates_along, mean_metric, principal, single, traversed
from saddle.samples.codes.subject import Subject
from saddle.samples.codes.views.sheet import Row, sheet
from saddle.samples.codes.views.table import READ, Factors, values, words
from saddle.samples.codes.views.view import View

PLACES, EXAMPLES = 7, 2
"""Number of columns of a traversal, and number of traversed codes."""
WITHIN = 0.98
"""Middle share of the prior's codes that a traversal covers."""
PRIOR = 4_000
"""Number of codes from which that range is estimated."""
AVERAGED = 64
"""Number of codes over which the metric is averaged."""


def dimensions(subject: Subject, rows: int) -> View:
    """The single dimensions of the code that change x most, each from its 1st to its 99th percentile."""
    axes = single(*metric(subject))
    names = [f"dimension {int(vector.argmax())}" for vector in axes.vectors]
    return _view(subject, "Single dimensions of the code, those that change x most", names, axes, rows)


def directions(subject: Subject, rows: int) -> View:
    """The principal directions of the code (`saddle.samples.codes.directions.principal`), like `dimensions`."""
    eigenvectors = principal(*metric(subject))
    names = [f"direction {number}" for number in range(1, len(eigenvectors.vectors) + 1)]
    title = "Principal directions of the code: eigenvectors of E[J'J], J = dG/dz"
    return _view(subject, title, names, eigenvectors, rows)


def factors(subject: Subject, rows: int) -> View:
    """For each of at most `rows` known factors the direction with the strongest association, the strongest first.

    Raises:
        ValueError: no factors of the data are known.
    """
    codes, readings = subject.readings(READ)
    scores = {} if subject.reader is None else subject.reader.scores
    directions = {name: factor_direction(codes, reading) for name, reading in readings.items()}
    order = sorted(directions, key=lambda name: -directions[name].association)
    kinds = {name: "R" if reading.is_floating_point() else "eta" for name, reading in readings.items()}
    labels = {name: f"{kinds[name]} {directions[name].association:.2f}" for name in order}
    lines = [f"{name:<13}{labels[name]:>9}   read with {scores[name]:.3f}" for name in order]
    notes = [
        f"R: multiple correlation with the code, eta: largest correlation ratio; {READ:,} samples",
        "read with: R^2 or accuracy of the reader on held-out real images",
    ]
    shown = [(f"{name}\n{labels[name]}", directions[name].direction) for name in order[:rows]]
    numbers = {
        name: {
            "association": directions[name].association,
            "read": scores[name],
            "direction": directions[name].direction.tolist(),
        }
        for name in order
    }
    title = "For each known factor the direction of the code with the strongest association"
    return View(
        picture=_picture(subject, title, shown),
        numbers={"factors": numbers, "samples": READ},
        words="\n".join([*lines, *notes]),
    )


def metric(subject: Subject) -> tuple[Tensor, int]:
    """M of `mean_metric`, averaged over the prior, and the number of values in x."""
    indices = range(AVERAGED)
    codes, labels = subject.codes(indices), subject.labels(indices)
    total = torch.zeros(codes.shape[1], codes.shape[1], dtype=torch.float64)
    for piece in progress(batches(AVERAGED, 1), "slopes"):
        batch = slice(piece.start, piece.stop)
        total += mean_metric(subject.decode, codes[batch], None if labels is None else labels[batch])
    return total / AVERAGED, torch.Size(subject.data.shape).numel()


def _view(subject: Subject, title: str, names: Sequence[str], directions: Directions, rows: int) -> View:
    associations = Factors.of(subject, directions)
    shown = [
        (f"{name}\n{associations.strongest(number) or f'{float(directions.share[number]):.1%} of the change'}", vector)
        for number, (name, vector) in enumerate(zip(names[:rows], directions.vectors, strict=False))
    ]
    return View(
        picture=_picture(subject, title, shown),
        numbers=values(names, directions, associations)
        | {"samples": READ if associations.table else 0, "metric_over": AVERAGED},
        words=words(names, directions, associations, rows),
    )


def _picture(subject: Subject, title: str, shown: Sequence[tuple[str, Tensor]]) -> Image:
    """A row for each direction, given as its label and its vector: EXAMPLES codes moved along it."""
    examples = range(EXAMPLES)
    codes, labels = subject.codes(examples), subject.labels(examples)
    prior = subject.codes(range(PRIOR))
    columns = subject.columns(PLACES)
    coordinates = [coordinates_along(prior, vector, columns, WITHIN) for _, vector in shown]  # [columns] each
    rows = [
        Row(text, subject.along(traversed(codes, vector, values), labels).flatten(0, 1))
        for (text, vector), values in zip(shown, coordinates, strict=True)
    ]
    heads = [f"{round(value, 1) + 0.0:g}" for value in torch.stack(coordinates).mean(0).tolist()] * EXAMPLES
    classes = "" if labels is None else f" ({', '.join(subject.name_of(int(label)) for label in labels)})"
    subtitle = (
        f"samples 0 and 1 of seed {subject.seed}{classes}; above: the coordinate along the direction, mean of the rows"
    )
    return sheet(subject.data, f"{title}\n{subtitle}", heads, rows, columns)
