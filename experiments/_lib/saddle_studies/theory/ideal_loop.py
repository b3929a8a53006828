r"""The ideal loop of the lecture (II.2): D is solved exactly, then G takes a step.

G is a softmax over finitely many points, so that its objective is a sum and its gradient exact:

$$D_t = D^*(p, q_t), \quad L(\theta) = \sum_x q_\theta(x) g(D_t(x)), \quad \theta \leftarrow \theta - \eta \nabla L$$

with g the loss's own term of G. With one small step per D, the minimax game goes down 2 JSD(p || q), because the
gradient of a maximum is that of its maximiser (Goodfellow et al. 2014, proposition 2; Danskin 1966). A large step, or
many steps against a fixed D, leave the neighbourhood in which D is optimal, and the JSD may rise: L is linear in q, and
its minimum puts all mass on one point. Other games descend something else at D*, see the docstrings of the losses.

It is a function and not an option `d_steps=optimal` of a run: D* is a table over points, so G has to be one, too. A
network G with continuous x gives every point of P_data probability 0, so that D* separates everything perfectly, is
constant around every fake, and gives G no gradient (Arjovsky and Bottou 2017, theorem 2.4). A run would train another
model under the name of the same data. With the points of `data=discrete`, for instance:

    p = torch.tensor([0.1, 0.15, 0.2, 0.25, 0.3], dtype=torch.float64)
    made = ideal_loop(Minimax(), p, torch.zeros(5), steps=100, learning_rate=2.0, g_steps=1)
    jsd(p.expand_as(made), made)  # [101], in nats: it falls at every step, to 0
"""

import torch
from torch import Tensor

from saddle.losses.base import Loss, RelativeLoss
from saddle.theory.optimal_discriminator import log_ratio

FAR = 40.0
"""The value of an infinite logit: tanh and the sigmoid equal their limits there."""


def ideal_loop(loss: Loss, p: Tensor, logits: Tensor, *, steps: int, learning_rate: float, g_steps: int) -> Tensor:
    """P_G after every step of G, [steps + 1, points]; D is solved anew before every `g_steps` of them.

    Args:
        loss: a loss whose optimum is a function of log p / q.
        p: P_data, [points].
        logits: the initial logits of G, q = softmax(logits), [points].
        steps: number of steps of G.
        learning_rate: learning rate of plain gradient descent on G's logits.
        g_steps: number of steps of G for each D.

    Raises:
        ValueError: the shapes differ, the loss has no such optimum, or G's objective is infinite at it.
    """
    if p.dim() != 1 or p.shape != logits.shape:
        raise ValueError(f"P_data and G's logits have to be [points], not {list(p.shape)} and {list(logits.shape)}")
    p, theta, history = p.double(), logits.detach().double(), []
    heights = torch.empty(0)
    for step in range(steps):
        q = theta.softmax(0)
        history.append(q)
        if step % g_steps == 0:
            heights = generator_heights(loss, p, held_optimum(loss, p, q))
        theta = theta - learning_rate * q * (heights - q @ heights)  # the gradient of sum q h in a softmax's logits
    return torch.stack([*history, theta.softmax(0)])


def held_optimum(loss: Loss, p: Tensor, q: Tensor) -> Tensor:
    """The loss's D* [points], finite: a tie is the threshold, and an infinite logit is +-40.

    Raises:
        ValueError: D* is no function of log p / q for this loss, or G's term has no limit where D* is infinite.
    """
    optimum = loss.optimum(log_ratio(p, q))
    if optimum is None:
        raise ValueError(f"{type(loss).__name__} has no optimum that is a function of log p / q: D cannot be solved so")
    tie = torch.where(optimum.isnan(), loss.threshold or 0.0, optimum)
    near, far = (tie.clamp(-at, at).where(tie.isinf(), tie) for at in (FAR, 2 * FAR))
    if not torch.allclose(generator_heights(loss, p, near), generator_heights(loss, p, far), rtol=0, atol=1e-12):
        raise ValueError(f"{type(loss).__name__}: D* is infinite at a point, and G's objective with it")
    return near


def generator_heights(loss: Loss, p: Tensor, logits: Tensor) -> Tensor:
    """The cost to G of a fake at each point for fixed D, given by `logits` [points]: g [points], L_G = sum q g."""
    if not isinstance(loss, RelativeLoss):
        return torch.vmap(lambda fake: loss.generator(None, fake[None]))(logits)
    paired = torch.vmap(torch.vmap(lambda real, fake: loss.generator(real[None], fake[None]), (None, 0)), (0, None))
    return p @ paired(logits, logits)  # [reals, fakes] to [fakes]
