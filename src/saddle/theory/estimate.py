"""A number and how far it may be off."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """`value` within `error`, in the unit of the value; an error of 0 means exact up to rounding."""

    value: float
    error: float
