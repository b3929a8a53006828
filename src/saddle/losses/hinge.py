"""Margins instead of probabilities (Lim and Ye 2017; Tran, Ranganath and Blei 2017)."""

import torch
from torch import Tensor
from torch.nn.functional import relu

from saddle.losses.base import Loss


class Hinge(Loss):
    r"""D separates reals from fakes by a margin and has no interest in logits beyond it.

    $$L_D = E_{P_{data}} \max(0, 1 - D(x)) + E_{P_G} \max(0, 1 + D(x)), \qquad L_G = -E_{P_G} D(x), \quad D = logit$$

    D minimises L_D; V = -L_D. Its optimum is D* = sign(P_data - P_G), any value in [-1, 1] where the two are equal. At
    it L_D = 2 - 2 TV(P_data, P_G), with TV = 1/2 sum |p - q| in [0, 1]: D measures the total variation.

    G has no hinge: every fake is pushed up with the same force, however sure D is. At D* this descends 2 TV (in the
    probabilities; in a sample nothing, where D* is flat), not the reverse KL of which some papers speak.

    The usual choice beside a spectral norm (Miyato et al. 2018), because D's gradient vanishes on what it separates and
    G's does not. Without anything that keeps D smooth, G's force knows no bound but D's slope.
    """

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return relu(1 - real).mean() + relu(1 + fake).mean()

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return torch.where(log_ratio == 0, torch.nan, log_ratio.sign())
