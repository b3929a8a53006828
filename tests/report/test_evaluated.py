"""What was measured after training (`make fid`) is compared like what was measured during training."""

import csv
import io
import json
from pathlib import Path

import pytest
import scipy.stats

from fake_runs import make_run, make_sweep, measure_again
from saddle.report.closing import difference_text
from saddle.report.comparison import Comparison, read_comparison
from saddle.report.curves import curves_of
from saddle.report.differences import difference_sheet
from saddle.report.export import runs_csv, table_csv
from saddle.report.facts import protocol_sheet
from saddle.report.layout import lead
from saddle.report.results import best_sheet, results_sheet
from saddle.report.sheet import plain
from saddle.report.states import runs_sheet
from saddle.report.table import terminal
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import runs_of

FID = {"minimax": [40.0, 41.0, 43.0], "hinge": [30.0, 32.5, 33.0]}


def compared(sweep: Path) -> Comparison:
    return read_comparison(sweep, runs_of(sweep), None, None)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two losses and three seeds, each run measured after training."""
    sweep = make_sweep(tmp_path_factory.mktemp("evaluated") / "two", list(FID), [0, 1, 2])
    for loss, values in FID.items():
        for seed, fid in enumerate(values):
            measure_again(RunFolder(sweep / f"loss-{loss}_seed-{seed}"), fid=fid)
    return sweep


def test_what_make_fid_measured_has_columns_intervals_differences_and_p(sweep: Path) -> None:
    """The metrics of training, measured again by the same protocol, are the same columns."""
    comparison = compared(sweep)
    assert [(column.name, column.higher) for column in comparison.columns] == [
        *(("fd_faces", False), ("fid", False), ("precision_faces", True), ("swd", False), ("precision_inception", True))
    ]
    assert [column.name for column in comparison.leads] == ["fd_faces", "fid"]
    interval = comparison.last["loss-hinge", "fid"]
    low, high = scipy.stats.t.interval(0.95, 2, sum(FID["hinge"]) / 3, scipy.stats.sem(FID["hinge"]))
    assert (interval.low, interval.high) == pytest.approx((low, high))
    (difference,) = comparison.differences["fid"]
    assert difference.p == pytest.approx(scipy.stats.ttest_rel(FID["hinge"], FID["minimax"]).pvalue)
    assert ("loss-hinge", "fid") not in comparison.best  # it was measured once
    assert [column.floors for column in comparison.columns[1::3]] == [
        (1.5,),
        (),
    ]  # one without its uncertainty is of halves
    assert curves_of(comparison.settings, comparison.columns[1]) == []


def test_it_is_on_the_page_in_the_terminal_and_in_the_files(sweep: Path) -> None:
    comparison = compared(sweep)
    assert results_sheet(comparison).header[2:4] == ("fd_faces ↓", "fid ↓")
    assert "fid ↓" not in best_sheet(comparison).header
    titles = runs_sheet(comparison, sweep).header
    assert "fid ↓" in titles
    assert "best fid*" not in titles
    answers = [line for line in lead(comparison, "") if "differences" in line or "difference to" in line]
    assert [line.split(" in ")[1].split()[0] for line in answers] == ["fd_faces", "fid"]
    assert "fid: difference to loss-minimax" in difference_text(comparison)
    header, _, first, *rest = terminal(comparison.runs).splitlines()
    assert first[: header.index("fid ") + 3].endswith(" 40")  # right-aligned below its title
    assert "fid: measured after training, of 6 of the 6 finished runs; of real images 1.5" in rest
    table = list(csv.DictReader(io.StringIO(table_csv(comparison))))
    lines = {(line["setting"], line["of"]): line for line in table if line["column"] == "fid"}
    assert lines.keys() == {("loss-minimax", "last"), ("loss-hinge", "last")}
    assert float(lines["loss-hinge", "last"]["p"]) == comparison.differences["fid"][0].p
    runs = list(csv.DictReader(io.StringIO(runs_csv(comparison))))
    assert [float(line["last"]) for line in runs if line["column"] == "fid"] == FID["minimax"] + FID["hinge"]


def test_its_protocol_says_when_it_was_measured_and_of_how_many_runs(sweep: Path) -> None:
    sheet = protocol_sheet(compared(sweep))
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in sheet.rows}
    assert sheet.header[1:] == ("fd_faces, precision_faces", "fid, precision_inception", "swd")
    assert rows["measured"] == ["during training", "after training, of the final model", "during training"]
    assert rows["runs"] == ["6 of 6 finished"] * 3
    assert rows["extractor"] == ["faces", "inception", "-"]


def test_where_only_some_runs_were_measured_it_says_so(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path / "some", ["minimax", "hinge"], [0, 1, 2])
    for job in ("minimax_seed-0", "hinge_seed-0", "hinge_seed-1"):
        measure_again(RunFolder(sweep / f"loss-{job}"), fid=20.0)
    comparison = compared(sweep)
    rows = {row[0].text: row[3] for row in results_sheet(comparison).rows}
    assert rows["loss-minimax"].note == "one seed of 3: no interval"
    assert rows["loss-hinge"].note.endswith("n = 2 of 3")
    (row,) = difference_sheet(comparison, comparison.columns[1]).rows
    assert row[1].text == "1 of 3"
    assert "fid: measured after training, of 3 of the 6 finished runs" in terminal(comparison.runs)


def test_other_protocols_are_other_columns_and_other_models_are_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    measure_again(run, fid=9.0, updates=500)  # before the run was extended
    measure_again(run, fid=8.0, model="before it was trained again")
    measure_again(run, fid=7.0)
    measure_again(run, fid=5.0, images=5000)
    comparison = compared(tmp_path)
    found = {column.name: [one["last"] for one in column.results.values()] for column in comparison.columns}
    last = (run.summary() or {})["metrics"]["fd_faces"]["last"]
    assert (found["fd_faces (A)"], found["fd_faces (B)"]) == ([last], [last])
    assert (found["fid (A)"], found["fid (B)"]) == ([5.0], [7.0])
    assert [curve.setting for curve in curves_of(comparison.settings, comparison.columns[0])] == ["one"]
    assert curves_of(comparison.settings, comparison.columns[1]) == []


def test_the_terminal_puts_no_two_protocols_into_one_column(tmp_path: Path) -> None:
    make_run(tmp_path / "a")
    make_run(tmp_path / "b", extractor="other")
    text = terminal(compared(tmp_path).runs)
    assert "fd_faces (A) or fd_faces (B)" in text
    assert "fd_faces (B) 10" in text
    assert "fd_faces (A) and fd_faces (B) are measured in different ways" in text


def test_a_run_that_was_only_measured_after_training_is_compared(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    measure_again(run, fid=7.0)
    run.write_summary((run.summary() or {}) | {"metrics": {}, "main_metric": None, "protocol": None})
    comparison = compared(tmp_path)
    assert comparison.last["one", "fid"].mean == 7.0
    assert "7" in plain(results_sheet(comparison))


@pytest.mark.parametrize(
    "content",
    [
        *('{"evaluations": 3}', '{"evaluations": [3]}', '{"evaluations": [{"metrics": [1]}]}', "[", "[]"),
        *('{"evaluations": [{"protocol": {"comparisons": [{"extractor": "x"}]}}]}',),
        *('{"evaluations": [{"protocol": {"comparisons": [3]}}]}', '{"evaluations": [{"protocol": 3}]}'),
        *('{"evaluations": [{"protocol": {"comparisons": 3}}]}', '{"evaluations": [{"floor": "x", "updates": {}}]}'),
    ],
)
def test_a_file_that_was_changed_by_hand_marks_its_run_and_leaves_the_others(tmp_path: Path, content: str) -> None:
    make_run(tmp_path / "a").evaluation.write_text(content)
    make_run(tmp_path / "b")
    comparison = compared(tmp_path)
    assert [run.status for run in comparison.runs] == ["unreadable", "finished"]
    assert "damaged" in comparison.runs[0].cause
    assert [column.name for column in comparison.columns] == ["fd_faces", "precision_faces", "swd"]


def test_a_value_that_is_no_number_is_not_compared(tmp_path: Path) -> None:
    """A strict file has null for what is not finite."""
    run = make_run(tmp_path / "one")
    measure_again(run, fid=7.0)
    text = run.evaluation.read_text().replace('"fid": 7.0', '"fid": null')
    run.evaluation.write_text(json.dumps(json.loads(text)))
    assert "fid" not in [column.name for column in compared(tmp_path).columns]
