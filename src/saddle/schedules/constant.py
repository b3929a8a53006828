"""A constant learning rate."""

from saddle.schedules.base import Schedule


class Constant(Schedule):
    """settled(t) = 1"""

    @property
    def varies(self) -> bool:
        return self.warm_up > 0

    def settled(self, update: int) -> float:
        return 1.0
