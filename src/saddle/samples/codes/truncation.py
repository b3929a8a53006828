"""The truncation trick: codes near the prior's mean, for more typical and less varied samples."""

from collections.abc import Sequence

import torch
from torch import Tensor

from saddle.models.base import CodedModel


def truncated(codes: Tensor, threshold: float, prior: str) -> Tensor:
    """Codes [count, code_size] of the prior, mapped to the prior conditioned on coordinates within +-threshold.

    Brock et al. (2019) draw each coordinate beyond the threshold again until it is within: the distribution is the
    prior's cut off, not scaled. Quantiles give the same distribution without drawing again,

        F_t^-1(F(z)),    F the prior's distribution function, F_t the cut-off one's,

    so that code i moves continuously towards 0 as the threshold falls, and a picture at one threshold compares with
    that at another. For a uniform prior, and only there, this is a scaling, by min(threshold, 1).

    Args:
        codes: codes of the prior, [count, code_size].
        threshold: number above 0, in standard deviations for `normal`, in half widths of the box for `uniform`.
        prior: `normal` or `uniform`; `fitted` stands for the normal draws of such a prior.

    Raises:
        ValueError: the threshold is not above 0.
    """
    if not threshold > 0:
        raise ValueError(f"truncation={threshold:g}: no code lies within; give a threshold above 0")
    if prior == "uniform":
        return codes * min(threshold, 1.0)
    z = codes.double()
    low = torch.special.ndtr(torch.tensor(-threshold, dtype=torch.float64))
    below = torch.special.ndtr(-z.abs())  # the lower half, where float64 resolves the tail
    return (-z.sign() * torch.special.ndtri(low + (1 - 2 * low) * below)).to(codes.dtype)


def truncated_draws(model: CodedModel, indices: Sequence[int], seed: int, threshold: float | None) -> Tensor:
    """The base noise of samples `indices`, [len(indices), code_size]; not truncated if `threshold` is None.

    For a prior fitted to codes, the base noise is cut off, in standard deviations along the prior's own axes.
    """
    base_noise = model.base_noise(indices, seed)
    return base_noise if threshold is None else truncated(base_noise, threshold, model.prior_distribution)


def truncated_prior(model: CodedModel, indices: Sequence[int], seed: int, threshold: float | None) -> Tensor:
    """The codes of samples `indices`, [len(indices), code_size]; not truncated if `threshold` is None."""
    return model.to_prior(truncated_draws(model, indices, seed, threshold))
