"""All distances between generated and real images, and the protocol under which they were measured."""

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version

import numpy as np
import torch
from pydantic import PositiveInt
from torch import Tensor

from saddle.cache import cached
from saddle.metrics.extractor import Extractor
from saddle.metrics.frechet import Gaussian, frechet_distance
from saddle.metrics.kernel import KernelDistance
from saddle.metrics.manifold import Manifold
from saddle.metrics.wasserstein import SlicedWasserstein
from saddle.noise import generator

MOST = 10_000
"""Images on each side where no number is asked for."""
FEW = 1_000
"""Below this many images the warning says that the numbers are biased."""


class Evaluator:
    """Measures a sampler against a fixed set of real images.

    The real side (features, moments, radii, sorted patches) is computed at the first call and kept; its features also
    lie in the cache on disk, under a hash of the images and the extractor. Equally many images stand on both sides: of
    a larger reference a fixed random part. Distances are computed in float64 (swd: float32) on the device of the
    samples, the Frechet distance on the CPU. Nothing is drawn from a global generator, and no module changes its mode.

    Args:
        extractor: gives the features, and the suffix of the names.
        reference: the real images, uint8 [images, channels, height, width].
        split: which part of the data they are (train, test, all); only stated.
        count: images on each side; None is the size of the reference, at most 10,000.
        batch_size: images that are drawn, and passed through the extractor, at a time.
        neighbours: k of precision and recall.
        patches: from each image at each level, for swd.
        projections: directions, for swd.

    Raises:
        ValueError: more images are asked for than the reference has, or fewer than `neighbours` + 1.
    """

    def __init__(
        self,
        *,
        extractor: Extractor,
        reference: Tensor,
        split: str,
        count: PositiveInt | None,
        batch_size: PositiveInt,
        neighbours: PositiveInt,
        patches: PositiveInt,
        projections: PositiveInt,
    ) -> None:
        self.count = _allowed(count, len(reference), neighbours)
        self.extractor = extractor
        self.reference = reference if self.count == len(reference) else reference[_part(len(reference), self.count)]
        self.split = split
        self.batch_size = batch_size
        self.neighbours = neighbours
        self.patches = patches
        self.projections = projections

    def __call__(self, sample: Callable[[Sequence[int]], Tensor]) -> dict[str, float]:
        """Distances of the images sample(range(count)), drawn in batches.

        Args:
            sample: indices to uint8 images [len(indices), channels, height, width], on any device.

        Returns:
            fd_<extractor>, kd_<extractor> and swd, smaller is better; precision_<extractor> and recall_<extractor>.
        """
        batches, features = [], []
        for start in range(0, self.count, self.batch_size):
            images = sample(range(start, min(start + self.batch_size, self.count)))
            self.extractor.to(images.device)
            features.append(_double(self.extractor(images)))
            batches.append(images)
        fake = torch.cat(features)  # [count, num_features]
        overlap = self._manifold(fake)
        suffix = self.extractor.name
        return {
            f"fd_{suffix}": frechet_distance(self._frechet, Gaussian.fitted(fake)),
            f"kd_{suffix}": self._kernel(fake),
            f"precision_{suffix}": overlap["precision"],
            f"recall_{suffix}": overlap["recall"],
            "swd": self._sliced(torch.cat(batches)),
        }

    @property
    def metrics(self) -> list[str]:
        """The names of the numbers; first the one that runs are compared by."""
        return [f"{metric}_{self.extractor.name}" for metric in ("fd", "kd", "precision", "recall")] + ["swd"]

    def floor(self) -> float:
        """The Frechet distance of one half of the reference to the other: about what perfect samples would score.

        Half as many images stand on each side as in an evaluation, so it is a little too high for that.
        """
        shuffled = self._real[torch.from_numpy(generator("evaluation", "halves").permutation(self.count))]
        halves = shuffled[: self.count // 2], shuffled[self.count // 2 :]
        return frechet_distance(*map(Gaussian.fitted, halves))

    def protocol(self) -> dict[str, str | int]:
        """All that the numbers depend on besides the generated images; numbers of two protocols do not compare."""
        return {
            "extractor": self.extractor.name,
            "extractor_digest": self.extractor.digest,
            "resize": self.extractor.resize,
            "images_real": self.count,
            "images_generated": self.count,
            "reference_split": self.split,
            "reference_digest": self._digest,
            "neighbours": self.neighbours,
            "swd_patches": self.patches,
            "swd_projections": self.projections,
            **{name: version(name) for name in ("torch", "torchmetrics", "numpy")},
        }

    @cached_property
    def _digest(self) -> str:
        images = self.reference.cpu().contiguous()
        return _hash(images.numpy().tobytes() + repr(tuple(images.shape)).encode())

    @cached_property
    def _real(self) -> Tensor:
        """Features of the reference, float64 [count, num_features]."""
        extractor = self.extractor
        key = _hash(repr((extractor.digest, extractor.resize, self._digest)).encode())
        return _double(torch.from_numpy(cached(f"features/{extractor.name}_{key}", self._extract)["features"]))

    def _extract(self) -> dict[str, np.ndarray]:
        device = next(iter(self.extractor.parameters())).device
        batches = [self.extractor(images.to(device)).cpu() for images in self.reference.split(self.batch_size)]
        return {"features": torch.cat(batches).numpy()}

    @cached_property
    def _frechet(self) -> Gaussian:
        return Gaussian.fitted(self._real)

    @cached_property
    def _kernel(self) -> KernelDistance:
        return KernelDistance(real=self._real)

    @cached_property
    def _manifold(self) -> Manifold:
        return Manifold(real=self._real, neighbours=self.neighbours, density_neighbours=self.neighbours, most=50_000)

    @cached_property
    def _sliced(self) -> SlicedWasserstein:
        return SlicedWasserstein(real=self.reference, patches=self.patches, projections=self.projections)


def _allowed(count: int | None, available: int, neighbours: int) -> int:
    if count is not None and count > available:
        raise ValueError(
            f"evaluate_images={count}, but the reference has {available} images; at most that many, or null for "
            f"min({MOST:,}, size of the reference)"
        )
    allowed = min(MOST, available) if count is None else count
    if allowed <= neighbours:
        raise ValueError(
            f"evaluate_images={allowed}: precision and recall with {neighbours} neighbours need more images"
        )
    if allowed < FEW:
        warnings.warn(
            f"measured on {allowed} images: below {FEW:,} the Frechet distance is biased upwards; "
            "it compares only with numbers from as many images",
            stacklevel=3,
        )
    return allowed


def _part(available: int, count: int) -> Tensor:
    """A fixed random part of the reference, in its order: folders are often sorted by kind."""
    return torch.from_numpy(np.sort(generator("evaluation", "reference").permutation(available)[:count]))


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()


def _double(features: Tensor) -> Tensor:
    """float64 where the device has it: float32 products may be rounded to TF32 on a GPU."""
    return features.cpu().double() if features.device.type == "mps" else features.double()
