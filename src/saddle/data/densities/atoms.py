"""Data whose x is one of finitely many points."""

from functools import cached_property
from typing import Any

from saddle.data.densities.analytic import AnalyticData
from saddle.data.disk.imageset import digest_of
from saddle.theory.discrete import Discrete


class Atoms(AnalyticData):
    """Data with finitely many points, each with its probability."""

    kind = "atoms"
    distribution: Discrete

    @cached_property
    def digest(self) -> str:
        return digest_of("atoms", self.distribution.points.numpy(), self.distribution.probabilities.numpy())

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "points": len(self.distribution.points)}
