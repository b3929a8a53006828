"""A discriminator trained on exact expectations: the value of k steps without any noise (lecture II.3)."""

from functools import partial

import torch
from torch import Tensor, nn

from saddle.theory.value import cross_entropy, value


def stepwise(critic: nn.Module, points: Tensor, p: Tensor, q: Tensor, *, steps: int, learning_rate: float) -> Tensor:
    """V(D_k) for k = 0 ... steps, [steps + 1]: steps of Adam (betas 0, 0.99) up V, in place.

    Args:
        critic: points [count, *shape] to logits [count].
        points: [count, *shape].
        p, q: probabilities or weights of the points, [count].
        steps: the largest k.
        learning_rate: learning rate of Adam.
    """
    optimizer = torch.optim.Adam(critic.parameters(), lr=learning_rate, betas=(0.0, 0.99))
    values = []
    for _ in range(steps):
        loss = _descend(critic, points, p, q, optimizer)
        values.append(-loss)
        optimizer.step()
    with torch.no_grad():
        values.append(value(critic(points), p, q))
    return torch.stack(values)


def to_the_end(critic: nn.Module, points: Tensor, p: Tensor, q: Tensor, *, iterations: int) -> Tensor:
    """V [] after at most `iterations` of L-BFGS with line search: the best V of this network."""
    optimizer = torch.optim.LBFGS(
        critic.parameters(),
        max_iter=iterations,
        max_eval=2 * iterations,
        history_size=20,
        tolerance_grad=1e-9,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )
    optimizer.step(partial(_descend, critic, points, p, q, optimizer))
    with torch.no_grad():
        return value(critic(points), p, q)


def _descend(critic: nn.Module, points: Tensor, p: Tensor, q: Tensor, optimizer: torch.optim.Optimizer) -> Tensor:
    """L_D []; its gradients are stored in the parameters."""
    optimizer.zero_grad()
    loss = cross_entropy(critic(points), p, q)
    loss.backward()
    return loss.detach()
