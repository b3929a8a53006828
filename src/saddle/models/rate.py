"""A player's learning rate in each update."""

from torch.optim import Optimizer

from saddle.schedules.base import Schedule


class Rate:
    """Sets the learning rate of `optimizer`, in each of its groups of parameters, to what `schedule` leaves of it.

    The rates that the optimiser was made with are kept here: a stored state brings those of its update back.
    """

    def __init__(self, optimizer: Optimizer, schedule: Schedule) -> None:
        self.optimizer, self.schedule = optimizer, schedule
        self.full: list[float] = [group["lr"] for group in optimizer.param_groups]

    def set(self, update: int) -> float:
        """Before the first step of `update`, counted from 0; returns the rate of the first group."""
        fraction = self.schedule(update)
        for group, full in zip(self.optimizer.param_groups, self.full, strict=True):
            group["lr"] = fraction * full
        return fraction * self.full[0]
