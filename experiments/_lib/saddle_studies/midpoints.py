"""Samples from the middle between two codes (lecture I.2.2)."""

from collections.abc import Sequence

from torch import Tensor

from saddle.models.base import CodedModel
from saddle.samples.codes.paths import linear

FAR = 2**40
"""Distance between the indices of paired samples, more than anybody draws."""


def midpoints(model: CodedModel, indices: Sequence[int], seed: int) -> Tensor:
    """G(0.5 a + 0.5 b), a the code of sample i and b that of sample i + 2^40: [len(indices), *shape].

    A generator that has learned its codes one by one was never trained on codes between them. Under a normal prior the
    middle is closer to 0 than almost any code, by sqrt 2, so that G has seen few such codes.
    """
    other = [index + FAR for index in indices]
    codes = linear(model.prior(indices, seed), model.prior(other, seed), 0.5)
    return model.decode(codes, model.labels_of(indices, seed))
