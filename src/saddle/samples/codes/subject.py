"""A trained model to look into: codes in, samples and what is seen in them out."""

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from saddle.data.base import Data
from saddle.data.images import Images
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.reference import batches, progress
from saddle.models.base import CodedModel
from saddle.samples.codes.reader import Reader
from saddle.samples.codes.truncation import truncated_draws

BATCH = 64
"""Codes that are decoded at a time."""
DENSE = 25
"""Points that are drawn where one image would be: a row of points is a line."""


class Subject:
    """A model with a code, its data, and the extractor that sees for it.

    Args:
        model: with the weights that it ended with.
        data: what it was trained on.
        extractor: of these data; None: x itself is compared.
        seed: of the codes.
        label: of all samples of a conditional model; None: each has that of `labels_of`, all along a path.
        threshold: of truncated codes, None: the prior's own.
    """

    def __init__(
        self,
        *,
        model: CodedModel,
        data: Data,
        extractor: Extractor | None,
        seed: int,
        label: int | None,
        threshold: float | None,
    ) -> None:
        self.model, self.data, self.extractor = model, data, extractor
        self.seed, self.label, self.threshold = seed, label, threshold

    def columns(self, images: int) -> int:
        """How many samples a row has that would have `images` images: more, where x is a point."""
        return images if len(self.data.shape) == 3 else DENSE * images

    def codes(self, indices: range) -> Tensor:
        """The codes of samples `indices`, [len(indices), code_size]."""
        return self.model.to_prior(self.base_noise(indices))

    def base_noise(self, indices: range) -> Tensor:
        """What these codes are made of, [len(indices), code_size] of N(0, I) or uniform: paths lead through these."""
        return truncated_draws(self.model, indices, self.seed, self.threshold)

    def labels(self, indices: range) -> Tensor | None:
        """Their labels, [len(indices)]; None without classes."""
        if self.label is None:
            return self.model.labels_of(indices, self.seed)
        return torch.full([len(indices)], self.label, device=self.model.device)

    def name_of(self, label: int) -> str:
        """What a class is called."""
        return self.model.classes.names[label] if self.model.classes is not None else ""

    def decode(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """x [count, *shape] of codes [count, code_size] and their labels [count]."""
        known: list[Tensor | None] = [None] * len(codes) if labels is None else list(labels.split(BATCH))
        pieces = codes.split(BATCH)
        return torch.cat([self.model.decode(piece, label) for piece, label in zip(pieces, known, strict=False)])

    def along(self, paths: Tensor, labels: Tensor | None) -> Tensor:
        """x [paths, places, *shape] of codes [paths, places, code_size]; a path keeps its label [paths]."""
        kept = None if labels is None else labels.repeat_interleave(paths.shape[1])
        return self.decode(paths.flatten(0, 1), kept).unflatten(0, paths.shape[:2])

    def seen(self, x: Tensor) -> Tensor:
        """Features [count, num_features] of x, images unrounded; x itself, flat, where there is no extractor."""
        if self.extractor is None:
            return x.flatten(1)
        return self.extractor.unrounded((x.float().clamp(-1, 1) + 1) * 127.5)

    def look(self, labels: Tensor | None) -> Callable[[Tensor], Tensor]:
        """From codes [count, code_size] to what is seen in their samples, under fixed labels [count]."""
        return lambda codes: self.seen(self.decode(codes, labels))

    @cached_property
    def reader(self) -> Reader | None:
        """Of the factors of the data; None where none are known."""
        if self.extractor is None or not isinstance(self.data, Images) or not self.data.factors("train"):
            return None
        return Reader.of(self.data, self.extractor)

    def readings(self, count: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Codes [count, code_size], float64, and the factors of their samples, name -> [count]; of `count` samples.

        Raises:
            ValueError: no factors are known of the data.
        """
        if self.reader is None:
            raise ValueError(f"data={self.data.name}: no factors of these samples are known")
        codes, seen = [], []
        for indices in progress(batches(count, BATCH), "reading factors"):
            codes.append(self.codes(indices))
            seen.append(self.seen(self.decode(codes[-1], self.labels(indices))))
        return torch.cat(codes).double().cpu(), self.reader.read(torch.cat(seen))
