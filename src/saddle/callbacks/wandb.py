"""Runs in Weights & Biases: online if possible, otherwise on disk; W&B never interrupts training."""

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL.Image import Image
from pydantic import PositiveFloat
from pytorch_lightning.utilities import rank_zero_only

from saddle.callbacks.tracker import Tracker, brief, say
from saddle.callbacks.wandb_session import begin_session, end_session, kill_service, settings

if TYPE_CHECKING:
    import wandb  # the real import is late: it costs a second, and logger=none does without

TAG_LENGTH = 64  # characters; W&B refuses a run with a longer tag


class Wandb(Tracker):
    """One run in Weights & Biases, written by rank 0 alone.

    Each call of `log_metrics` is one row with the numbers and pictures of one update; its column `updates` is the
    x-axis of every chart. The summary holds the last value of each metric, and for those in `best` a dict of the last
    and the best.

    If there is no key or no network, or the server does not answer, the run is stored offline, and one line on stderr
    says why and how to upload it. WANDB_MODE and WANDB_BASE_URL are respected, and there are no prompts. If the network
    fails later, training continues, and the closing line says that the upload is incomplete. In a process that a W&B
    agent started, the project and entity of the sweep and the run of the agent replace the arguments.

    Args:
        project: W&B project, created if it does not exist.
        entity: team that owns the project; None: the account itself.
        timeout: seconds to wait for the server at the start, before the run is stored offline.
        finish_timeout: seconds to wait for the upload at the end.
        folder: run folder; W&B writes into `folder/wandb`.
        group: name under which W&B groups the runs of one sweep.
        job: name of this run.
        job_type: `training` or `evaluation`.
        tags: words to filter runs by, cut to the 64 characters that W&B allows.
        config: whole resolved configuration, as plain containers.
        best: metric -> `min` or `max`, for the metrics that have a direction.
        resumed_from: `identity` of the run that this one continues; None for a run from the beginning. Online it is the
            same run. Offline, where an upload would overwrite the first part, it is another run of the same group,
            whose configuration names the first one as `resumed_from`.

    Attributes:
        offline: whether the run exists on disk only.
        url: the run's page; None if it has none.
        path: entity/project/id of a run that is online.
        run_folder: folder in which W&B stores the run.
    """

    title = "W&B"

    def __init__(
        self,
        *,
        project: str,
        entity: str | None,
        timeout: PositiveFloat,
        finish_timeout: PositiveFloat,
        folder: Path,
        group: str,
        job: str,
        job_type: str,
        tags: Sequence[str],
        config: Mapping[str, Any],
        best: Mapping[str, str],
        resumed_from: Mapping[str, Any] | None,
    ) -> None:
        super().__init__()
        self._begun = True  # in this constructor
        self.offline = True
        self.url: str | None = None
        self._id: str | None = None
        self.run_folder = folder / "wandb"
        self._run: wandb.Run | None = None
        self._refused = False  # whether W&B did not start at all
        self.closing_limit = finish_timeout + self.limit
        folder.mkdir(parents=True, exist_ok=True)
        arguments = {
            "project": project,
            "entity": entity,
            "dir": str(folder.absolute()),
            "group": group,
            "name": job,
            "job_type": job_type,
            "tags": [tag[:TAG_LENGTH] for tag in tags if tag],
            "config": dict(config),
            "settings": settings(timeout, finish_timeout),
        }
        resume: dict[str, Any] = {}
        if resumed_from is not None:
            identity = resumed_from["id"]
            arguments["config"] = {**config, "resumed_from": identity}
            # A W&B agent chooses the run of its process; only the same run can be resumed.
            if resumed_from["online"] and os.environ.get("WANDB_RUN_ID", identity) == identity:
                resume = {"id": identity, "resume": "must"}
        try:
            self._start(arguments, resume, timeout, best)
        except Exception as error:  # W&B refuses settings, or its service does not start
            self._refused, self._lost, self._run = True, True, None
            say(f"W&B refuses to start ({brief(error)}): W&B will not have this run, metrics.jsonl has every number")

    @property
    def version(self) -> str | None:
        """The id of the run in W&B; None once it is finished."""
        return self._run.id if self._run else None

    def write(self, numbers: Mapping[str, float], pictures: Mapping[str, Image], updates: int) -> None:
        import wandb

        assert self._run is not None
        # W&B's media panel has no x-axis of its own, so the caption names the update.
        images = {name: wandb.Image(picture, caption=f"updates {updates}") for name, picture in pictures.items()}
        self._run.log({"updates": updates, **numbers, **images})

    def alert(self, text: str) -> None:
        """Send a warning, which W&B also delivers by mail or chat if its user asked for that."""
        assert self._run is not None
        self._run.alert(title=text.partition(":")[0], text=text, level="WARN")

    def close(self, status: str) -> None:
        """Finish the run, with exit code 0 if `status` is "success" and 1 otherwise."""
        if self._run is None:
            return
        try:
            self._run.finish(exit_code=int(status != "success"))
        except Exception:  # the upload timed out, or the service process is gone
            self._lost = True
        self._run = None
        end_session()

    def abandon(self) -> None:
        """Kill W&B's service, for which Python would wait at its exit."""
        self._run = None
        kill_service()
        end_session()

    def identity(self) -> dict[str, Any] | None:
        """The value of `resumed_from` with which this run is continued later; None if W&B did not start."""
        return None if self._id is None else {"id": self._id, "online": not self.offline}

    def closing_line(self) -> str:
        """A line that says where the run is, or how to upload it."""
        if self._refused:
            return "W&B: no run, W&B refused to start (see above)"
        if self.offline:
            return f"W&B offline: {self._sync()}"
        if self.url is None:
            return "W&B: disabled (WANDB_MODE)"
        return f"W&B: {self.url} is incomplete, upload the rest: {self._sync()}" if self._lost else f"W&B: {self.url}"

    def _sync(self) -> str:
        path = self.run_folder
        if path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        option = "" if self.offline else "--include-online "  # otherwise W&B skips a run that began online
        return f"wandb sync {option}{shlex.quote(str(path))}"

    @rank_zero_only
    def _start(
        self, arguments: dict[str, Any], resume: dict[str, Any], timeout: float, best: Mapping[str, str]
    ) -> None:
        import wandb

        end_session()  # reads the settings again, and ends an unfinished run of this process
        problem = begin_session(timeout)
        if problem is None:
            try:
                self._run = wandb.init(**arguments, **resume)
            except (wandb.Error, TimeoutError) as error:
                problem = f"wandb.init failed ({str(error).splitlines()[0]})"
        if self._run is None:
            # Offline for the whole session: otherwise W&B's telemetry waits for the same server at exit, for 10 seconds
            # if it does not answer.
            wandb.setup(wandb.Settings(mode="offline"))
            self._run = wandb.init(**arguments)
        self._run.define_metric("updates", hidden=True)
        self._run.define_metric("*", step_metric="updates")
        for name, direction in best.items():
            self._run.define_metric(name, step_metric="updates", summary=f"{direction},last")
        self.offline, self.url, self.run_folder = self._run.offline, self._run.url, Path(self._run.dir).parent
        self._id = self._run.id
        self.path = None if self.offline or self.url is None else self._run.path
        if problem:
            say(f"W&B: {problem}; the run is stored offline, upload it with: {self._sync()}")
