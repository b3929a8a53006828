"""Hydra's basic sweeper without its check of the jobs, which the launcher does."""

from collections.abc import Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper, BasicSweeperConf
from hydra.core.config_store import ConfigStore


class CheckedSweeper(BasicSweeper):
    """Makes the jobs of a sweep, one for each combination of values.

    Hydra's sweeper composes every job to check it. The launcher composes the jobs too, and checks more.
    """

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Do nothing, because the launcher checks the jobs."""


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="checked",
    node=BasicSweeperConf(_target_="hydra_plugins.isolated.sweeper.CheckedSweeper"),
    provider="isolated",
)
