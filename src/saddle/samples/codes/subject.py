"""A trained model whose latent code is analysed: codes in, samples and their features out."""

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
"""Number of codes that are decoded at a time."""
DENSE = 25
"""Number of points that take the place of one image, so that a row of points is a line."""


class Subject:
    """A model with a code, its data, and the extractor of its samples' features.

    Args:
        model: model with its final weights.
        data: data that the model was trained on.
        extractor: feature extractor for these data; None to use x itself.
        seed: seed of the codes.
        label: class of all samples of a conditional model; None for `labels_of`, constant along a path.
        threshold: threshold of truncated codes; None for codes of the prior.
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
        """The number of samples in a row as wide as `images` images; more of them if x is a point."""
        return images if len(self.data.shape) == 3 else DENSE * images

    def codes(self, indices: range) -> Tensor:
        """The codes of samples `indices`, [len(indices), code_size]."""
        return self.model.to_prior(self.base_noise(indices))

    def base_noise(self, indices: range) -> Tensor:
        """The base noise of these codes, [len(indices), code_size] of N(0, I) or uniform, along which paths lead."""
        return truncated_draws(self.model, indices, self.seed, self.threshold)

    def labels(self, indices: range) -> Tensor | None:
        """The labels of samples `indices`, [len(indices)]; None without classes."""
        if self.label is None:
            return self.model.labels_of(indices, self.seed)
        return torch.full([len(indices)], self.label, device=self.model.device)

    def name_of(self, label: int) -> str:
        """The name of a class."""
        return self.model.classes.names[label] if self.model.classes is not None else ""

    def decode(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """x [count, *shape] of codes [count, code_size] and their labels [count]."""
        batches = codes.split(BATCH)
        label_batches = [None] * len(batches) if labels is None else labels.split(BATCH)
        return torch.cat([self.model.decode(*batch) for batch in zip(batches, label_batches, strict=True)])

    def along(self, paths: Tensor, labels: Tensor | None) -> Tensor:
        """x [paths, places, *shape] of codes [paths, places, code_size]; a path keeps its label [paths]."""
        path_labels = None if labels is None else labels.repeat_interleave(paths.shape[1])
        return self.decode(paths.flatten(0, 1), path_labels).unflatten(0, paths.shape[:2])

    def features(self, x: Tensor) -> Tensor:
        """Features [count, num_features] of x, with unrounded images; x itself, flat, without an extractor."""
        if self.extractor is None:
            return x.flatten(1)
        return self.extractor.unrounded((x.float().clamp(-1, 1) + 1) * 127.5)

    @cached_property
    def reader(self) -> Reader | None:
        """The reader of the factors of the data; None if no factors are known."""
        if self.extractor is None or not isinstance(self.data, Images) or not self.data.factors("train"):
            return None
        return Reader.of(self.data, self.extractor)

    def readings(self, count: int) -> tuple[Tensor, dict[str, Tensor]]:
        """The codes [count, code_size], float64, of `count` samples, and their factors, name -> [count].

        Raises:
            ValueError: no factors of the data are known.
        """
        if self.reader is None:
            raise ValueError(f"data={self.data.name}: no factors of these samples are known")
        codes, features = [], []
        for indices in progress(batches(count, BATCH), "reading factors"):
            codes.append(self.codes(indices))
            features.append(self.features(self.decode(codes[-1], self.labels(indices))))
        return torch.cat(codes).double().cpu(), self.reader.read(torch.cat(features))
