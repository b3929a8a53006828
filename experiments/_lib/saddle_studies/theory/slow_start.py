r"""Why log(1 - D) is slow at the beginning, and what each objective of G descends (S2 and S3; lecture II.3).

The lecture replaces log(1 - D(G(z))) by -log D(G(z)), "the same form" but better in training. Both push a fake's logit
l up, with the forces sigma(l) and 1 - sigma(l) = sigma(-l), and against a constant D neither moves G: both have the
fixed point P_G = P_data. The rest differs. Where D rejects a fake, l << 0, one force is about
exp(l) and the other about 1; at D* the first descends 2 JSD(P_data || P_G), the second
KL(P_G || P_data) - 2 JSD(P_data || P_G) (Arjovsky and Bottou 2017, theorem 2.5).
"""

import torch
from torch import Tensor, nn

from saddle.losses.base import Loss
from saddle.theory.divergences import jsd, kl


def minimax_force(logits: Tensor) -> Tensor:
    """sigma(l) [...]: minus the derivative of log(1 - sigma(l)) in a fake's logit l [...], for one fake."""
    return torch.sigmoid(logits)


def nonsaturating_force(logits: Tensor) -> Tensor:
    """sigma(-l) = 1 - sigma(l) [...]: minus the derivative of -log sigma(l) in a fake's logit l [...], for one fake."""
    return torch.sigmoid(-logits)


def forces(loss: Loss, logits: Tensor) -> Tensor:
    """Minus the derivative of a loss's generator term in the logits of fakes [count], each separately: [count].

    For a loss that is a mean over fakes and independent of the reals.
    """
    logits = logits.detach().requires_grad_()
    (slopes,) = torch.autograd.grad(loss.generator(None, logits), logits)
    return -slopes * len(logits)


def gradient_norm(loss: Loss, generator: nn.Module, discriminator: nn.Module, codes: Tensor) -> float:
    """The norm of G's gradient over all its parameters, at codes [batch, code_size]; D gives logits [batch, 1]."""
    term = loss.generator(None, discriminator(generator(codes)).squeeze(1))
    gradients = torch.autograd.grad(term, list(generator.parameters()))
    return torch.nn.utils.get_total_norm(gradients).item()


def train_to_confidence(
    loss: Loss, discriminator: nn.Module, real: Tensor, fake: Tensor, logit: float, rate: float, most_steps: int
) -> int:
    """Train D in place by gradient descent until its mean logit on the fakes is at most `logit`; returns the steps.

    Args:
        loss: the loss whose term D minimises.
        discriminator: x [batch, *shape] to logits [batch, 1].
        real, fake: x [batch, *shape], the same in every step: G is fixed.
        logit: D's confidence, for instance -8.
        rate: learning rate of gradient descent.
        most_steps: the largest number of steps.

    Raises:
        ValueError: D does not reach the confidence.
    """
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=rate)
    for step in range(most_steps + 1):
        logits_real, logits_fake = discriminator(real).squeeze(1), discriminator(fake).squeeze(1)
        if logits_fake.mean() <= logit:
            return step
        optimizer.zero_grad()
        loss.discriminator(logits_real, logits_fake).backward()
        optimizer.step()
    raise ValueError(
        f"after {most_steps} steps D's mean logit on fakes is {logits_fake.mean().item():.3g} and not {logit}: take "
        "more steps, a larger rate or fakes that differ more from the reals"
    )


def optimal_logits(p: Tensor, q: Tensor) -> Tensor:
    """log(p / q) [..., points]: the logit of D* = p / (p + q) (Goodfellow et al. 2014, proposition 1)."""
    return p.log() - q.log()


def descended(loss: Loss, scores: Tensor, logits: Tensor) -> Tensor:
    r"""G's gradient in the scores of a categorical G against a fixed D, exactly: [points].

    $$\nabla_s E_{x \sim q_s} L_G(l(x)), \qquad q_s = softmax(s), \quad l \text{ constant}$$

    Args:
        loss: a loss that is a mean over fakes and independent of the reals.
        scores: s [points].
        logits: l [points], D at each point, for instance `optimal_logits`.
    """
    scores = scores.detach().requires_grad_()
    terms = torch.stack([loss.generator(None, logit[None]) for logit in logits.detach()])  # [points]
    (slope,) = torch.autograd.grad(scores.softmax(0) @ terms, scores)
    return slope


def minimax_descends(p: Tensor, q: Tensor) -> Tensor:
    """2 JSD(p || q) [...], in nats: what `minimax` descends at D* (Goodfellow et al. 2014, theorem 1)."""
    return 2 * jsd(p, q)


def nonsaturating_descends(p: Tensor, q: Tensor) -> Tensor:
    """KL(q || p) - 2 JSD(p || q) [...], in nats: what `nonsaturating` descends at D* (Arjovsky and Bottou 2017, 2.5).

    It is 2 KL(m || p) with m = (p + q) / 2: E_q log(q / p) - E_q log(q / m) - E_p log(p / m) = 2 E_m log(m / p). It is
    therefore a divergence, 0 only for q = p. For a q that misses half of the data it is 0.262 nats and 2 JSD is 0.432;
    for a q with mass where p is 0 it is inf.
    """
    return kl(q, p) - 2 * jsd(p, q)
