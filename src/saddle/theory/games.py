"""Games of two players with few parameters, and the maps by which their learning moves them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from saddle.losses.base import Loss, RelativeLoss

Objective = Callable[[Tensor, Tensor], Tensor]
"""(theta [n] of G, psi [m] of D), float64, to what one player minimises, a scalar []."""


@dataclass(frozen=True, kw_only=True)
class Game:
    """Each player's objective, which it minimises, as a function of both players' parameters."""

    discriminator: Objective
    generator: Objective


@dataclass(frozen=True, kw_only=True)
class Steps:
    """One update: D takes `d_steps` gradient steps, then G takes one.

    In alternating steps, as in training, G's gradient is taken at D's new parameters; in simultaneous steps, as in most
    proofs, at the parameters before the update.
    """

    discriminator_rate: float
    generator_rate: float
    d_steps: int
    alternating: bool

    def __call__(self, game: Game, theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        """The parameters after one update, theta [n] and psi [m] to the same; differentiable."""
        moved = psi
        for _ in range(self.d_steps):
            moved = moved - self.discriminator_rate * _slope(partial(game.discriminator, theta), moved)
        against = moved if self.alternating else psi
        return theta - self.generator_rate * _slope(lambda own: game.generator(own, against), theta), moved


def dirac(loss: Loss, penalty: Callable[[Tensor], Tensor]) -> Game:
    r"""The Dirac-GAN (Mescheder, Geiger and Nowozin 2018, definition 2.1): all reals are at 0, all fakes at theta.

    $$P_{data} = \delta_0, \quad P_G = \delta_\theta, \quad D(x) = \psi x + c, \quad D \text{ minimises }
      L_D(c, \psi \theta + c) + R(\psi), \; G \text{ minimises } L_G(\psi \theta + c)$$

    c is the loss's threshold, the logit at which D is undecided; the paper uses 0. With c, (0, 0) is an equilibrium
    also for a loss whose undecided logit is not 0.

    Args:
        loss: both players' terms.
        penalty: R, of D's slope psi [] (the same at every x), to a scalar [].

    Returns:
        The game with n = m = 1.
    """
    undecided = 0.0 if loss.threshold is None else loss.threshold

    def logits(theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
        return psi * 0 + undecided, psi * theta + undecided  # [1] of the reals and of the fakes

    def discriminator(theta: Tensor, psi: Tensor) -> Tensor:
        return loss.discriminator(*logits(theta, psi)) + penalty(psi.squeeze(0))

    def generator(theta: Tensor, psi: Tensor) -> Tensor:
        real, fake = logits(theta, psi)
        return loss.generator(real if isinstance(loss, RelativeLoss) else None, fake)

    return Game(discriminator=discriminator, generator=generator)


def linear_quadratic(coupling: Tensor, of_generator: Tensor, of_discriminator: Tensor) -> Game:
    r"""One value that D maximises and G minimises: the form of every smooth zero-sum game near its saddle.

    $$V(\theta, \psi) = \psi^T A \theta + \tfrac12 \theta^T B \theta - \tfrac12 \psi^T C \psi$$

    With B = 0, as in the Dirac-GAN, G has no curvature of its own; C = gamma I is R1 (Nagarajan and
    Kolter 2017, section 3).

    Args:
        coupling: A [m, n].
        of_generator: B [n, n], symmetric.
        of_discriminator: C [m, m], symmetric.
    """

    def value(theta: Tensor, psi: Tensor) -> Tensor:
        own = theta @ of_generator @ theta - psi @ of_discriminator @ psi
        return psi @ coupling @ theta + own / 2

    return Game(discriminator=lambda theta, psi: -value(theta, psi), generator=value)


def field(game: Game, theta: Tensor, psi: Tensor) -> tuple[Tensor, Tensor]:
    """The direction in which both players move: minus each one's own gradient, [n] and [m] at theta [n], psi [m].

    It is differentiable. It is not a gradient field: its curl makes the players circle.
    """
    return -_slope(lambda own: game.generator(own, psi), theta), -_slope(partial(game.discriminator, theta), psi)


def trajectory(game: Game, steps: Steps, theta: Tensor, psi: Tensor, updates: int) -> Tensor:
    """The states (theta, psi) [updates + 1, n + m] from a start theta [n], psi [m] on."""
    states = [torch.cat([theta, psi])]
    for _ in range(updates):
        theta, psi = steps(game, theta, psi)
        states.append(torch.cat([theta, psi]))
    return torch.stack(states)


def _slope(objective: Callable[[Tensor], Tensor], parameters: Tensor) -> Tensor:
    """The gradient of a scalar objective at parameters [n]: [n]; differentiable if these require gradients.

    It is taken in an alias of the parameters: in an alternating update D's new psi depends on theta, and a G whose
    gradient went through it would foresee D's steps, which is another game (unrolled GANs, Metz et al. 2017).
    """
    derived = parameters.requires_grad
    own = parameters.view_as(parameters) if derived else parameters.detach().requires_grad_()
    (slope,) = torch.autograd.grad(objective(own), own, create_graph=derived, materialize_grads=True)
    return slope
