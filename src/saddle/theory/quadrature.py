"""Integrals over the line and the plane by adaptive Gauss-Legendre cells, which begin where densities have their mass.

scipy.integrate.cubature was tried and does not suffice (scipy 1.17, `python experiments/theory/cubature.py`; its README
has the table). It accepts no initial cells, only points at which to cut, and refines what it sees. On the line that is
enough: with cuts beside each mode it is as right as this (2e-11 of 10 modes out of 20, 1e-3 wide over 20,000). In the
plane it is as right only where modes are no narrower than the nodes of the whole box are apart. Of two Gaussians that
lie far apart it says JSD = 0 within 0, for log 2, and cut at their centres it is off by 0.4 within 1e-5; cuts beside
the centres leave slivers, with which two rings of eight modes are off by 3e-3 after 55 seconds, here 4e-15 after 0.1.
It also does not return the nodes, which `between.nodes` needs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import torch
from torch import Tensor

from saddle.theory.crossings import crossings
from saddle.theory.density import MassCentres

Integrand = Callable[[Tensor], Tensor]
"""Points [count, size] to values [count, outputs], float64."""
Kinks = Callable[[Tensor], Tensor]
"""Points [count, size] to values [count], which change their sign where an integrand has a kink."""

ORDER = {1: 16, 2: 8}
"""Size of the space -> nodes of a cell along each axis."""
TOLERANCE = {1: 1e-11, 2: 5e-7}
"""Tolerance of the sum of all cells' errors, relative to an integral above 1."""
CELLS = {1: 2**14, 2: 2**15}
"""Largest number of cells refined in one round; what is left then counts as error."""
ROUNDS = 40
"""Largest number of halvings of a cell."""
HIDDEN = 4.0
"""In the plane, the factor from the change by halving to the error of an integrand with kinks, since many cells hide a
part of theirs. At most 2.9 was seen, with 59 pairs of Gaussians whose total variation is known."""
STALLED = 3
"""Rounds in a row that do not halve the error, though a kink loses three quarters: what is left is rounding."""
WIDTH = {1: 3.0, 2: 4.0}
"""Width of the first cells, in scales of the mass centres nearby."""
REACH = 10.0
"""How far the first domain extends beyond the outermost centres, in scales of `MassCentres`."""
FURTHEST = 1e10
"""Largest distance of a centre from 0, in its scale: floats are then 1e-6 scales apart. That costs up to 4e-11, which
the error does not include."""
SHELLS = 9
"""How often the domain grows, each time by twice as much, until what is gained is nothing. Rounding of log densities
at 10 * 2^9 scales is still below 1e-8."""


@dataclass(frozen=True)
class Integral:
    """The value of an integral, and the nodes of the last refinement."""

    points: Tensor
    """[count, size]."""
    weights: Tensor
    """[count]."""
    value: Tensor
    """[outputs]."""
    error: Tensor
    """[outputs]: the sum over all cells of what the last halving changed, and what the tails may hold."""


def integral(function: Integrand, masses: Sequence[MassCentres], kinks: Kinks | None = None) -> Integral:
    r"""The integral of each output of `function` over the whole line or plane, with an error estimated by refinement.

    Cells are no wider than the narrowest feature near them, and are halved while halving still changes the sum; then
    the domain grows by shells until they hold nothing.

    A kink between the edge of a cell and its outermost node is seen neither before a halving nor after it. On the line
    cells are therefore cut where `kinks` changes its sign; in the plane the error is taken four times as large.

    Returns:
        inf for an output that is inf at a node, or whose shells overflow.

    Raises:
        ValueError: the space is neither line nor plane, a value is not a number, a density is so narrow and so far
            from 0 that float64 cannot resolve it, or the tails do not die out: the integral is infinite or too heavy
            for this rule.
    """
    size = masses[0].centres.shape[1]
    if size not in ORDER or any(each.centres.shape[1] != size for each in masses):
        raise ValueError(f"integrals are taken over the line or the plane, not over points of size {size}")
    centres, scales = torch.cat([each.centres for each in masses]), torch.cat([each.scales for each in masses])
    low, high = (centres - REACH * scales[:, None]).amin(0), (centres + REACH * scales[:, None]).amax(0)
    if (centres.abs().amax(1) > FURTHEST * scales).any() or not (scales > 0).all():
        raise ValueError(f"a density is over {FURTHEST:g} of its scales from 0: float64 cannot resolve it there")
    core = torch.stack([low, high])[None]  # [1, 2, size]
    parts = [_refined(function, _cut(_graded(core, *_thinned(centres, scales)), kinks), size)]
    total = parts[0].value
    step = REACH * scales.max()
    for _ in range(SHELLS):
        if total.isinf().any():
            break
        shell = _refined(function, _cut(_shell(low, high, step), kinks), size)
        parts.append(shell)
        total = total + shell.value
        if (shell.value.abs() <= TOLERANCE[size] / 100 * total.abs().clamp(min=1)).all():
            break
        low, high, step = low - step, high + step, 2 * step
    else:
        raise ValueError(
            f"the integral does not converge within {high.tolist()}: it is infinite, or its tails are too heavy"
        )
    hidden = HIDDEN if kinks is not None and size == 2 else 1.0
    error = hidden * torch.stack([part.error for part in parts]).sum(0) + parts[-1].value.abs()
    return Integral(
        points=torch.cat([part.points for part in parts]),
        weights=torch.cat([part.weights for part in parts]),
        value=total,
        error=torch.where(total.isinf(), 0.0, error),
    )


def _thinned(centres: Tensor, scales: Tensor) -> tuple[Tensor, Tensor]:
    """Centres [count, size] and scales [count], one for all less than a scale apart; scales are rounded down."""
    narrow = torch.exp2(scales.log2().floor())[:, None]  # [count, 1]
    kept = torch.cat([(centres / narrow).floor(), narrow], dim=1).unique(dim=0)
    return (kept[:, :-1] + 0.5) * kept[:, -1:], kept[:, -1]


def _graded(cells: Tensor, centres: Tensor, scales: Tensor) -> Tensor:
    """Cells [count, 2, size] halved until they are narrow at the centres; the further away, the wider."""
    done = []
    while len(cells):
        sides = cells[:, 1] - cells[:, 0]  # [count, size]
        outside = (cells[:, None, 0] - centres).clamp(min=0) + (centres - cells[:, None, 1]).clamp(min=0)
        distance = outside.amax(-1)  # [count, centres]
        allowed = torch.maximum(WIDTH[sides.shape[1]] * scales, distance).amin(1)  # [count]
        wide = sides.amax(1) > allowed
        done.append(cells[~wide])
        cells = _halved(cells[wide], sides[wide].argmax(1))
    return torch.cat(done)


def _halved(cells: Tensor, axis: Tensor) -> Tensor:
    """Cells [count, 2, size] cut along one axis each [count], to [2 count, 2, size]."""
    middle = cells.mean(1).gather(1, axis[:, None])  # [count, 1]
    lower, upper = cells.clone(), cells.clone()
    lower[:, 1] = lower[:, 1].scatter(1, axis[:, None], middle)
    upper[:, 0] = upper[:, 0].scatter(1, axis[:, None], middle)
    return torch.cat([lower, upper])


def _shell(low: Tensor, high: Tensor, step: Tensor) -> Tensor:
    """Cells [count, 2, size] between a box and one that is larger by `step` on all sides."""
    edges = torch.stack([low - step, low, high, high + step])  # [4, size]
    outer = [at for at in product(range(3), repeat=len(low)) if set(at) != {1}]
    starts = torch.tensor(outer)  # [boxes, size]
    cells = torch.stack([edges.gather(0, starts), edges.gather(0, starts + 1)], dim=1)
    for _ in range(4 if len(low) == 1 else 2):
        cells = _split(cells).flatten(0, 1)
    return cells


def _cut(cells: Tensor, kinks: Kinks | None) -> Tensor:
    """Cells [count, 2, 1] of the line cut at all kinks; those of the plane as they are."""
    if kinks is None or cells.shape[2] != 1:
        return cells
    lows, highs = cells[:, :, 0].sort(0).values.T.contiguous()  # [count] each
    inner = lows[:, None] + _rule(1)[0][:, 0] * (highs - lows)[:, None]  # [count, nodes]
    at = crossings(kinks, torch.cat([lows, inner.flatten(), highs]).unique())  # in ascending order
    of = (torch.searchsorted(lows, at) - 1).clamp(min=0)  # the cell that contains each, unless it is between two
    at = at[(lows[of] < at) & (at < highs[of])]
    return torch.stack([torch.cat([lows, at]).sort().values, torch.cat([highs, at]).sort().values], dim=1)[..., None]


def _split(cells: Tensor) -> Tensor:
    """Cells [count, 2, size] in halves along every axis: [count, 2^size, 2, size]."""
    size = cells.shape[2]
    middle = cells.mean(1)
    edges = torch.stack([cells[:, 0], middle, cells[:, 1]], dim=1)  # [count, 3, size]
    corner = torch.tensor(list(product(range(2), repeat=size)))  # [2^size, size]
    at = corner.expand(len(cells), -1, -1)
    return torch.stack([edges.gather(1, at), edges.gather(1, at + 1)], dim=2)


def _refined(function: Integrand, cells: Tensor, size: int) -> Integral:
    """The integral over cells [count, 2, size]; each is replaced by its halves until they change nothing."""
    coarse = _applied(function, cells)[0]  # [count, outputs]
    parts, value, spent = [], torch.zeros(coarse.shape[1], dtype=torch.float64), 0.0
    left, stalled = torch.inf, 0
    for round_ in range(ROUNDS):
        halves = _split(cells)  # [count, 2^size, 2, size]
        fine, points, weights = (of.unflatten(0, halves.shape[:2]) for of in _applied(function, halves.flatten(0, 1)))
        summed = fine.sum(1)  # [count, outputs]
        gap = torch.where(summed.isinf(), 0.0, (summed - coarse).abs())
        worst, order = (gap / (value + summed.sum(0)).abs().clamp(min=1)).amax(1).sort()
        running = spent + worst.cumsum(0)
        enough = int((running <= spent + (TOLERANCE[size] - spent) / 2).sum())
        remaining = float(running[-1]) - spent
        left, stalled = remaining, stalled + 1 if remaining > left / 2 else 0
        if stalled == STALLED or round_ == ROUNDS - 1 or len(cells) - enough > CELLS[size] or summed.isinf().any():
            enough = len(cells)
        done, more = order[:enough], order[enough:]
        parts.append((points[done].flatten(0, 2), weights[done].flatten(), summed[done].sum(0), gap[done].sum(0)))
        if not len(more):
            break
        value, spent = value + summed[done].sum(0), float(running[enough - 1]) if enough else spent
        cells, coarse = halves[more].flatten(0, 1), fine[more].flatten(0, 1)
    points, weights, values, errors = zip(*parts, strict=True)
    return Integral(torch.cat(points), torch.cat(weights), torch.stack(values).sum(0), torch.stack(errors).sum(0))


def _applied(function: Integrand, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Sums over each of the cells [count, 2, size]: [count, outputs]; nodes [count, nodes, size] and their weights."""
    size = cells.shape[2]
    nodes, shares = _rule(size)  # [nodes, size] and [nodes], of the cell from 0 to 1
    sides = cells[:, 1] - cells[:, 0]  # [count, size]
    points = cells[:, None, 0] + nodes * sides[:, None]  # [count, nodes, size]
    weights = shares * sides.prod(1)[:, None]  # [count, nodes]
    values = function(points.flatten(0, 1)).unflatten(0, weights.shape)  # [count, nodes, outputs]
    if values.isnan().any():
        where = points[values.isnan().any(-1)][0].tolist()
        raise ValueError(f"the integrand is no number at {where}")
    return (values * weights[..., None]).sum(1), points, weights


@lru_cache
def _rule(size: int) -> tuple[Tensor, Tensor]:
    """Gauss-Legendre nodes [nodes, size] in the unit cell and their weights [nodes], of sum 1."""
    at, share = (torch.from_numpy(each) for each in np.polynomial.legendre.leggauss(ORDER[size]))
    if size == 1:
        return (at[:, None] + 1) / 2, share / 2
    return (torch.cartesian_prod(at, at) + 1) / 2, torch.outer(share, share).flatten() / 4
