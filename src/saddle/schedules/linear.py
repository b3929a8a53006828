"""Linear decay, as in WGAN-GP and SNGAN (Gulrajani et al. 2017, Miyato et al. 2018)."""

from saddle.schedules.decay import Decay


class Linear(Decay):
    """left(p) = 1 - p"""

    def left(self, progress: float) -> float:
        return 1 - progress
