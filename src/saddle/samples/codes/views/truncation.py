"""A view of truncated codes: more typical samples, less variety."""

import torch

from saddle.metrics.reference import batches, progress
from saddle.samples.codes.subject import BATCH, Subject
from saddle.samples.codes.truncation import truncated_prior
from saddle.samples.codes.views.sheet import Row, sheet
from saddle.samples.codes.views.view import View

NORMAL = (None, 2.0, 1.5, 1.0, 0.7, 0.4, 0.2)
UNIFORM = (None, 0.8, 0.6, 0.4, 0.2, 0.1)
MEASURED = 1_000
"""Number of samples over which the variety is measured."""


def truncation(subject: Subject, columns: int) -> View:
    """The same codes with decreasing thresholds, and the variety that is left.

    Variety is the total variance of the samples' features, divided by that without truncation.
    """
    indices = range(subject.columns(columns))
    thresholds = UNIFORM if subject.model.prior_distribution == "uniform" else NORMAL
    rows, numbers, first = [], [], 0.0
    for threshold in thresholds:
        codes = truncated_prior(subject.model, indices, subject.seed, threshold)
        spread = _spread(subject, threshold)
        first = first or spread
        variety = spread / first if first else 0.0
        words = "all codes" if threshold is None else f"within {threshold:g}"
        rows.append(Row(f"{words}\nvariety {variety:.2f}", subject.decode(codes, subject.labels(indices))))
        numbers.append({"threshold": threshold, "variety": variety})
    title = "Truncation: the same codes, each coordinate drawn from the prior within +-threshold"
    heads = [f"{index}" for index in indices]
    lines = [row.words.replace("\n", ": ") for row in rows]
    return View(
        picture=sheet(subject.data, title, heads, rows, len(heads)),
        numbers={"truncation": numbers, "samples": MEASURED},
        words="\n".join([*lines, f"variety: variance of the features, over that of all codes; {MEASURED:,} samples"]),
    )


def _spread(subject: Subject, threshold: float | None) -> float:
    features = []
    for piece in progress(batches(MEASURED, BATCH), "variety"):
        codes = truncated_prior(subject.model, piece, subject.seed, threshold)
        features.append(subject.features(subject.decode(codes, subject.labels(piece))))
    return float(torch.cat(features).double().var(0).sum())
