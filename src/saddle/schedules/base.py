"""The interface of all learning rate schedules: a fraction for each update, without state."""

from abc import ABC, abstractmethod

from pydantic import NonNegativeInt


class Schedule(ABC):
    """The fraction of a player's learning rate in an update, the same in all of its steps.

    It is a function of the update alone, counted from 0, so a resumed run continues with the same rates, whatever
    d_steps and g_steps are.

        fraction(t) = settled(t) min(1, (t + 1) / warm_up)

    Args:
        warm_up: number of updates in which the rate increases linearly to its full value; 0: no warm-up.
    """

    def __init__(self, *, warm_up: NonNegativeInt) -> None:
        self.warm_up = warm_up

    def __call__(self, update: int) -> float:
        """The fraction in `update`."""
        return self.settled(update) * (min(1.0, (update + 1) / self.warm_up) if self.warm_up else 1.0)

    @property
    def varies(self) -> bool:
        """Whether the rate changes during a run."""
        return True

    @abstractmethod
    def settled(self, update: int) -> float:
        """The fraction in `update` without the warm-up."""
