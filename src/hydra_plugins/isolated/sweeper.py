"""Hydra's own sweeper, which leaves the check of the jobs to the launcher."""

from collections.abc import Sequence

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper, BasicSweeperConf
from hydra.core.config_store import ConfigStore


class CheckedSweeper(BasicSweeper):
    """Makes the jobs of a sweep, one for each combination of values.

    Hydra's composes every job to see whether that is possible. The launcher composes them too, and checks more.
    """

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Nothing: the launcher does."""


ConfigStore.instance().store(
    group="hydra/sweeper",
    name="checked",
    node=BasicSweeperConf(_target_="hydra_plugins.isolated.sweeper.CheckedSweeper"),
    provider="isolated",
)
