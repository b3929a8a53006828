"""The cause of a failure that lies in another rank is said, whenever that rank dies."""

import signal
from typing import Any

import pytest
from lightning_fabric.plugins.environments.lightning import LightningEnvironment

from saddle.processes.rank_launcher import RankDiedError, RanksLauncher


class Gone:
    """A rank that was killed while it waited: what is sent to it is refused, and it has an exit code."""

    def begin(self, *_: object) -> Any:
        raise BrokenPipeError(32, "Broken pipe")

    def wait(self, timeout: float | None = None) -> int:
        return -signal.SIGKILL


def test_a_rank_that_died_before_training_is_named() -> None:
    launcher = RanksLauncher(LightningEnvironment(), 2, 1, [Gone()])  # type: ignore[list-item]  # the part that is used
    with pytest.raises(RankDiedError, match=r"rank 1: killed \(SIGKILL\) .* before training began"):
        launcher.launch(lambda: None)
