r"""The loop of a discriminator alone (lecture I.3) on finitely many points, with every step exact.

$$D_t = D^*(p, q_t), \qquad q_{t+1} = (1 - a) q_t + a \, softmax(D_t / T)$$

D is trained to its optimum against the negatives q, and new negatives are drawn from exp(D / T), for T = 0 from the
argmax of D. `a` = 1 is the lecture's loop, which forgets the earlier negatives; a < 1 keeps some (a replay buffer).

For a loss with D* = log(p / q) + c the fixed point of the loop satisfies log q = (log p - log q) / T + c:

$$q \propto p^{1 / (1 + T)}, \qquad D = \frac{T}{1 + T} \log p + c.$$

Near it a small error e of log q becomes (1 - a (1 + 1/T)) e (less its mean), so the loop converges only for
a < 2 T / (1 + T). The lecture's loop, a = 1, needs T > 1, and its q is then at most as close to p as sqrt(p); for the
argmax no a > 0 is small enough: each D chases the negatives of the previous one.
"""

import torch
from torch import Tensor

from saddle.losses.base import Loss
from saddle.theory.optimal_discriminator import log_ratio


def fixed_point(p: Tensor, temperature: float) -> Tensor:
    """The fixed point q [points] of the loop for a loss with D* = log(p / q) + c and p [points]."""
    return (p.double().log() / (1 + temperature)).softmax(0)


def largest_share(temperature: float) -> float:
    """The largest `a` for which that loop converges to its fixed point."""
    return 2 * temperature / (1 + temperature)


def loop(loss: Loss, p: Tensor, q: Tensor, *, rounds: int, temperature: float, share: float) -> Tensor:
    """The negatives q after every round, [rounds + 1, points], float64.

    Args:
        loss: a loss whose optimum is a function of log p / q.
        p: P_data, [points], positive.
        q: the first negatives, [points], positive.
        rounds: number of rounds of the loop.
        temperature: T; 0 is the argmax, with equal shares for several highest points.
        share: `a`, the share of new negatives in a round.

    Raises:
        ValueError: the loss has no such optimum, or a probability is 0.
    """
    if not (bool((p > 0).all()) and bool((q > 0).all())):
        raise ValueError("P_data and the first negatives have to be positive at every point: D* is infinite elsewhere")
    p, q = p.double(), q.double()
    history = [q]
    for _ in range(rounds):
        heights = loss.optimum(log_ratio(p, q))
        if heights is None:
            raise ValueError(f"{type(loss).__name__} has no optimum that is a function of log p / q")
        q = (1 - share) * q + share * searched(heights, temperature)
        history.append(q)
    return torch.stack(history)


def searched(heights: Tensor, temperature: float) -> Tensor:
    """softmax(D / T) [points] of D [points]; the argmax if T = 0 or if D is infinite, as it is where q is 0."""
    if temperature and not heights.isposinf().any():
        return (heights / temperature).softmax(0)
    highest = (heights == heights.max()).double()
    return highest / highest.sum()
