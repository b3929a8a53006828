"""A view of the paths between pairs of codes."""

from dataclasses import asdict
from functools import partial

import torch
from torch import Tensor

from saddle.metrics.reference import batches, progress
from saddle.noise import noise
from saddle.samples.codes.path_length import (
    Path,
    PathLength,
    moments_in_time,
    path_length,
    squared_distances,
    squared_speeds,
)
from saddle.samples.codes.paths import linear, spherical
from saddle.samples.codes.subject import BATCH, Subject
from saddle.samples.codes.views.sheet import Row, sheet
from saddle.samples.codes.views.view import View

PLACES = 9
PATHS = 2_000
"""Number of paths over which a path length is measured."""


def interpolation(subject: Subject, rows: int) -> View:
    """Pairs of samples and the samples between them, one row for each kind of path, with the path lengths.

    A pair consists of samples 2i and 2i + 1; the label, if any, is that of the first sample. Paths lead through the
    base noise of the codes (`CodedModel.to_prior`): the codes of an autoencoder's fitted prior have their own centre,
    from which a spherical path keeps its distance. For a uniform prior all paths are linear, since a spherical path
    would leave the box.
    """
    kinds: dict[str, Path] = {"spherical": spherical, "linear": linear}
    if subject.model.prior_distribution == "uniform":
        del kinds["spherical"]
    lengths = {kind: _length(subject, path) for kind, path in kinds.items()}
    t = torch.linspace(0, 1, subject.columns(PLACES))[:, None].to(subject.model.device)  # [columns, 1]
    pairs = -(-rows // len(kinds))
    a, b, labels = _ends(subject, range(pairs))
    to_prior = subject.model.to_prior
    drawn = {kind: subject.along(to_prior(path(a[:, None], b[:, None], t)), labels) for kind, path in kinds.items()}
    shown = [Row(_words(subject, kind, i, labels), x[i]) for i in range(pairs) for kind, x in drawn.items()]
    about = "x itself" if subject.extractor is None else f"the features of {subject.extractor.name}"
    title = "\n".join(
        [
            f"Between two codes; path lengths over {PATHS:,} paths, in {about}",
            *(f"{kind}: {_number(length)}" for kind, length in lengths.items()),
        ]
    )
    heads = [f"{place:g}" for place in t[:, 0].tolist()]
    return View(
        picture=sheet(subject.data, title, heads, shown, len(heads)),
        numbers={"path_length": {kind: asdict(length) for kind, length in lengths.items()}, "seen_in": about},
        words=title,
    )


def _ends(subject: Subject, pairs: range) -> tuple[Tensor, Tensor, Tensor | None]:
    """Base noise a, b [pairs, code_size] of both ends, and the labels [pairs] of the first ones."""
    samples = range(2 * pairs.start, 2 * pairs.stop)
    noises, labels = subject.base_noise(samples), subject.labels(samples)
    return noises[::2], noises[1::2], None if labels is None else labels[::2]


def _length(subject: Subject, path: Path) -> PathLength:
    speeds, straight = [], []
    for pairs in progress(batches(PATHS, BATCH), "path length"):
        a, b, labels = _ends(subject, pairs)
        features = partial(_features, subject, labels)
        t = moments_in_time(noise(subject.seed, "path length", 0, pairs, (1,), "uniform").to(a.device))
        speeds.append(squared_speeds(features, path, a, b, t))
        straight.append(squared_distances(features, a, b))
    return path_length(torch.cat(speeds), torch.cat(straight))


def _features(subject: Subject, labels: Tensor | None, base_noise: Tensor) -> Tensor:
    return subject.features(subject.decode(subject.model.to_prior(base_noise), labels))


def _words(subject: Subject, kind: str, pair: int, labels: Tensor | None) -> str:
    if labels is None:
        return kind
    return f"{subject.name_of(int(labels[pair]))}\n{kind}"


def _number(length: PathLength) -> str:
    return (
        f"length {length.length:.4g} +- {length.error:.2g}, straight {length.straight:.4g}, detour {length.detour:.3g}"
    )
