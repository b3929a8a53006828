r"""The Dirac-GAN in closed form: its penalties, its eigenvalues, and where its learning converges.

With a = dL_D/dlogit and -b = dL_G/dlogit of a fake at the undecided logit, and omega = sqrt(a b), the flow near (0, 0)
is theta' = b psi, psi' = -a theta - R''(0) psi. For the minimax game a = b = 1/2 = f'(0) of Mescheder, Geiger and
Nowozin (2018), whose rates of both players are equal; here h = sqrt(rate of D x rate of G).
"""

import cmath
import math
from collections.abc import Callable

import torch
from torch import Tensor

from saddle.losses.base import Loss
from saddle.theory.games import dirac, field


def no_penalty(slope: Tensor) -> Tensor:
    """0: the loss alone; slope [] to []."""
    return 0 * slope


def squared_slope(gamma: float) -> Callable[[Tensor], Tensor]:
    """gamma / 2 psi^2: R1 and R2, which are equal here because D's slope is one number.

    R1 + R2 is this at 2 gamma, and the zero-centred penalty of weight w at gamma = 2 w.
    """
    return lambda slope: gamma / 2 * slope.square()


def unit_slope(weight: float, one_sided: bool) -> Callable[[Tensor], Tensor]:
    """weight (|psi| - 1)^2, WGAN-GP and DRAGAN; the one-sided WGAN-LP counts only slopes above 1.

    The two-sided penalty has a kink at psi = 0, hence at (0, 0), where it has no eigenvalues.
    """

    def penalty(slope: Tensor) -> Tensor:
        excess = slope.abs() - 1
        return weight * (excess.relu() if one_sided else excess).square()

    return penalty


def forces(loss: Loss) -> tuple[float, float]:
    """(a, b): the force of D down and of G up on the logit of a fake at which D is undecided."""
    game = dirac(loss, no_penalty)
    one, zero = (torch.full((1,), at, dtype=torch.float64) for at in (1.0, 0.0))
    down, up = field(game, one, zero)[1].item(), field(game, zero, one)[0].item()
    return -down, up


def frequency(loss: Loss) -> float:
    """omega = sqrt(a b), in radians per unit of time: |f'(0)| of the paper."""
    down, up = forces(loss)
    return math.sqrt(down * up)


def flow_eigenvalues(omega: float, gamma: float) -> tuple[complex, complex]:
    """-gamma / 2 +- sqrt(gamma^2 / 4 - omega^2): of the flow with R1 (Mescheder et al. 2018, zero-centred penalty).

    The Jacobian of the flow at 0 is [[0, b], [-a, -gamma]]; lambda (lambda + gamma) + a b = 0.
    """
    root = cmath.sqrt(gamma**2 / 4 - omega**2)
    return -gamma / 2 + root, -gamma / 2 - root


def simultaneous_radius(omega: float, rate: float) -> float:
    """sqrt(1 + h^2 omega^2) > 1 for every rate h: without a penalty and with k = 1 (section 2 there).

    The update is 1 + h times the flow, whose eigenvalues are +- i omega: |1 +- i h omega|.
    """
    return math.sqrt(1 + rate**2 * omega**2)


def alternating_eigenvalues(omega: float, rate: float, d_steps: int) -> tuple[complex, complex]:
    """1 - alpha^2 / 2 +- sqrt((1 - alpha^2 / 2)^2 - 1), alpha = sqrt(k) h omega, without a penalty (section 2 there).

    D's k steps add -k h a theta to psi, then G adds h b times the new psi to theta: [[1 - k h^2 a b, h b], [-k h a, 1]]
    has the trace 2 - alpha^2 and the determinant 1, lambda^2 - (2 - alpha^2) lambda + 1 = 0. So the product of both is
    1: they lie on the unit circle for alpha <= 2, beyond it one of them is outside.
    """
    middle = 1 - d_steps * rate**2 * omega**2 / 2
    root = cmath.sqrt(middle**2 - 1)
    return middle + root, middle - root


def alternating_converges(omega: float, rate: float, gamma: float, d_steps: int) -> bool:
    r"""Whether alternating steps with R1 converge locally: both eigenvalues lie inside the unit circle.

    D's k steps shrink psi by s^k with s = 1 - h gamma and add -h a theta (1 - s^k) / (1 - s). The update has the
    determinant s^k and the trace 1 + s^k - h^2 omega^2 (1 - s^k) / (1 - s). By Jury's criterion, |determinant| < 1 and
    |trace| < 1 + determinant, it converges exactly if

    $$|1 - h \gamma| < 1 \quad\text{and}\quad 0 < h^2 \omega^2 \frac{1 - s^k}{1 - s} < 2 (1 + s^k)$$

    The first condition fails for gamma = 0 and, for every k, if h gamma >= 2: D's own step is then too long.
    """
    shrink = 1 - rate * gamma
    if not abs(shrink) < 1:
        return False
    together = (1 - shrink**d_steps) / (1 - shrink)
    return 0 < rate**2 * omega**2 * together < 2 * (1 + shrink**d_steps)
