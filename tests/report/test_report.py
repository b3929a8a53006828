"""Comparisons: what a table and a picture promise, on runs made up for it."""

import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from saddle.cli import compare
from saddle.cli.main import start
from saddle.report.closing import closing_words
from saddle.report.overview import draw
from saddle.report.run import read_runs
from saddle.report.table import terminal
from saddle.report.text import duration, number
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import write_sweep

OTHERS = ("kid_faces", "precision_faces", "recall_faces", "swd")


def make_run(folder: Path, distances: dict[int, float], *, ended: str = "finished", mode: str = "RGB") -> RunFolder:
    """A run with one evaluation for each of `distances`, which ended as `ended`."""
    run = RunFolder(folder)
    run.write_config("seed: 0\n")
    for updates, distance in distances.items():
        run.log(updates, {"fd_faces": distance})
        run.log(updates, {"loss_discriminator": 1.0 + 100 * (updates == 500), "loss_generator": -0.5})
        run.save_grid(updates, Image.new(mode, (16, 16), 120))
    if ended == "finished":
        best = min(distances, key=lambda updates: distances[updates])
        values = {"last": list(distances.values())[-1], "best": distances[best], "best_updates": best}
        metrics = {"fd_faces": values, **{name: {"last": 0.125, "best": 0.1, "best_updates": 0} for name in OTHERS}}
        summary = {"updates": max(distances), "seconds": 123.4, "main_metric": "fd_faces", "lower_is_better": True}
        summary |= {"protocol": {"comparisons": []}}
        run.write_summary(summary | {"floor": 2.5, "floor_error": 0.25, "metrics": metrics, "wandb": "W&B: offline"})
    run.mark(ended)
    return run


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A run that finished, one that failed after two evaluations, one that never spoke."""
    folder = tmp_path / "runs" / "loss-minimax-nonsaturating_abc123"
    make_run(folder / "loss-nonsaturating", {0: 400.0, 500: 20.0, 1000: 25.0})
    make_run(folder / "loss-minimax", {0: 400.0, 500: math.nan}, ended="failed")
    RunFolder(folder / "loss-hinge").mark("failed")
    names = ("loss-nonsaturating", "loss-minimax", "loss-hinge")
    write_sweep(folder, {"command": "", "jobs": [{"name": name} for name in names]})
    return folder


def rows_of(sweep: Path, *names: str) -> list[str]:
    """The terminal's lines about `names`."""
    runs = read_runs([RunFolder(sweep / name) for name in names])
    return [line for line in terminal(runs).splitlines() if line.startswith(names)]


def test_a_row_holds_the_last_value_and_apart_from_it_the_best(sweep: Path) -> None:
    (line,) = rows_of(sweep, "loss-nonsaturating")
    assert " ".join(line.split()) == "loss-nonsaturating finished 1000 2m03s 25 20 @500 10 samples/001000.png"
    table = terminal(read_runs([RunFolder(sweep / "loss-nonsaturating")]))
    assert "selected on the numbers it is taken from" in table
    assert "floor of fd_faces, real images against real images: 2.5 ± 0.2" in table


def test_runs_that_failed_are_measured_by_what_they_logged(sweep: Path) -> None:
    lines = rows_of(sweep, "loss-nonsaturating", "loss-minimax", "loss-hinge")
    assert lines[1].split() == ["loss-minimax", "failed", "500", "-", "nan", "400", "@0", "nan", "samples/000500.png"]
    assert lines[2].split() == ["loss-hinge", "failed", "-", "-", "-", "-", "-", "-"]


def test_the_launcher_may_know_better_how_a_job_ended(sweep: Path) -> None:
    runs = [RunFolder(sweep / "loss-nonsaturating"), RunFolder(sweep / "never begun")]
    rows = read_runs(runs, {"loss-nonsaturating": "failed", "never begun": "not started"})
    assert [row.status for row in rows] == ["failed", "not started"]


@pytest.mark.parametrize("length", [5, 30, 60, 120])
@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_fits_the_terminal_and_never_loses_what_it_is_about(tmp_path: Path, length: int, width: int) -> None:
    runs = [make_run(tmp_path / (letter * length), {0: 123456.0, 50000: 0.012345}) for letter in "ab"]
    header, *lines = terminal(read_runs(runs), width).splitlines()[:4]
    assert max(map(len, [header, *lines])) <= width
    assert header.split()[:3] == ["job", "status", "updates"]
    assert "fd_faces" in header
    assert "best*" in header
    assert all("0.01235 @50000" in line for line in lines[1:])
    if width == 200 and length == 5:
        assert all(name in header for name in OTHERS)


@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_picture_gives_each_run_one_look_and_shows_its_grid(tmp_path: Path, count: int) -> None:
    runs = [make_run(tmp_path / f"seed-{k}", {0: 400.0, 500: 30.0 + k}, mode="L" if k else "RGB") for k in range(count)]
    figure = draw(read_runs(runs), losses=True)
    metric, discriminator, generator, *grids = figure.axes
    looks = [(line.get_color(), line.get_linestyle(), str(line._dash_pattern)) for line in discriminator.lines]  # type: ignore[attr-defined]  # of this object it is
    assert len(set(looks)) == count
    assert metric.get_yscale() == "log"
    assert [line.get_color() for line in metric.lines[:count]] == [line.get_color() for line in generator.lines]
    assert metric.lines[-1].get_ydata()[0] == 2.5  # type: ignore[index]  # the floor
    legends = [panel.get_legend() for panel in grids]
    titles = [legend.get_texts()[0].get_text() for legend in legends if legend]
    assert [title.split("\n")[0] for title in titles] == [run.job for run in runs]
    assert all(panel.images for panel in grids)
    corners = [panel.get_position() for panel in figure.axes]
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in corners)


def test_losses_that_are_different_quantities_share_no_axis(tmp_path: Path) -> None:
    rows = read_runs([make_run(tmp_path / f"model-{name}", {0: 400.0, 500: 30.0}) for name in ("gan", "vae")])
    metric, *losses = draw(rows, losses=False).axes[:3]
    assert len(metric.lines) == 3  # and the floor
    for panel in losses:
        assert not panel.lines
        assert "do not compare" in panel.texts[0].get_text()


def test_a_picture_of_runs_that_say_nothing_is_a_picture(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "job")
    run.mark("failed")
    assert len(draw(read_runs([run]), losses=True).axes) == 4


def test_closing_words_say_what_can_be_done_with_what_there_is(sweep: Path) -> None:
    failed = read_runs([RunFolder(sweep / "loss-hinge")])
    assert "make fid" not in closing_words(sweep, failed)
    assert "sweep.retry_failed=true" in closing_words(sweep, failed)
    assert "the same command again" not in closing_words(sweep, failed)
    begun = read_runs([RunFolder(sweep / "loss-hinge"), RunFolder(sweep / "later")], {"later": "not started"})
    assert "jobs that finished or failed are skipped, the others go on" in closing_words(sweep, begun)
    assert "jobs that finished are skipped" in closing_words(sweep, begun[1:])
    assert "retry_failed" not in closing_words(sweep, begun[1:])
    images = RunFolder(sweep / "loss-nonsaturating")
    words = closing_words(sweep, read_runs([images] * 2))
    assert "make fid" in words
    assert words.count("  offline") == 1
    assert words.splitlines()[-1] == f"comparison: {sweep / 'compare' / 'index.html'}"
    assert words.count("index.html") == 1
    assert "index.html" not in closing_words(sweep, failed)
    assert "same command" not in words
    assert f"run={sweep}/loss-nonsaturating" in words
    images.write_summary((images.summary() or {}) | {"protocol": {"samples": 100, "sigma": 0.04}})  # as of points
    words = closing_words(sweep, read_runs([images]))
    assert "make fid" not in words
    assert "make compare" in words
    assert "floor of fd_faces, draws of the data against the data: 2.5" in terminal(read_runs([images]))


def test_offline_runs_of_a_sweep_are_uploaded_by_one_command(sweep: Path) -> None:
    (run,) = read_runs([RunFolder(sweep / "loss-nonsaturating")])
    lines = [f"W&B offline: wandb sync runs/s/{job}/wandb/offline-run-1" for job in "ab"]
    several = [replace(run, summary={"wandb": line}) for line in (*lines, "W&B: https://wandb.ai/me/saddle/runs/c")]
    words = closing_words(Path("runs/a sweep"), several)
    assert "  W&B           offline: wandb sync 'runs/a sweep'/*/wandb/offline-run-*\n" in words
    assert "                https://wandb.ai/me/saddle/runs/c\n" in words
    assert f"  W&B           {lines[0].removeprefix('W&B ')}\n" in closing_words(Path("runs/s"), several[:1])


def test_compare_takes_the_newest_sweep_a_sweep_or_a_run(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(sweep.parents[1])
    for arguments in ([], [f"sweep={sweep}", "names=loss-nonsaturating=Usual,loss-hinge=Hinge"]):
        compare.main(["compare.py", *arguments])
        said = capsys.readouterr().out
        table = said.partition("comparison: ")[0].partition(" failed: ")[0].splitlines()
        shown = [line.split()[0] for line in table if line.startswith("loss-") and "  " in line]
        assert shown == ["loss-nonsaturating", "loss-minimax", "loss-hinge"]
    assert "| Usual |" in (sweep / "compare" / "table.md").read_text()
    compare.main(["compare.py", f"run={sweep / 'loss-minimax'}"])
    assert (sweep / "loss-minimax" / "compare" / "index.html").is_file()
    with pytest.raises(SystemExit, match="did you mean"):
        compare.main(["compare.py", f"sweep={sweep}4"])
    (sweep / "loss-hinge" / "metrics.jsonl").write_text('{"updates": 0}\nx\n')
    compare.main(["compare.py", f"run={sweep / 'loss-hinge'}"])
    said = capsys.readouterr().out
    assert "loss-hinge unreadable: a file of it is damaged: " in said
    assert "metrics.jsonl is not JSON in line 2: it was changed by hand" in said
    monkeypatch.chdir(sweep)
    with pytest.raises(SystemExit, match="make sweep"):
        compare.main(["compare.py"])


def test_numbers_are_short_and_keep_four_digits() -> None:
    values = [12.3456, 0.00123456, 123456.0, 1e9, -0.5, None, math.nan, math.inf]
    assert [number(value) for value in values] == ["12.35", "0.001235", "123456", "1e+09", "-0.5", "-", "nan", "inf"]
    assert [duration(value) for value in (0.4, 59.6, 123, 3725, None, math.nan, math.inf)] == [
        *("0s", "1m00s", "2m03s", "1h02m", "-", "-", "-")
    ]


def test_neither_the_report_nor_the_launcher_imports_torch() -> None:
    modules = (
        "compare, hydra_plugins.isolated._jobs, saddle.report.overview, saddle.runs.folder, saddle.engine.existing_run"
    )
    code = f"import sys; import {modules}; print({{'torch', 'pytorch_lightning', 'wandb'}} & set(sys.modules))"
    src = str(Path(compare.__file__).parent)
    done = subprocess.run([sys.executable, "-c", code], cwd=src, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_runs_that_are_measured_in_different_ways_say_so(tmp_path: Path) -> None:
    """A number never stands under the name of another metric."""
    make_run(tmp_path / "data-faces", {0: 400.0, 500: 20.0})
    other = make_run(tmp_path / "data-digits", {0: 60.0, 500: 3.0})
    summary = other.summary() or {}
    summary["metrics"] = {"fd_digits": summary["metrics"]["fd_faces"]}
    other.write_summary(summary | {"main_metric": "fd_digits", "floor": 1.25})
    text = terminal(read_runs([RunFolder(tmp_path / name) for name in ("data-faces", "data-digits")]))
    assert "fd_faces or fd_digits" in text
    assert "fd_digits 3" in text
    assert "floor of fd_digits, real images against real images: 1.25" in text
    assert "do not compare" in text


def test_a_value_that_is_older_than_the_run_says_when_it_was_measured(tmp_path: Path) -> None:
    run = make_run(tmp_path / "job", {0: 400.0}, ended="failed")
    run.log(260, {"loss_discriminator": 1.0})
    make_run(tmp_path / "finished", {0: 400.0, 500: 20.0})
    lines = terminal(read_runs([run, RunFolder(tmp_path / "finished")])).splitlines()
    assert any(line.startswith("job") and "400 @0" in line for line in lines)


def test_the_floor_of_an_earlier_version_is_left_out_and_named(tmp_path: Path) -> None:
    """It was measured between halves of the real images and is twice too high."""
    for name in ("before", "now"):
        make_run(tmp_path / name, {0: 9.0, 1000: 5.0})
    before = RunFolder(tmp_path / "before")
    summary = {key: value for key, value in (before.summary() or {}).items() if key != "floor_error"}
    before.write_summary(summary | {"floor": 5.0})
    runs = read_runs([before, RunFolder(tmp_path / "now")])
    assert [run.floor for run in runs] == [None, 2.5]
    table = terminal(runs)
    assert "floor of fd_faces, real images against real images: 2.5 ± 0.2\n" in table
    assert "the floor of 1 of 2 runs is left out: an earlier version measured half" in table


def test_a_damaged_run_is_marked_and_the_others_are_compared(
    sweep: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A picture with a wrong byte, a summary of other types, a name that is mathematics or commands a terminal."""
    whole = sweep / "loss-nonsaturating"
    for name in ("picture", "types", "$\\frac{$", "\x1b[2J"):
        shutil.copytree(whole, sweep / name)
    grid = RunFolder(sweep / "picture").last_grid()
    assert grid is not None
    content = bytearray(grid.read_bytes())
    content[content.index(b"IDAT") + 5] ^= 255
    grid.write_bytes(content)
    (sweep / "types" / "summary.json").write_text('{"floor": "low", "metrics": [1]}')
    RunFolder(sweep / "\x1b[2J").mark("failed", error="\x1b]0;owned\x07 by a stranger")
    monkeypatch.setattr("sys.argv", ["compare.py", f"sweep={sweep}"])
    start("compare")
    said = capsys.readouterr().out
    assert "picture finished: its last picture is damaged and left out: samples/" in said
    assert "types unreadable: a file of it is damaged: " in said
    assert "summary.json: floor is of another type than a run stores" in said
    assert r"\x1b[2J failed: \x1b]0;owned\x07 by a stranger" in said
    assert "\x1b" not in said
    assert (sweep / "compare" / "index.html").is_file()
