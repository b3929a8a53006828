"""Runs in Trackio, a local-first tracker: a database on this machine, shown by `trackio show`."""

from collections.abc import Mapping
from typing import Any

from PIL.Image import Image

from saddle.callbacks.tracker import Tracker


class Trackio(Tracker):
    """Numbers, grids, warnings and the configuration of a run, in the folder that TRACKIO_DIR names.

    A resumed run continues under its name; rows after its checkpoint stay, and of two rows the newer one counts.

    Args:
        project: name of the Trackio project.
        group: name of the sweep.
        job: name of the run in its sweep.
        config: whole resolved configuration, as plain containers.
    """

    title = "Trackio"
    package = "trackio"

    def __init__(self, *, project: str, group: str, job: str, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.project, self.group, self.job, self.config = project, group, job, dict(config)

    def begin(self, updates: int) -> None:
        import trackio  # late: it costs seconds

        self._run = trackio.init(
            project=self.project,
            name=f"{self.group}/{self.job}",
            group=self.group,
            config=self.config,
            resume="allow" if updates else "never",  # the first row of a new run is that of update 0
            embed=False,
            auto_log_gpu=False,
            auto_log_cpu=False,
        )

    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image], updates: int) -> None:
        import trackio

        images = {name: trackio.Image(picture, caption=f"updates {updates}") for name, picture in pictures.items()}
        self._run.log({**numbers, **images}, step=updates)

    def alert(self, text: str) -> None:
        self._run.alert(title=text.partition(":")[0], text=text)

    def close(self, status: str) -> None:
        self._run.finish()
