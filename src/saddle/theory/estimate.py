"""A number and its error."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A `value` and its `error` in the same unit; an error of 0 means exact up to rounding."""

    value: float
    error: float
