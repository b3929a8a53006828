"""Whether a game's learning converges near an equilibrium: the eigenvalues of its update (Mescheder et al. 2018, A.1).

Near an equilibrium an update multiplies the distance to it by its Jacobian. It converges at a geometric rate if all
eigenvalues lie inside the unit circle and runs away if one lies outside. If the largest lie on the circle, the terms of
higher order decide, and only those.
"""

import torch
from torch import Tensor

from saddle.theory.games import Game, Steps, field


def jacobian(game: Game, steps: Steps, theta: Tensor, psi: Tensor) -> Tensor:
    """The Jacobian of one update at theta [n], psi [m]: float64 [n + m, n + m], by automatic differentiation.

    Raises:
        ValueError: the point is not an equilibrium: an update moves it.
    """
    state = torch.cat([theta, psi])

    def update(state: Tensor) -> Tensor:
        return torch.cat(steps(game, *state.split([len(theta), len(psi)])))

    moved = (update(state) - state).abs().max().item()
    if moved > 1e-9:
        raise ValueError(f"an update moves {state.tolist()} by {moved:.3g}: eigenvalues describe equilibria only")
    return torch.autograd.functional.jacobian(update, state)


def jumps(game: Game, steps: Steps, theta: Tensor, psi: Tensor, reach: float) -> bool:
    """Whether an update is discontinuous in psi [m] at theta [n], where it then has no Jacobian.

    It is discontinuous if its values at the ends of an interval around psi, `reach` to each side, stay as far apart
    when the interval shrinks to a hundredth; a steep but continuous update brings them together.
    """

    def gap(reach: float) -> float:
        one, other = (torch.cat(steps(game, theta, psi + side * reach)) for side in (-1, 1))
        return (other - one).abs().max().item()

    return gap(reach / 100) > gap(reach) / 2


def flow_jacobian(game: Game, theta: Tensor, psi: Tensor) -> Tensor:
    """The Jacobian of the field, of infinitely small steps, at theta [n], psi [m]: [n + m, n + m]."""

    def move(state: Tensor) -> Tensor:
        return torch.cat(field(game, *state.split([len(theta), len(psi)])))

    return torch.autograd.functional.jacobian(move, torch.cat([theta, psi]))


def spectral_radius(matrix: Tensor) -> float:
    """The largest |eigenvalue| of a matrix [n, n]."""
    return torch.linalg.eigvals(matrix).abs().max().item()


def drift(game: Game, radius: float, points: int) -> float:
    r"""Mean of <state, field> / |state|^2 over a circle around 0 in the plane of a game with n = m = 1, per unit time.

    Where the eigenvalues of the flow are imaginary and the linear orbits circles, d log r / dt is this mean to leading
    order (averaging): negative for a slow spiral inwards, 0 for orbits that close.
    """
    angles = 2 * torch.pi * torch.arange(points, dtype=torch.float64) / points
    states = radius * torch.stack([angles.cos(), angles.sin()], dim=1)  # [points, 2]
    return sum((state @ torch.cat(field(game, *state.split(1)))).item() for state in states) / points / radius**2
