"""The truncation trick: codes near the middle of the prior, for typical samples instead of all kinds."""

from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.models.base import CodedModel


def truncated(codes: Tensor, threshold: float, prior: str) -> Tensor:
    """Codes [count, code_size] of the prior, as codes of the prior given that no coordinate is beyond +-threshold.

    Brock et al. (2019) draw each coordinate beyond the threshold again until it lies within: the distribution is the
    prior's, cut off, not the prior's scaled. The same distribution is had without drawing again, by quantiles,

        F_t^-1(F(z)),    F the prior's distribution function, F_t the cut-off one's,

    so that code i moves continuously towards 0 as the threshold falls, and a picture at one threshold compares with
    that at another. For a uniform prior, and only there, this is a scaling, by min(threshold, 1).

    Args:
        codes: from the prior.
        threshold: above 0; in standard deviations for `normal`, in half widths of the box for `uniform`.
        prior: `normal` or `uniform`; `fitted` stands for the normal draws of such a prior.

    Raises:
        ValueError: the threshold is not above 0.
    """
    if not threshold > 0:
        raise ValueError(f"truncation={threshold:g}: no code lies within; it takes a threshold above 0")
    if prior == "uniform":
        return codes * min(threshold, 1.0)
    z = codes.double()
    low = torch.special.ndtr(torch.tensor(-threshold, dtype=torch.float64))
    below = torch.special.ndtr(-z.abs())  # the lower half, where float64 resolves the tail
    return (-z.sign() * torch.special.ndtri(low + (1 - 2 * low) * below)).to(codes.dtype)


def truncated_draws(model: CodedModel, indices: Sequence[int], seed: int, threshold: float | None) -> Tensor:
    """What the codes of samples `indices` are made of, [len(indices), code_size]; None: not truncated.

    Under a prior that is fitted to codes it is the draws that are cut off, in standard deviations along its own axes.
    """
    draws = model.base_noise(indices, seed)
    return draws if threshold is None else truncated(draws, threshold, model.prior_distribution)


def truncated_prior(model: CodedModel, indices: Sequence[int], seed: int, threshold: float | None) -> Tensor:
    """The codes of samples `indices`, [len(indices), code_size]; None: not truncated."""
    return model.to_prior(truncated_draws(model, indices, seed, threshold))
