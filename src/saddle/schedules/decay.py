"""The base class of schedules that decay from one rate to another between two updates."""

from abc import abstractmethod
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt

from saddle.schedules.base import Schedule


class Decay(Schedule):
    """A decay from the full rate to a fraction of it.

        settled(t) = 1 up to t = begin, final from t = end on,
                     final + (1 - final) left((t - begin) / (end - begin)) between

    Updates count from 0. If end is the number of updates in the run, the last update is one step before `final`.

    Args:
        begin: last update with the full rate.
        end: first update with the fraction `final`.
        final: final fraction of the rate.
        warm_up: see `Schedule`.
    """

    def __init__(
        self,
        *,
        begin: NonNegativeInt,
        end: PositiveInt,
        final: Annotated[float, Field(ge=0, le=1)],
        warm_up: NonNegativeInt,
    ) -> None:
        super().__init__(warm_up=warm_up)
        if begin >= end:
            raise ValueError(f"begin={begin} is not before end={end}")
        self.begin, self.end, self.final = begin, end, final

    def settled(self, update: int) -> float:
        if update <= self.begin:
            return 1.0
        if update >= self.end:
            return self.final
        return self.final + (1 - self.final) * self.left((update - self.begin) / (self.end - self.begin))

    @abstractmethod
    def left(self, progress: float) -> float:
        """The remaining fraction of the decay after a fraction `progress` of the time: from 1 at 0 to 0 at 1."""
