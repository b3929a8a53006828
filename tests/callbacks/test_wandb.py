"""Weights & Biases: what a run holds, and that nothing on the way to the server stops or delays training."""

import functools
import inspect
import json
import os
import re
import resource
import runpy
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
from hydra.utils import instantiate
from omegaconf import OmegaConf
from PIL import Image
from pytorch_lightning.utilities import rank_zero_only
from wandb.cli.cli import cli

from saddle.callbacks.wandb import Wandb
from saddle.callbacks.wandb_session import add_to_summary

CONF = Path(__file__).parents[2] / "conf" / "logger"
CONFIG = {"loss": {"name": "minimax", "betas": [0.5, 0.999]}, "penalty": None, "seed": 0}
KEY = "k" * 40


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home without a key, an environment without settings of W&B, and no session left behind."""
    for name in [*filter(lambda name: name.startswith("WANDB_"), os.environ), "NETRC"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.chdir(tmp_path)
    before = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    yield
    wandb.finish()
    wandb.teardown()
    assert {name: os.environ.get(name) for name in before} == before


def logger(folder: str = "runs/single/a job (1)", **changes: Any) -> Wandb:
    partial = instantiate(OmegaConf.load(CONF / "wandb.yaml"))
    names = {"group": "loss_1f2e3d", "job": "loss-minimax", "job_type": "training"}
    arguments = {**names, "tags": ["faces", "x" * 90], "config": CONFIG, "resumed_from": None}
    best = {"fd_faces": "min", "precision_faces": "max"}
    built = partial(**{"folder": Path(folder), "best": best, **arguments, "timeout": 1.0, **changes})
    assert isinstance(built, Wandb)
    return built


def read(run: Path, capfd: pytest.CaptureFixture[str], *options: str) -> str:
    """What `wandb leet inspect --json` prints, as a person would call it."""
    capfd.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        with pytest.raises(SystemExit, match="0"):
            cli.main(["leet", "inspect", *options, "--json", str(run)])
    return capfd.readouterr().out


def records(run: Path, capfd: pytest.CaptureFixture[str], kind: str) -> list[dict[str, Any]]:
    lines = map(json.loads, read(run, capfd).splitlines())
    return [line[kind] for line in lines if line["type"] == kind]


Answer = Callable[[str], tuple[int, dict[str, Any]] | None]


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """A server that answers each request (path and body as one text) with a status and JSON, or never if None."""
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = answer(f"{self.path} {body.decode(errors='replace')}")
            if reply is None:
                closing.wait()
                return
            content = json.dumps(reply[1]).encode()
            self.send_response(reply[0])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_POST  # noqa: N815  # the names that http.server looks for

        def log_message(self, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads, http.block_on_close = True, False
        http.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that give up
        threading.Thread(target=functools.partial(http.serve_forever, poll_interval=0.01), daemon=True).start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        closing.set()
        http.shutdown()


def friendly(request: str) -> tuple[int, dict[str, Any]]:
    """As much of the W&B server as a run needs."""
    found = re.search(r'"name":"(\w+)"', request)
    if not found or "UpsertBucket" not in request:
        return 200, {"data": {}}
    bucket = {"id": "b", "name": found[1], "project": {"id": "p", "name": "saddle", "entity": {"name": "me"}}}
    return 200, {"data": {"upsertBucket": {"bucket": bucket, "inserted": True}}}


def resumable(request: str) -> tuple[int, dict[str, Any]]:
    """As `friendly`, and it has the run that is to go on."""
    if "CreateRunFiles" in request:
        return 200, {"data": {"createRunFiles": {"runID": "b", "uploadHeaders": [], "files": []}}}
    if "RunResumeStatus" not in request:
        return friendly(request)
    bucket = {"id": "b", "name": "abc123", "historyLineCount": 0, "eventsLineCount": 0, "logLineCount": 0}
    empty = {"historyTail": "[]", "eventsTail": "[]", "summaryMetrics": "{}", "config": "{}", "wandbConfig": '{"t": 1}'}
    return 200, {"data": {"model": {"id": "p", "name": "saddle", "entity": {"name": "me"}, "bucket": bucket | empty}}}


def test_an_offline_run_holds_numbers_picture_and_axis_in_one_row(capfd: pytest.CaptureFixture[str]) -> None:
    run = logger()
    for updates, distance, precision in [(0, 5.0, 0.1), (500, 2.0, 0.4), (1000, 3.0, 0.2)]:
        grid = Image.new("RGB", (8, 8), (updates % 255, 0, 0))
        run.log_metrics({"fd_faces": distance, "precision_faces": precision, "grid": grid}, step=updates)
    run.log_metrics({"loss_d": 1.5}, step=1200)
    run.finalize("success")
    run.finalize("success")

    rows = [row["item"] for row in records(run.run_folder, capfd, "history")]
    assert [row["updates"] for row in rows] == [0, 500, 1000, 1200]
    assert [row.get("fd_faces") for row in rows] == [5.0, 2.0, 3.0, None]
    assert [row.get("grid.caption") for row in rows] == ["updates 0", "updates 500", "updates 1000", None]
    for row in rows[:3]:
        with Image.open(run.run_folder / "files" / row["grid.path"]) as picture:
            assert picture.getpixel((0, 0)) == (row["updates"] % 255, 0, 0)

    axes = {m.get("name", m.get("glob_name")): m.get("step_metric") for m in records(run.run_folder, capfd, "metric")}
    assert axes == {"updates": None, "*": "updates", "fd_faces": "updates", "precision_faces": "updates"}

    told = json.loads(read(run.run_folder, capfd, "--summary"))
    assert told["summary"]["fd_faces"] == {"min": 2.0, "last": 3.0}
    assert told["summary"]["precision_faces"] == {"max": 0.4, "last": 0.2}
    assert (told["summary"]["loss_d"], told["summary"]["updates"]) == (1.5, 1200)
    assert told["config"] == CONFIG
    assert (told["name"], told["project"], told["tags"]) == ("loss-minimax", "saddle", ["faces", "x" * 64])
    assert (told["state"], told["exit_code"]) == ("finished", 0)
    (started,) = records(run.run_folder, capfd, "run")[:1]
    assert (started["run_group"], started["job_type"]) == ("loss_1f2e3d", "training")


def test_without_a_key_one_line_says_why_and_how_to_upload(capfd: pytest.CaptureFixture[str]) -> None:
    run = logger()
    told = capfd.readouterr()
    assert (run.offline, run.url) == (True, None)
    assert run.run_folder.parent == Path("runs/single/a job (1)/wandb").absolute()
    command = f"wandb sync 'runs/single/a job (1)/wandb/{run.run_folder.name}'"
    assert told.err == f"W&B: no API key (wandb login); the run is stored offline, upload it with: {command}\n"
    assert told.out == ""
    run.finalize("success")
    assert run.closing_line() == f"W&B offline: {command}"
    assert Path(shlex.split(run.closing_line())[-1]).is_dir()
    assert capfd.readouterr() == ("", "")
    assert [name for name in os.environ if name.startswith("WANDB_")] == ["WANDB_ERROR_REPORTING"]


def test_a_terminal_is_not_asked_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert logger().offline


def test_each_logger_of_a_process_is_a_run_of_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    first = logger("runs/a/1", config={"seed": 1})  # never finalized: its job crashed
    second = logger("runs/a/2", config={"seed": 2})
    second.log_metrics({"loss_g": 2.0}, step=1)
    second.finalize("failed")
    for seed, run, exit_code, rows in ((1, first, 0, 0), (2, second, 1, 1)):
        told = json.loads(read(run.run_folder, capfd, "--summary"))
        assert (told["config"], told["exit_code"]) == ({"seed": seed}, exit_code)
        assert len(records(run.run_folder, capfd, "history")) == rows


def test_misuse_is_refused() -> None:
    run = logger()
    with pytest.raises(ValueError, match="number of updates"):
        run.log_metrics({"loss_g": 1.0})
    run.finalize("success")
    with pytest.raises(RuntimeError, match=r"before finalize\(\)"):
        run.log_metrics({"loss_g": 1.0}, step=1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda request: None, "did not answer: timed out"),
        (lambda request: (401, {}), "refused the API key (HTTP Error 401: Unauthorized)"),
        (lambda request: (403, {}), "refused the API key (HTTP Error 403: Forbidden)"),
        (
            lambda request: (403, {"errors": [{"message": "no access"}]}) if "UpsertBucket" in request else (200, {}),
            "wandb.init failed (no access)",
        ),
        (lambda request: None if "UpsertBucket" in request else (200, {}), "wandb.init failed (Timed out"),
    ],
    ids=["silent", "401", "403", "project refused", "silent later"],
)
def test_a_server_that_does_not_let_in_costs_seconds_and_one_line(
    answer: Answer, reason: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with server(answer) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        start = time.monotonic()
        run = logger()
        assert time.monotonic() - start < 1 + 3
        assert (
            wandb.setup().settings.mode == "offline"
        )  # the whole session: else telemetry waits for the server at exit
        run.log_metrics({"loss_g": 1.0}, step=1)
        run.finalize("success")
        assert time.monotonic() - start < 1 + 4
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert reason in lines[0]
    assert "; the run is stored offline, upload it with: wandb sync 'runs/" in lines[0]
    assert [row["item"]["updates"] for row in records(run.run_folder, capfd, "history")] == [1]


def test_a_key_of_the_wrong_form_and_a_closed_port_are_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "short")
    assert logger().offline
    assert "API key must have 40+ characters" in capfd.readouterr().err
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    assert logger().offline
    told = capfd.readouterr().err
    assert "http://127.0.0.1:9 did not answer: " in told
    assert "Connection refused" in told


def test_online_and_the_server_falls_silent_during_the_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    requests: list[str] = []
    silent = threading.Event()

    def answer(request: str) -> tuple[int, dict[str, Any]] | None:
        requests.append(request)
        return None if silent.is_set() else friendly(request)

    with server(answer) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        run = logger(finish_timeout=1.0)
        for name in filter(lambda name: name.startswith("WANDB_"), os.environ):
            assert name in ("WANDB_API_KEY", "WANDB_BASE_URL", "WANDB_ERROR_REPORTING", "WANDB_SERVICE")
        assert not run.offline
        assert str(run.url).startswith(f"{url}/me/saddle/runs/")
        assert run.closing_line() == f"W&B: {run.url}"
        silent.set()
        run.log_metrics({"loss_g": 1.0}, step=1)
        start = time.monotonic()
        run.finalize("success")
        assert time.monotonic() - start < 1 + 4
    assert run.closing_line().startswith(
        f"W&B: {run.url} is incomplete, upload the rest: wandb sync --include-online 'runs/"
    )
    assert capfd.readouterr() == ("", "")
    assert any("UpsertBucket" in request and "loss_1f2e3d" in request for request in requests)
    assert [row["item"]["updates"] for row in records(run.run_folder, capfd, "history")] == [1]


def test_numbers_join_the_summary_of_a_run_that_is_online(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    requests: list[str] = []

    def answer(request: str) -> tuple[int, dict[str, Any]] | None:
        requests.append(request)
        return resumable(request)

    with server(answer) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        assert add_to_summary("me/saddle/abc123", {"evaluation/fid": 12.5}, folder=tmp_path, timeout=5.0) is None
    sent = " ".join(requests)
    assert "abc123" in sent
    assert re.search(r"evaluation/fid\W+12\.5", sent)


def test_a_run_that_goes_on_is_the_same_run_online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with server(resumable) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        run = logger(resumed_from={"id": "abc123", "online": True}, timeout=5.0, finish_timeout=5.0)
        assert (run.offline, run.identity()) == (False, {"id": "abc123", "online": True})
        run.finalize("success")


def test_a_run_that_goes_on_offline_is_another_one_that_names_the_first(capfd: pytest.CaptureFixture[str]) -> None:
    first = logger()
    identity = first.identity()
    assert identity is not None
    first.finalize("failed")
    second = logger(resumed_from=identity)
    assert second.identity() != identity
    second.finalize("success")
    told = json.loads(read(second.run_folder, capfd, "--summary"))
    assert told["config"]["resumed_from"] == identity["id"]


def test_a_run_that_is_gone_is_told_and_nothing_else_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    with server(lambda request: (404, {})) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        problem = add_to_summary("me/saddle/abc123", {"evaluation/fid": 12.5}, folder=tmp_path, timeout=1.0)
    assert problem


def test_a_run_ends_well_when_the_service_process_dies_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    silent = threading.Event()

    def answer(request: str) -> tuple[int, dict[str, Any]] | None:
        return None if silent.is_set() else resumable(request)

    with server(answer) as url:
        monkeypatch.setenv("WANDB_BASE_URL", url)
        run = logger(timeout=5.0, finish_timeout=20.0)
        silent.set()  # so that finishing waits
        process = wandb.setup().ensure_service()._proc
        assert process is not None
        threading.Timer(1.0, process._process.kill).start()
        run.finalize("success")
    assert "is incomplete" in run.closing_line()
    wandb.run = None  # as below


def test_training_goes_on_when_the_service_process_is_killed(capfd: pytest.CaptureFixture[str]) -> None:
    run = logger()
    connection = wandb.setup().ensure_service()
    assert connection._proc is not None
    connection._proc._process.kill()
    connection._proc.join()
    capfd.readouterr()
    for step in range(3):
        run.log_metrics({"loss_g": 1.0}, step=step)
        time.sleep(0.1)
    run.finalize("success")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "metrics.jsonl has every number" in lines[0]
    wandb.run = None  # W&B itself forgets a lost run only at exit


def test_training_goes_on_when_the_disk_takes_no_more_pictures(capfd: pytest.CaptureFixture[str]) -> None:
    """W&B writes a picture into a folder of its own before it logs it; the system really refuses that file."""
    run = logger()
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    capfd.readouterr()
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        run.log_metrics({"samples": Image.fromarray(noise)}, step=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    run.warn("D is saturated: it has won")
    run.log_metrics({"loss_g": 1.0}, step=2)
    run.finalize("success")
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("W&B ")
    assert "metrics.jsonl has every number" in line


@pytest.mark.parametrize(("mode", "closing"), [("offline", "W&B offline: wandb sync"), ("disabled", "W&B: disabled")])
def test_the_mode_of_the_environment_is_respected_without_a_word(
    mode: str, closing: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    run = logger()
    run.log_metrics({"loss_g": 1.0}, step=1)
    run.finalize("success")
    assert run.closing_line().startswith(closing)
    assert capfd.readouterr() == ("", "")
    assert Path("runs/single/a job (1)/wandb").exists() == (mode == "offline")


def test_importing_the_module_and_other_ranks_do_without_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "wandb", None)  # importing it would raise
        assert "Wandb" in runpy.run_path(inspect.getfile(Wandb))
        patch.setattr(rank_zero_only, "rank", 1)
        run = logger()
        run.log_metrics({"loss_g": 1.0}, step=1)
        run.finalize("success")


def test_logger_none_is_an_empty_group() -> None:
    assert OmegaConf.load(CONF / "none.yaml") == {}


@pytest.mark.parametrize("mode", ["", "of-line"])
def test_settings_that_wandb_refuses_do_not_stop_a_run(
    mode: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", mode)
    run = logger()
    run.log_metrics({"fd_faces": 1.0}, step=0)
    run.finalize("success")
    assert "refuses to start" in capfd.readouterr().err
    assert "no run" in run.closing_line()
