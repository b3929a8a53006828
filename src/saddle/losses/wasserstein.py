"""The difference of two means (Arjovsky, Chintala and Bottou 2017)."""

from torch import Tensor

from saddle.losses.base import Loss


class Wasserstein(Loss):
    r"""D is a critic instead of a classifier: its outputs separate reals from fakes as far as its slope permits.

    $$V(G, D) = E_{x \sim P_{data}} D(x) - E_{x \sim P_G} D(x), \quad D = logit$$

    D minimises -V, G minimises the part of V that depends on it, -E D(G(z)). Over critics with
    |D(x) - D(y)| <= |x - y| the supremum of V is the Wasserstein distance W1(P_data, P_G), the smallest mean distance
    of a transport from P_G to P_data (Kantorovich and Rubinstein); D* is the potential of that transport, up to a
    constant. With a Lipschitz bound K it is K W1. At D* G descends the same W1.

    Without a penalty, a spectral norm or clipping that keeps D Lipschitz, V has no supremum and D's logits diverge. D
    must be near its optimum, hence d_steps = 5 in the paper. The advantage is a distance that decreases continuously
    even if P_data and P_G do not overlap.
    """

    threshold = None
    needs_lipschitz = True

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()
