"""The variational autoencoder (Kingma and Welling 2014; lecture I.2.3)."""

from math import log
from typing import Literal

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor

from saddle.data.classes import Classes
from saddle.distributed.collectives import gathered
from saddle.models.learning import Player
from saddle.models.likelihood import Likelihood
from saddle.models.regression import EncodingModel
from saddle.noise import noise


class VAE(EncodingModel):
    r"""The encoder gives m and s of a Gaussian q(c | x) = N(m, exp(s)^2), a code is c = exp(s) e + m, e from N(0, I).

    E and G minimise E_x [-E_q log p(x | c) + beta constraint(s, m)], with sums over x and over the code. The constraint
    is one of two.

    `kl` is the divergence of q from the prior N(0, I), with the standard deviation exp(s) of the noise:

    $$ KL(q || N(0, I)) = \tfrac12 \sum_i (e^{2 s_i} - 1 - 2 s_i + m_i^2) $$

    With beta = 1 the objective is then -ELBO, and ELBO <= log p(x). `lecture` is the lecture's box (I.2.3),

    $$ \sum_i (e^{s_i} - (1 + s_i) + m_i^2) $$

    which is 2 KL for a variance exp(s) and does not match the noise. Both vanish only at s = m = 0. For small s,
    KL = sum s^2 + m^2/2 and box = sum s^2/2 + m^2: relative to the widths, the box weights the means four times as much
    as the KL does.

    `elbo_train`, which is logged, uses the true KL of the codes, whatever the objective: log p(x | c) - KL, one e for
    each x, mean over x, in nats, with the networks in training mode. It is no bound if batch normalisation couples the
    codes of a batch; `elbo`, on held-out samples by `bounds`, is one. `sample` draws G(c), the mean of p(x | c).

    Args:
        encoder: network from x to (m, s), [count, 2 code_size].
        generator: network from codes, and labels if there are classes, to x.
        likelihood: p(x | c).
        classes: classes of the labels; None: G receives no labels.
        batch_size: m, over all devices together.
        code_size: dimensions of a latent code.
        seed: seed of e and of the data order.
        beta: weight of the constraint (Higgins et al. 2017).
        constraint: `kl` or `lecture`, see above.
        average_half_life, average_ramp: settings of the averaged networks, in images that they learned from
            (`Average`).
    """

    code_parameters = 2

    def __init__(
        self,
        *,
        encoder: Player,
        generator: Player,
        likelihood: Likelihood,
        classes: Classes | None,
        batch_size: PositiveInt,
        code_size: PositiveInt,
        seed: NonNegativeInt,
        beta: NonNegativeFloat,
        constraint: Literal["kl", "lecture"],
        average_half_life: PositiveFloat | None,
        average_ramp: PositiveFloat,
    ) -> None:
        super().__init__(
            players=[encoder, generator],
            code_gaussian=None,
            classes=classes,
            batch_size=batch_size,
            code_size=code_size,
            prior_distribution="normal",
            seed=seed,
            average_half_life=average_half_life,
            average_ramp=average_ramp,
        )
        self.likelihood = likelihood
        self.beta, self.constraint = beta, {"kl": kl, "lecture": lecture}[constraint]

    def objective(self, update: int, x: Tensor, labels: Tensor | None) -> Tensor:
        m, s = self.encoded(x).chunk(2, dim=1)  # [share, code_size] each
        e = self.noise("posterior", update, self.batch_size, (self.code_size,), "normal")
        decoded = self.g(s.exp() * e + m, labels)
        log_prob = self.likelihood.log_prob(x, decoded.to(x.dtype))  # [share]
        divergence = kl(s, m)
        elbo, kl_posterior = gathered((log_prob - divergence).detach(), divergence.detach())  # [batch_size] each
        self.log_mean(elbo_train=elbo.mean(), kl_posterior=kl_posterior.mean())
        return self.beta * self.constraint(s, m) - log_prob

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """The means m."""
        return self.outputs(x)[:, : self.code_size]

    @torch.no_grad()
    def bounds(self, x: Tensor, labels: Tensor | None, draws: int, seed: int) -> tuple[Tensor, Tensor]:
        r"""ELBO and importance-weighted bound of log p(x), [count] each, in nats, with `draws` codes for each x.

        $$ ELBO = E_q[\log p(x | c)] - KL(q || p), \quad
           IW_K = \log \tfrac1K \sum_k p(x | c_k) p(c_k) / q(c_k | x), \quad ELBO \le E IW_K \le \log p(x) $$

        (Burda et al. 2016), for a likelihood that is a density of x. Both bounds use the same codes.
        """
        m, s = self.outputs(x).chunk(2, dim=1)
        joint, log_probs = [], []
        for draw in range(draws):
            e = noise(seed, "bounds", draw, range(len(x)), (self.code_size,)).to(x.device)
            codes = s.exp() * e + m
            log_probs.append(self.likelihood.log_prob(x, self.decode(codes, labels)).double())
            log_prior_over_posterior = (0.5 * e.square() - 0.5 * codes.square() + s).double().sum(1)
            joint.append(log_probs[-1] + log_prior_over_posterior)
        elbo = torch.stack(log_probs).mean(0) - kl(s.double(), m.double())
        return elbo, torch.stack(joint).logsumexp(0) - log(draws)


def kl(s: Tensor, m: Tensor) -> Tensor:
    """KL(N(m, exp(s)^2) || N(0, I)), s and m [count, code_size]: [count], in nats."""
    return 0.5 * (torch.expm1(2 * s) - 2 * s + m.square()).sum(1)


def lecture(s: Tensor, m: Tensor) -> Tensor:
    """The lecture's box: sum of exp(s) - (1 + s) + m^2, [count]."""
    return (torch.expm1(s) - s + m.square()).sum(1)
