"""The inception score: are the images distinct each and diverse together, in the eyes of a classifier?"""

from itertools import pairwise
from math import log
from typing import Any

from pydantic import PositiveInt
from torch import Tensor

from saddle.metrics.base import LogitMetric
from saddle.metrics.extractors.base import Classifier
from saddle.metrics.extractors.features import RealFeatures
from saddle.metrics.order import random_order


class InceptionScore(LogitMetric):
    """`inception_score` as `<extractor>_score`. It does not use the real images.

    Args:
        real: the real images' features, and the extractor.
        score_splits: number of parts over which the score is averaged.
    """

    def __init__(self, *, real: RealFeatures, score_splits: PositiveInt) -> None:
        super().__init__(real=real)
        self.score_splits = score_splits

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {f"{self.real.extractor.name}_score": True}

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"score_parts": "random"}

    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        assert isinstance(self.real.extractor, Classifier)  # the evaluator binds it to no other
        logits = self.real.extractor.logits(features)  # [count, classes]
        return {f"{self.real.extractor.name}_score": inception_score(logits, self.score_splits)}


def inception_score(logits: Tensor, splits: int) -> float:
    """Exponential of the mean divergence between what a classifier sees in one image and in all of them.

        IS = exp(mean_i KL(p(y | x_i) || p(y))),  p(y) = mean_i p(y | x_i)

    Salimans et al. 2016, "Improved techniques for training GANs". Between 1 (it sees the same in all images) and the
    number of classes; larger is better. Real images do not enter. The score of few images is too low, so it is always
    that of count / splits images, averaged over the parts.

    The parts are random, as in torch-fidelity, but the same whatever the order of the images: contiguous parts of
    images that are sorted by class would score about 1.

    Args:
        logits: of the classifier [count, classes]; of Inception those without bias, as in the original code.
        splits: random parts, of sizes that differ by at most one, each with a p(y) of its own; 10 in the paper.

    Raises:
        ValueError: there are fewer images than parts, or a logit is infinite or not a number.
    """
    count = len(logits)
    if not 1 <= splits <= count:
        raise ValueError(
            f"the inception score of {count} images in {splits} parts, but each part needs an image: measure at least "
            f"{splits} images, or set evaluator.metrics.inception_score.score_splits to fewer"
        )
    if not logits.isfinite().all():
        raise ValueError("the inception score needs finite logits; some are infinite or not a number")
    logits = logits.cpu().double()
    log_given = logits[random_order(logits)].log_softmax(dim=1)  # [count, classes]
    edges = [part * count // splits for part in range(splits + 1)]
    scores = [_score(log_given[start:stop]) for start, stop in pairwise(edges)]
    return sum(scores) / splits


def _score(log_given: Tensor) -> float:
    """The score of one part, from log p(y | x_i) [count, classes]."""
    log_all = log_given.logsumexp(dim=0) - log(len(log_given))  # [classes]; finite where p(y) is 0
    divergences = (log_given.exp() * (log_given - log_all)).sum(dim=1)  # [count]
    return float(divergences.mean().exp())
