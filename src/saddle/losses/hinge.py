"""Margins instead of probabilities (Lim and Ye 2017; Tran, Ranganath and Blei 2017)."""

import torch
from torch import Tensor
from torch.nn.functional import relu

from saddle.losses.base import Loss


class Hinge(Loss):
    r"""D separates reals from fakes by a margin; logits beyond the margin have no loss.

    $$L_D = E_{P_{data}} \max(0, 1 - D(x)) + E_{P_G} \max(0, 1 + D(x)), \qquad L_G = -E_{P_G} D(x), \quad D = logit$$

    D minimises L_D; V = -L_D. Its optimum is D* = sign(P_data - P_G), any value in [-1, 1] where the two are equal. At
    it L_D = 2 - 2 TV(P_data, P_G), with TV = 1/2 sum |p - q| in [0, 1]: D measures the total variation.

    G has no hinge: its gradient in a logit is the same for every fake. At D* this descends 2 TV (in the probabilities;
    the gradient in a sample is 0 where D* is flat), not the reverse KL that some papers claim.

    The usual choice with spectral normalisation (Miyato et al. 2018), because D's gradient vanishes on samples that it
    separates and G's does not. Without smoothness of D, only D's slope bounds G's gradient.
    """

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return torch.where(log_ratio == 0, torch.nan, log_ratio.sign())
