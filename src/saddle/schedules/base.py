"""What every schedule promises: a fraction for each update, and nothing to remember."""

from abc import ABC, abstractmethod

from pydantic import NonNegativeInt


class Schedule(ABC):
    """The fraction of a player's learning rate that applies in an update, the same in all steps of it.

    A function of the update alone, counted from 0: a run that was interrupted goes on with the same rates, and d_steps
    and g_steps change nothing.

        fraction(t) = settled(t) min(1, (t + 1) / warm_up)

    Args:
        warm_up: updates in which the rate rises from 0 on, the last of them with all of it; 0: none.
    """

    def __init__(self, *, warm_up: NonNegativeInt) -> None:
        self.warm_up = warm_up

    def __call__(self, update: int) -> float:
        """The fraction in `update`."""
        return self.settled(update) * (min(1.0, (update + 1) / self.warm_up) if self.warm_up else 1.0)

    @property
    def varies(self) -> bool:
        """Whether there is anything to see."""
        return True

    @abstractmethod
    def settled(self, update: int) -> float:
        """The fraction in `update`, the warm-up left out."""
