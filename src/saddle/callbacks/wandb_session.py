"""One session of Weights & Biases in this process: whether it can go online, and its end."""

import base64
import contextlib
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from threading import Thread


def begin_session(timeout: float) -> str | None:
    """Say what keeps a new session from going online: None where nothing does, or where it is not meant to.

    W&B's own check takes ten seconds to report a refused connection, and then waits for the same server at exit, so it
    is asked only where the server has answered.

    Args:
        timeout: seconds to wait for the server.
    """
    import wandb

    settings = wandb.setup(wandb.Settings(silent=True)).settings  # silent: no banner, and never a prompt for a key
    if settings.mode in ("offline", "dryrun", "disabled"):
        return None
    try:
        if not wandb.login(prompt=False, verify=False):
            return "no API key (wandb login)"
    except wandb.Error as error:
        return str(error)
    if settings.http_proxy or settings.https_proxy:
        return None  # only W&B itself knows that way
    problems: list[str | None] = [f"{settings.base_url} did not answer: timed out"]
    # A thread, because the look-up of a name cannot be given a timeout.
    asking = Thread(target=lambda: problems.append(_ask(settings.base_url, settings.api_key, timeout)), daemon=True)
    asking.start()
    asking.join(timeout)
    return problems[-1]


def _ask(url: str, key: str | None, timeout: float) -> str | None:
    """Ask the server who the key belongs to: what went wrong, or None where W&B may try."""
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
        # W&B reads other certificates than Python does.
        return None if isinstance(reason, ssl.SSLError) else f"{url} did not answer: {reason}"
    return None


def add_to_summary(path: str, numbers: Mapping[str, float], *, folder: Path, timeout: float) -> str | None:
    """Write numbers into the summary of an earlier run that is online.

    Args:
        path: entity/project/id of the run.
        numbers: by name.
        folder: where W&B may write.
        timeout: seconds to wait for the server, each time it is asked.

    Returns:
        What went wrong, None if nothing did.
    """
    import wandb

    entity, project, identity = path.split("/")
    quiet = {"console": "off", "disable_git": True, "save_code": False}
    waits = {"init_timeout": timeout, "finish_timeout": timeout, "finish_timeout_raises": True}
    problem = begin_session(timeout)
    if problem is None:
        try:
            run = wandb.init(
                entity=entity,
                project=project,
                id=identity,
                resume="must",
                dir=str(folder.absolute()),
                settings=quiet | waits,
            )
            run.summary.update(dict(numbers))
            run.finish()
        except Exception as error:  # whatever W&B and the network make of it: the numbers are in the run folder
            problem = " ".join(str(error).split())[:200]
    end_session()
    return problem


def end_session() -> None:
    """Stop W&B's service process, and take its address out of this process's environment."""
    import wandb

    for end in wandb.finish, wandb.teardown:
        with contextlib.suppress(Exception):  # the process may be gone already
            end()
