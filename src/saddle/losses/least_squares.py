"""Least squares (Mao et al. 2017)."""

from torch import Tensor

from saddle.losses.base import Loss


class LeastSquares(Loss):
    r"""D regresses to one label for reals and another for fakes; G moves fakes to a third label.

    $$L_D = \tfrac12 E_{P_{data}} (D(x) - b)^2 + \tfrac12 E_{P_G} (D(x) - a)^2, \quad
      L_G = \tfrac12 E_{P_G} (D(x) - c)^2, \quad D = logit$$

    D minimises L_D; V = -L_D. Its optimum is D* = (b P_data + a P_G) / (P_data + P_G), where
    L_D = (b - a)^2 (2 - Delta) / 8 with Delta(P_data, P_G) = sum (p - q)^2 / (p + q) in [0, 2], twice the Pearson
    chi-squared divergence of P_data from the mixture M = (P_data + P_G) / 2.

    What G descends at D* differs, up to constants:

    $$(b - a)(c - a) KL(P_{data} || M) - (b - a)^2 \Delta / 8$$

    - a, b, c = 0, 1, 1: KL(P_data || M) - Delta / 8, smallest at P_G = P_data.
    - a, b, c = -1, 1, 0, the labels for which the paper derives a Pearson chi-squared divergence: it is Delta, of
      P_data + P_G from 2 P_G, as the value of (D* - c)^2 over both sides. With D fixed at D*, G descends
      2 KL(P_data || M) - Delta / 2, which is flat to second order at P_G = P_data and not smallest there: G aims at
      logits of 0 and decreases the logit of a fake that D classifies as real. Prefer the first.

    Gradients are smooth and grow with the distance to the label, so outliers dominate: keep D's outputs small.

    Args:
        fake_label: a, D's target for fakes.
        real_label: b, D's target for reals.
        generator_label: c, G's target for D's outputs on fakes.

    Raises:
        ValueError: b is not above a; a larger logit must mean more real.
    """

    def __init__(self, *, fake_label: float, real_label: float, generator_label: float) -> None:
        if real_label <= fake_label:
            raise ValueError(
                f"loss.real_label={real_label}, loss.fake_label={fake_label}: D's label of the reals must be the larger"
            )
        self.fake_label, self.real_label, self.generator_label = fake_label, real_label, generator_label
        self.threshold = (fake_label + real_label) / 2

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - self.real_label).square().mean() + (fake - self.fake_label).square().mean()) / 2

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return (fake - self.generator_label).square().mean() / 2

    def optimum(self, log_ratio: Tensor) -> Tensor:
        return self.fake_label + (self.real_label - self.fake_label) * log_ratio.sigmoid()
