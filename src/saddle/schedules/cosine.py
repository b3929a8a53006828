"""Cosine decay over half a period (Loshchilov and Hutter 2017, without restarts)."""

from math import cos, pi

from saddle.schedules.decay import Decay


class Cosine(Decay):
    """left(p) = (1 + cos(pi p)) / 2"""

    def left(self, progress: float) -> float:
        return (1 + cos(pi * progress)) / 2
