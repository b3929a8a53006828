"""Which losses, penalties and numbers of steps converge near the equilibrium of the Dirac-GAN."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from saddle.losses.base import Loss
from saddle.theory.games import Game, Steps, dirac, trajectory
from saddle.theory.stability import jacobian, jumps, spectral_radius

Verdict = Literal["converges", "approaches", "circles", "diverges"]
"""Near the equilibrium G `converges` at a geometric rate, `approaches` the data without a rate from eigenvalues,
`circles` around them, or `diverges`, which does not exclude a closed orbit further out."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The behaviour of one game under one kind of steps."""

    radius: float | None
    """The spectral radius of the update at (0, 0); None if the update is discontinuous there."""
    ratio: float | None
    """W1(P_data, P_G) = |theta|: the largest late in a trajectory over the largest at its beginning; None if the radius
    decides."""
    verdict: Verdict


@dataclass(frozen=True, kw_only=True)
class TrialSettings:
    """How trajectories are judged if eigenvalues do not decide.

    A change of |theta| by less than the factor `margin`, either way, is circling. A spectral radius within `tolerance`
    of 1 decides nothing: a trajectory from theta = psi = `far` then shows the terms of higher order. A trajectory from
    theta = psi = `near` shows the behaviour around a discontinuity.
    """

    updates: int
    tolerance: float
    margin: float
    near: float
    far: float


def examine(game: Game, steps: Steps, trial: TrialSettings) -> Finding:
    """The behaviour near (0, 0) of a game with one parameter each: by eigenvalues, or else by a trajectory."""
    zero = torch.zeros(1, dtype=torch.float64)
    if jumps(game, steps, zero, zero, reach=1e-9):
        ratio = (_sizes(game, steps, trial.near, trial.updates)[1] / trial.near).item()
        return Finding(radius=None, ratio=ratio, verdict=_seen(ratio, trial.margin, "converges"))
    radius = spectral_radius(jacobian(game, steps, zero, zero))
    if abs(radius - 1) > trial.tolerance:
        return Finding(radius=radius, ratio=None, verdict="converges" if radius < 1 else "diverges")
    early, late = _sizes(game, steps, trial.far, trial.updates)
    ratio = (late / early).item()
    return Finding(radius=radius, ratio=ratio, verdict=_seen(ratio, trial.margin, "approaches"))


def table(
    losses: Mapping[str, Loss],
    penalties: Mapping[str, Callable[[Tensor], Tensor]],
    steps: Mapping[str, Steps],
    trial: TrialSettings,
) -> dict[tuple[str, str, str], Finding]:
    """A finding for each (loss, penalty, steps) in the Dirac-GAN; penalties are functions of D's slope."""
    return {
        (loss, penalty, name): examine(dirac(losses[loss], penalties[penalty]), steps[name], trial)
        for loss in losses
        for penalty in penalties
        for name in steps
    }


def _sizes(game: Game, steps: Steps, start: float, updates: int) -> Tensor:
    """The largest |theta| in the first and in the last tenth of a trajectory: [2]."""
    at = torch.full((1,), start, dtype=torch.float64)
    sizes = trajectory(game, steps, at, at, updates)[:, 0].abs()
    tenth = max(1, updates // 10)
    return torch.stack([sizes[:tenth].max(), sizes[-tenth:].max()])


def _seen(ratio: float, margin: float, inwards: Verdict) -> Verdict:
    if ratio * margin < 1:
        return inwards
    return "circles" if ratio <= margin else "diverges"
