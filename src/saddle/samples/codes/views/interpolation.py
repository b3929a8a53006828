"""From one code to another: what lies between two samples."""

from collections.abc import Callable
from dataclasses import asdict

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
"""Over which a path length is taken."""


def interpolation(subject: Subject, rows: int) -> View:
    """Pairs of samples and what lies between them, one row for each kind of path; and the path lengths of both kinds.

    A pair are samples 2i and 2i + 1; the label, if any, is that of the first all along. Paths lead through the draws
    that codes are made of (`CodedModel.placed`): the codes that an autoencoder's prior is fitted to lie about a centre
    of their own, and a spherical path keeps its distance from there. Under a uniform prior paths are linear: a
    spherical one would leave the box.
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
    """Draws a, b [pairs, code_size], and the labels [pairs] of the first ones."""
    samples = range(2 * pairs.start, 2 * pairs.stop)
    draws, labels = subject.base_noise(samples), subject.labels(samples)
    return draws[::2], draws[1::2], None if labels is None else labels[::2]


def _length(subject: Subject, path: Path) -> PathLength:
    speeds, straight = [], []
    for pairs in progress(batches(PATHS, BATCH), "path length"):
        a, b, labels = _ends(subject, pairs)
        look = _look(subject, labels)
        t = moments_in_time(noise(subject.seed, "path length", 0, pairs, (1,), "uniform").to(a.device))
        speeds.append(squared_speeds(look, path, a, b, t))
        straight.append(squared_distances(look, a, b))
    return path_length(torch.cat(speeds), torch.cat(straight))


def _look(subject: Subject, labels: Tensor | None) -> Callable[[Tensor], Tensor]:
    """From draws [count, code_size] to what is seen in their samples."""
    look = subject.look(labels)
    return lambda draws: look(subject.model.to_prior(draws))


def _words(subject: Subject, kind: str, pair: int, labels: Tensor | None) -> str:
    if labels is None:
        return kind
    return f"{subject.name_of(int(labels[pair]))}\n{kind}"


def _number(length: PathLength) -> str:
    return (
        f"length {length.length:.4g} +- {length.error:.2g}, straight {length.straight:.4g}, detour {length.detour:.3g}"
    )
