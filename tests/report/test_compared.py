"""Comparisons in numbers: what is one setting, what shares a column, what is counted and what is not."""

import csv
import io
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
import scipy.stats

from fake_runs import make_run, make_sweep
from saddle.report import values_figure
from saddle.report.closing import difference_text
from saddle.report.comparison import Comparison, read_comparison
from saddle.report.cost import BENCH, SWEEP, costs_of
from saddle.report.curves import curves_of
from saddle.report.export import runs_csv, table_csv
from saddle.report.results import results_sheet
from saddle.report.settings import differing
from saddle.report.statistics import t_interval
from saddle.report.style import styles_of
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import runs_of, write_sweep


def compared(sweep: Path, baseline: str | None = None) -> Comparison:
    return read_comparison(sweep, runs_of(sweep), None, baseline)


def last(sweep: Path, job: str, metric: str = "fd_faces") -> float:
    value: float = json.loads((sweep / job / "summary.json").read_text())["metrics"][metric]["last"]
    return value


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Two losses and three seeds."""
    return make_sweep(tmp_path / "two", ["minimax", "hinge"], [0, 1, 2])


def test_runs_that_differ_in_their_seed_alone_are_one_setting(sweep: Path) -> None:
    comparison = compared(sweep)
    assert [setting.name for setting in comparison.settings] == ["loss-minimax", "loss-hinge"]
    assert differing(comparison.settings) == {"loss": ["minimax", "hinge"]}  # not seed, nor model.seed that follows it
    values = [last(sweep, f"loss-minimax_seed-{seed}") for seed in range(3)]
    low, high = scipy.stats.t.interval(0.95, 2, sum(values) / 3, scipy.stats.sem(values))
    interval = comparison.last["loss-minimax", "fd_faces"]
    assert (interval.mean, interval.low, interval.high) == pytest.approx((sum(values) / 3, low, high))


def test_a_seed_that_one_model_alone_has_does_not_tell_its_runs_apart(tmp_path: Path) -> None:
    """What differs begins with what was asked for."""
    sweep, jobs = tmp_path / "models", []
    for model in ("gan", "discriminator"):
        for seed in (0, 1):
            run = make_run(sweep / f"model-{model}_seed-{seed}", seed=seed)
            own = f"  _target_: saddle.models.{model}.Model\n  seed: {seed}\n"
            search = f"  search:\n    steps: 1\n    seed: {seed}\n" if model == "discriminator" else ""
            run.write_config(f"seed: {seed}\nbatch_size: {8 if search else 64}\nmodel:\n{own}{search}")
            jobs.append({"name": run.job, "overrides": [f"model={model}", f"seed={seed}"]})
    write_sweep(sweep, {"command": "", "jobs": jobs})
    comparison = compared(sweep)
    assert [(setting.name, len(setting.runs)) for setting in comparison.settings] == [
        ("model-gan", 2),
        ("model-discriminator", 2),
    ]
    keys = differing(comparison.settings)
    assert list(keys) == ["model", "batch_size", "model.search.steps"]
    assert comparison.models == {"saddle.models.gan.Model", "saddle.models.discriminator.Model"}


def test_the_values_stand_in_their_order_with_their_intervals(tmp_path: Path) -> None:
    """One seed has a dot and no line; one that is not finite, or was not measured, has words in their place."""
    values = {"a": [3.0, 5.0], "b": [2.0], "c": [9.0, 9.5, 10.0], "d": [float("nan"), 1.0]}
    intervals = {name: t_interval(seeds) for name, seeds in values.items()}
    for higher, order in ((False, ["d", "e", "c", "a", "b"]), (True, ["d", "e", "b", "a", "c"])):
        (panel,) = values_figure.draw(intervals | {"e": None}, styles_of(list(values)), "a", "fd", higher).axes
        assert [label.get_text() for label in panel.get_yticklabels()] == order  # from below: the best one above
        base, *drawn = panel.lines
        assert list(base.get_xdata()) == [4.0, 4.0]  # type: ignore[arg-type]  # right at run time, wider on paper
        lines = [line for line in drawn if len(line.get_xdata()) == 2]  # type: ignore[arg-type]  # right at run time, wider on paper
        assert {tuple(line.get_xdata()) for line in lines} == {intervals[name].bounds for name in "ac"}  # type: ignore[arg-type]  # right at run time, wider on paper
        assert len(drawn) == 3 + 2
        assert [text.get_text() for text in panel.texts] == ["not finite", "not measured"]


def test_differences_are_paired_by_seed_and_adjusted_within_their_column(tmp_path: Path) -> None:
    """A seed that one side lacks is in no pair; the baseline may be named by a setting or by one of its jobs."""
    sweep = make_sweep(tmp_path / "three", ["minimax", "hinge", "wasserstein"], [0, 1, 2])
    (sweep / "loss-hinge_seed-2" / "summary.json").unlink()
    RunFolder(sweep / "loss-hinge_seed-2").mark("failed", error="E")
    by_job, by_name = compared(sweep, "loss-wasserstein_seed-1"), compared(sweep, "loss-wasserstein")
    assert by_job.baseline == by_name.baseline == "loss-wasserstein"
    minimax, hinge = by_job.differences["fd_faces"]
    assert (minimax.setting, hinge.setting) == ("loss-minimax", "loss-hinge")
    a, b = ([last(sweep, f"loss-{loss}_seed-{seed}") for seed in (0, 1)] for loss in ("hinge", "wasserstein"))
    assert hinge.interval
    assert hinge.interval.n == 2
    assert hinge.interval.mean == pytest.approx((a[0] - b[0] + a[1] - b[1]) / 2)
    assert minimax.p is not None
    assert hinge.p is not None
    assert hinge.p == pytest.approx(scipy.stats.ttest_rel(a, b).pvalue)
    assert hinge.adjusted == pytest.approx(max(hinge.p, 2 * minimax.p) if minimax.p < hinge.p else 2 * hinge.p)
    with pytest.raises(LookupError, match="there are loss-minimax, loss-hinge"):
        compared(sweep, "loss-hing")


def test_the_terminal_says_what_is_real_where_there_is_something_to_say(sweep: Path, tmp_path: Path) -> None:
    lines = difference_text(compared(sweep)).splitlines()
    assert lines[0] == "fd_faces: difference to loss-minimax"
    assert " ".join(lines[2].split()) == "setting pairs mean difference 95% interval p p, Holm is it real?"
    assert lines[4].startswith("loss-hinge      3")
    assert "adjusted by Holm for the 1 test of" in lines[-1]
    assert difference_text(compared(make_sweep(tmp_path / "one", ["minimax", "hinge"], [0]))) == ""


def test_one_seed_has_no_interval_and_no_p_value(tmp_path: Path) -> None:
    comparison = compared(make_sweep(tmp_path / "one", ["minimax", "hinge"], [0]))
    assert all(interval.bounds is None for interval in comparison.last.values())
    assert [one.p for differences in comparison.differences.values() for one in differences] == [None] * 3


def test_numbers_of_other_protocols_never_share_a_column(sweep: Path) -> None:
    """Only what was measured otherwise: `swd` looks at no features, so it does not know the extractor."""
    make_run(sweep / "loss-hinge_seed-3", loss="hinge", seed=3, extractor="other")
    comparison = compared(sweep)
    assert [column.name for column in comparison.columns] == [
        *("fd_faces (A)", "fd_faces (B)", "precision_faces (A)", "precision_faces (B)", "swd")
    ]
    other = next(setting.name for setting in comparison.settings if len(setting.runs) == 1)
    measured = {column for setting, column in comparison.last if setting == other}
    assert measured == {"fd_faces (B)", "precision_faces (B)", "swd"}
    assert [one.interval for one in comparison.differences["fd_faces (A)"] if one.setting == other] == [None]


def test_data_without_a_reference_are_a_part_of_the_protocol(tmp_path: Path) -> None:
    for name in ("ring", "grid"):
        run = make_run(tmp_path / name)
        summary = run.summary() or {}
        run.write_summary(summary | {"protocol": {"samples": 100}, "data": {"digest": {"distribution": name}}})
    names = [column.name for column in compared(tmp_path).columns]
    assert names[:2] == ["fd_faces (A)", "fd_faces (B)"]


def test_a_run_that_has_not_ended_is_in_no_mean_but_has_a_curve(sweep: Path) -> None:
    make_run(sweep / "loss-hinge_seed-3", loss="hinge", seed=3, ended="interrupted")
    comparison = compared(sweep)
    assert [column.name for column in comparison.columns] == ["fd_faces", "precision_faces", "swd"]
    assert comparison.last["loss-hinge", "fd_faces"].n == 3
    curve = curves_of(comparison.settings, comparison.columns[0])[1]
    assert [len(values) for values in curve.unfinished] == [3]
    assert list(curve.points) == [0, 200, 400, 600, 800, 1000]
    assert all(interval.n == 3 for interval in curve.points.values())


def test_a_run_that_other_libraries_will_measure_is_not_taken_for_the_finished_ones(sweep: Path) -> None:
    run = make_run(sweep / "loss-hinge_seed-3", loss="hinge", seed=3, ended="interrupted")
    run.write_environment({"versions": {"torch": "2.16.0"}})
    names = [column.name for column in compared(sweep).columns if column.metric == "fd_faces"]
    assert names == ["fd_faces (A)", "fd_faces (B)"]


def test_a_seed_that_ran_twice_counts_once(sweep: Path) -> None:
    make_run(sweep / "again", loss="hinge", seed=0, distance=99.0)
    comparison = compared(sweep)
    assert comparison.last["loss-hinge", "fd_faces"].n == 3
    assert results_sheet(comparison).rows[1][1].note == "a seed twice: the first counts"


def test_a_sweep_of_which_nothing_has_ended_has_curves(tmp_path: Path) -> None:
    for seed in range(2):
        make_run(tmp_path / f"seed-{seed}", seed=seed, ended="interrupted")
    comparison = compared(tmp_path)
    assert "fd_faces" in [column.name for column in comparison.columns]
    assert not comparison.last
    assert len(curves_of(comparison.settings, comparison.columns[0])[0].unfinished) == 2


def test_folders_in_whatever_state_are_read(sweep: Path) -> None:
    """Damaged, empty, without a configuration, of a foreign version, not begun: each is a run with its cause."""
    (sweep / "torn").mkdir()
    (sweep / "torn" / "summary.json").write_text('{"updates": 10')
    (sweep / "hurt").mkdir()
    (sweep / "hurt" / "config.yaml").write_text("a: [1, 2")
    RunFolder(sweep / "early").mark("failed", error="ValueError: wrong\nlong trace")
    make_run(sweep / "line").path.joinpath("metrics.jsonl").write_text("{]\n")
    foreign = make_run(sweep / "foreign", loss="hinge", seed=9)
    old = {"extractor": "faces", "images_real": 360, "torch": "2.9"}  # protocols were flat
    summary = {key: value for key, value in (foreign.summary() or {}).items() if key not in ("images_seen", "floor")}
    foreign.write_summary(summary | {"protocol": old, "metrics": {**summary["metrics"], "odd": 3, "none": {"x": 1}}})
    jobs = [{"name": path.name, "overrides": []} for path in sweep.iterdir() if path.is_dir()]
    write_sweep(sweep, {"jobs": [*jobs, {"name": "later", "overrides": []}]})
    comparison = compared(sweep)
    states = {run.job: (run.status, run.cause) for run in comparison.jobs if not run.finished}
    assert states.keys() == {"torn", "hurt", "early", "line", "later"}
    assert states["torn"][0] == states["hurt"][0] == states["line"][0] == "unreadable"
    assert "is not JSON" in states["torn"][1]
    assert states["early"] == ("failed", "ValueError: wrong")
    assert states["later"][0] == "not started"
    assert {column.metric for column in comparison.columns} == {"fd_faces", "precision_faces", "swd"}
    assert comparison.last["loss-hinge", "fd_faces (A)"].n == 3
    assert comparison.last["loss-hinge", "fd_faces (B)"].n == 1


def test_nominal_seconds_are_the_benchs_only_if_it_knows_all_settings(sweep: Path, tmp_path: Path) -> None:
    settings = compared(sweep).settings
    bench = tmp_path / "costs.json"
    bench.write_text(json.dumps({"seconds": {"loss=minimax": [1, 2, 3], "loss=hinge": [2, 4, 6]}}))
    costs = costs_of(settings, bench)
    assert (costs.source, costs.seconds) == (BENCH, {"loss-minimax": 2, "loss-hinge": 4})
    assert costs.over("loss-minimax", "loss-minimax") == (1, "1")
    factor = math.exp(math.hypot(math.log(3) / 2, math.log(3) / 2))  # both have quartiles at a ratio of 3
    assert costs.over("loss-hinge", "loss-minimax") == (2, f"2.00 ({2 / factor:.2f} to {2 * factor:.2f})")
    exact = {"loss=minimax": [2, 2, 2], "loss=hinge": [4, 4, 4], "the default game": [1, 1, 1]}
    again = {"d_steps=1": [1, math.exp(0.3), 9], "model=gan": [0.1, math.exp(-0.3), 2]}  # the same game: off by 0.3
    bench.write_text(json.dumps({"seconds": exact | again, "equal": [*again]}))
    assert costs_of(settings, bench).spread == pytest.approx({"loss-minimax": 0.3, "loss-hinge": 0.3})
    bench.write_text(json.dumps({"seconds": {"loss=minimax": [1, 2, 3]}}))
    costs = costs_of(settings, bench)
    seconds = sorted(run.summary["seconds"] / 1000 for run in settings[0].runs)
    assert costs.source == SWEEP
    assert costs.seconds["loss-minimax"] == pytest.approx(seconds[1])
    assert costs_of(settings, tmp_path / "none.json").source == SWEEP
    single = [replace(setting, runs=setting.runs[:1]) for setting in settings]
    ratio, words = costs_of(single, bench).over("loss-hinge", "loss-minimax")
    assert words == f"{ratio:.2f} (spread unknown)"


def test_the_shipped_bench_finds_no_difference_between_losses_of_equal_work(tmp_path: Path) -> None:
    """Minimax and nonsaturating do the same work; the interval of their ratio says so, whatever the machine did."""
    settings = compared(make_sweep(tmp_path / "equal", ["minimax", "nonsaturating"], [0])).settings
    _, words = costs_of(settings).over("loss-nonsaturating", "loss-minimax")
    low, high = map(float, re.findall(r"[0-9.]+", words.partition("(")[2]))
    assert low < 1 < high


def test_the_csv_files_have_all_numbers_in_full(sweep: Path) -> None:
    comparison = compared(sweep)
    runs = list(csv.DictReader(io.StringIO(runs_csv(comparison))))
    for line in runs:
        assert float(line["last"]) == last(sweep, line["run"], line["column"])
    assert len(runs) == 18
    table = list(csv.DictReader(io.StringIO(table_csv(comparison))))
    assert len(table) == 2 * 3 * 2
    (line,) = [one for one in table if (one["setting"], one["column"], one["of"]) == ("loss-hinge", "swd", "last")]
    assert float(line["mean"]) == comparison.last["loss-hinge", "swd"].mean
    assert line["p"] == ""  # swd is the same for all: no spread, so no test
