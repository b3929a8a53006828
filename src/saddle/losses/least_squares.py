"""Least squares (Mao et al. 2017)."""

from torch import Tensor

from saddle.losses.base import Loss


class LeastSquares(Loss):
    r"""D learns one label for reals and another for fakes by regression; G wants its fakes at a third.

    $$L_D = \tfrac12 E_{P_{data}} (D(x) - b)^2 + \tfrac12 E_{P_G} (D(x) - a)^2, \quad
      L_G = \tfrac12 E_{P_G} (D(x) - c)^2, \quad D = logit$$

    D minimises L_D; V = -L_D. Its optimum is D* = (b P_data + a P_G) / (P_data + P_G), where
    L_D = (b - a)^2 (2 - Delta) / 8 with Delta(P_data, P_G) = sum (p - q)^2 / (p + q) in [0, 2], twice the Pearson
    chi-squared divergence of P_data from the mixture M = (P_data + P_G) / 2.

    What G descends at D* is another thing, up to constants:

    $$(b - a)(c - a) KL(P_{data} || M) - (b - a)^2 \Delta / 8$$

    - a, b, c = 0, 1, 1: KL(P_data || M) - Delta / 8, smallest at P_G = P_data.
    - a, b, c = -1, 1, 0, the labels for which the paper finds a Pearson chi-squared divergence: it is Delta, of
      P_data + P_G from 2 P_G, as the value of both sides' (D* - c)^2 together. With D held at D*, G descends
      2 KL(P_data || M) - Delta / 2, which is flat to second order at P_G = P_data and not smallest there: G wants
      logits of 0 and pulls down a fake that D takes for real. Prefer the first.

    Smooth, with forces that grow with the distance to the label, so that outliers rule: keep D's outputs small.

    Args:
        fake_label: a, what D says of fakes.
        real_label: b, what D says of reals.
        generator_label: c, what G wants D to say of fakes.

    Raises:
        ValueError: b is not above a: larger has to mean more real.
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
