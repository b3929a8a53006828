"""Likelihoods p(x | code): the noise model between the decoded image G(code) and x."""

from abc import ABC, abstractmethod
from math import log, pi

import torch
from pydantic import PositiveFloat
from torch import Tensor


class Likelihood(ABC):
    """The distribution of x given the decoded image, with independent entries."""

    bounds: bool
    """Whether the likelihood is a probability density of x, so that the ELBO bounds log p(x)."""

    @abstractmethod
    def log_prob(self, x: Tensor, decoded: Tensor) -> Tensor:
        """log p(x | decoded), summed over all entries of x [count, *shape]: [count], in nats."""


class Gaussian(Likelihood):
    r"""p(x | code) = N(x; G(code), deviation^2 I), a density of x in [-1, 1]^n (no dequantisation of its pixels).

    $$ \log p(x | c) = -|x - G(c)|^2 / (2 \sigma^2) - n/2 \log(2 \pi \sigma^2) $$

    Args:
        deviation: sigma, in units of x.
    """

    bounds = True

    def __init__(self, *, deviation: PositiveFloat) -> None:
        self.deviation = deviation

    def log_prob(self, x: Tensor, decoded: Tensor) -> Tensor:
        z = (x - decoded) / self.deviation
        constant = x[0].numel() * (log(self.deviation) + 0.5 * log(2 * pi))
        return -0.5 * z.square().flatten(1).sum(1) - constant


class Bernoulli(Likelihood):
    r"""Cross-entropy of pixels as probabilities: u log v + (1 - u) log(1 - v), with u = (1 + x)/2, v = (1 + G)/2.

    The usual choice for pictures that are nearly black and white (Kingma and Welling 2014). For grey u it is not a
    density of x: it does not integrate to 1 (Loaiza-Ganem and Cunningham 2019), so it gives no bound.

    Args:
        margin: smallest distance of v from 0 and 1; v is clamped.
    """

    bounds = False

    def __init__(self, *, margin: PositiveFloat) -> None:
        self.margin = margin

    def log_prob(self, x: Tensor, decoded: Tensor) -> Tensor:
        u, v = (1 + x) / 2, ((1 + decoded) / 2).clamp(self.margin, 1 - self.margin)
        return (u * torch.log(v) + (1 - u) * torch.log1p(-v)).flatten(1).sum(1)
