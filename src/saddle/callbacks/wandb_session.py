"""The session of Weights & Biases in this process: whether it can go online, and how it ends."""

import base64
import contextlib
import os
import signal
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from typing import Any


def settings(timeout: float, finish_timeout: float) -> dict[str, Any]:
    """Settings of a run: W&B records neither the terminal nor the code, and waits no longer than these seconds."""
    waits = {"init_timeout": timeout, "finish_timeout": finish_timeout, "finish_timeout_raises": True}
    return {"console": "off", "disable_git": True, "save_code": False, **waits}


def begin_session(timeout: float) -> str | None:
    """Begin a session; returns what prevents it from going online, None if nothing does or it should be offline.

    W&B's own check takes ten seconds to report a refused connection, and then waits for the same server at exit, so it
    is used only if the server has answered.

    Args:
        timeout: seconds to wait for the server.
    """
    import wandb

    current = wandb.setup(wandb.Settings(silent=True)).settings  # silent: no banner, and no prompt for a key
    if current.mode in ("offline", "dryrun", "disabled"):
        return None
    try:
        if not wandb.login(prompt=False, verify=False):
            return "no API key (wandb login)"
    except wandb.Error as error:
        return str(error)
    if current.http_proxy or current.https_proxy:
        return None  # only W&B itself can check a connection through a proxy
    problems: list[str | None] = [f"{current.base_url} did not answer: timed out"]
    # A thread, because the resolution of a name has no timeout.
    query = Thread(target=lambda: problems.append(_query(current.base_url, current.api_key, timeout)), daemon=True)
    query.start()
    query.join(timeout)
    return problems[-1]


def _query(url: str, key: str | None, timeout: float) -> str | None:
    """Query the server for the owner of the key; returns the problem, None if W&B may try."""
    request = urllib.request.Request(f"{url}/graphql", b'{"query": "query Viewer { viewer { id } }"}')
    request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"api:{key}".encode()).decode())
    try:
        urllib.request.urlopen(request, timeout=timeout).close()
    except urllib.error.HTTPError as error:
        return f"{url} refused the API key ({error})" if key and error.code in (401, 403) else None
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        # W&B has other certificates than Python.
        return None if isinstance(reason, ssl.SSLError) else f"{url} did not answer: {reason}"
    return None


def add_to_summary(path: str, numbers: Mapping[str, float], *, folder: Path, timeout: float) -> str | None:
    """Write numbers into the summary of a finished run that is online.

    Args:
        path: entity/project/id of the run.
        numbers: name -> number.
        folder: folder that W&B may write to.
        timeout: seconds to wait for each response of the server.

    Returns:
        The problem, None if there was none.
    """
    import wandb

    entity, project, identity = path.split("/")
    problem = begin_session(timeout)
    if problem is None:
        try:
            run = wandb.init(
                entity=entity,
                project=project,
                id=identity,
                resume="must",
                dir=str(folder.absolute()),
                settings=settings(timeout, timeout),
            )
            run.summary.update(dict(numbers))
            run.finish()
        except Exception as error:  # whatever goes wrong, the numbers are in the run folder
            problem = " ".join(str(error).split())[:200]
    end_session()
    return problem


def end_session() -> None:
    """Stop W&B's service process and remove its address from this process's environment."""
    import wandb

    for end in wandb.finish, wandb.teardown:
        with contextlib.suppress(Exception):  # the process may be gone already
            end()


def kill_service() -> None:
    """Kill W&B's service process, a child of this process, which has not answered. Does nothing without /proc."""
    for children in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, children.read_text().split()):
                if Path(f"/proc/{child}/comm").read_text().startswith("wandb-core"):
                    os.kill(child, signal.SIGKILL)
