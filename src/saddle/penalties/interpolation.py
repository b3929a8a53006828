"""Points between reals and fakes."""

from torch import Tensor

from saddle.penalties.base import Draw


def between(real: Tensor, fake: Tensor, draw: Draw) -> Tensor:
    """e real + (1 - e) fake [n, *shape] with e uniform on [0, 1], one for each pair."""
    share = (draw("interpolation", (), "uniform") + 1) / 2  # [n]
    share = share.to(real.dtype).view(-1, *[1] * (real.dim() - 1))
    return share * real + (1 - share) * fake
