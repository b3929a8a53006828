"""Known factors read off images: what a generated face shows, by features that were not trained on generated ones."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from torch import Tensor

from saddle.data.images import Images, Part
from saddle.metrics.extractors.base import Extractor

RIDGE, SHRINKAGE = 1.0, 1e-3
"""Against features that are nearly copies of one another; both far below what 10,000 images decide."""
MOST = 10_000
"""Images that a reader is fitted to, and images that it is tried on."""
BATCH = 250

Factors = Mapping[str, NDArray[Any]]


class Reader:
    """Linear maps from an extractor's features to the factors of its data set.

    The extractors that ship were trained to read the factors, and keep their features only: the last linear layer is
    fitted anew, for numbers as a ridge regression, for categories as Fisher's discriminant (one regression for each
    category would mask those that lie between others: 94% instead of 99.9% for the colour of the faces' eyes). They
    are fitted to real images; how well they read generated ones nobody can measure, but the worse a sample, the less
    its factors mean.

    Attributes:
        scores: factor -> on images that it was not fitted to, R^2 of a number and accuracy of a category.
    """

    def __init__(self, features: NDArray[Any], factors: Factors) -> None:
        self.scores: dict[str, float] = {}
        self._maps: dict[str, Any] = {}
        for name, values in factors.items():
            category = np.issubdtype(values.dtype, np.integer)
            made = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE) if category else Ridge(alpha=RIDGE)
            self._maps[name] = made.fit(features, values)

    @classmethod
    def of(cls, data: Images, extractor: Extractor) -> Self:
        """Fitted to training images, tried on held-out ones.

        Raises:
            ValueError: nothing is known of these images, or none are held out.
        """
        known = data.factors("train")
        if not known or data.test is None:
            raise ValueError(f"data={data.name}: no factors of these images are known")
        reader = cls(_features(data, "train", extractor), {name: values[:MOST] for name, values in known.items()})
        reader.try_on(_features(data, "test", extractor), data.factors("test"))
        return reader

    def try_on(self, features: NDArray[Any], factors: Factors) -> None:
        """Set `scores` to what the maps reach on other images."""
        count = len(features)
        self.scores = {name: float(made.score(features, factors[name][:count])) for name, made in self._maps.items()}

    def read(self, features: Tensor) -> dict[str, Tensor]:
        """Factor -> value in each image [count]: float64 for a number, int64 for a category."""
        given = features.cpu().numpy()
        found = {name: np.asarray(made.predict(given)) for name, made in self._maps.items()}
        return {
            name: torch.from_numpy(values.astype(np.int64 if np.issubdtype(values.dtype, np.integer) else np.float64))
            for name, values in found.items()
        }


def _features(data: Images, part: Part, extractor: Extractor) -> NDArray[Any]:
    """Of the first MOST images of a part, [count, num_features]."""
    images = data.split(part)
    device = next(iter(extractor.parameters())).device
    count = min(MOST, len(images))
    pieces = [images[np.arange(start, min(start + BATCH, count))] for start in range(0, count, BATCH)]
    return torch.cat([extractor(piece.to(device)).cpu() for piece in pieces]).numpy()
