"""The effect of a factor averaged over the others: closed forms, and the coverage of its interval."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from fake_runs import make_run
from saddle.report.closing import difference_text
from saddle.report.comparison import Comparison, read_comparison
from saddle.report.differences import effects_sheet
from saddle.report.effects import Effect, effects_of, factors_of
from saddle.report.export import effects_csv
from saddle.report.run import RunRecord
from saddle.report.settings import Setting
from saddle.report.statistics import holm, t_interval
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import runs_of, write_sweep

LOSSES, PENALTIES = ("minimax", "hinge"), ("none", "r1", "gp")


def setting(*overrides: str, seeds: int = 3) -> Setting:
    runs = [
        RunRecord(job=f"{overrides}-{k}", folder=Path(), status="finished", overrides=(*overrides, f"seed={k}"))
        for k in range(seeds)
    ]
    return Setting(name=" ".join(overrides), runs=tuple(runs))


CROSSED = [setting(f"loss={loss}", f"penalty={penalty}") for loss in LOSSES for penalty in PENALTIES]


def effects(values: dict[str, dict[str, float]], settings: list[Setting] = CROSSED) -> list[Effect]:
    return effects_of(settings, settings[0], lambda one: values[one.name])


def test_factors_are_the_keys_that_were_varied_independently() -> None:
    assert [(one.name, one.levels) for one in factors_of(CROSSED)] == [
        ("loss", ("minimax",) * 3 + ("hinge",) * 3),
        ("penalty", PENALTIES * 2),
    ]
    follows = [setting(*one.overrides[:2], f"penalty.gamma={one.overrides[1] == 'penalty=r1'}") for one in CROSSED]
    assert [one.name for one in factors_of(follows)] == ["loss", "penalty"]
    assert factors_of([setting("loss=a"), setting("loss=b")]) == []  # one factor has nothing to be averaged over
    assert factors_of([setting("loss=a", "k=1"), setting("loss=b", "k=2")]) == []  # nor have two that vary together
    assert factors_of([*CROSSED, setting("loss=minimax", "penalty=none")]) == []  # two settings of one cell


def test_of_an_additive_design_the_effects_are_its_terms() -> None:
    """y = a(penalty) + b(loss) + c(seed): the differences of a, whatever b and c, and without spread."""
    a, b, c = {"none": 0.0, "r1": -3.0, "gp": 2.0}, {"minimax": 10.0, "hinge": 5.0}, {"0": 0.5, "1": -1.0, "2": 8.0}
    values = {
        f"loss={loss} penalty={penalty}": {seed: a[penalty] + b[loss] + c[seed] for seed in c}
        for loss in LOSSES
        for penalty in PENALTIES
    }
    found = [(one.factor, one.level, one.reference, one.interval and one.interval.mean) for one in effects(values)]
    assert found == [
        *(("loss", "hinge", "minimax", -5.0), ("penalty", "r1", "none", -3.0), ("penalty", "gp", "none", 2.0))
    ]
    assert all(
        one.interval and one.interval.bounds == (one.interval.mean,) * 2 and one.p is None for one in effects(values)
    )


def test_the_interval_and_p_are_those_of_the_seeds_means_over_the_cells() -> None:
    """Against scipy, and the mean against the mean over the cells of the means over the seeds."""
    y = np.random.default_rng(0).normal(10, 2, (2, 3, 4))  # [losses, penalties, seeds]
    values = {
        f"loss={loss} penalty={penalty}": {str(s): float(y[i, j, s]) for s in range(4)}
        for i, loss in enumerate(LOSSES)
        for j, penalty in enumerate(PENALTIES)
    }
    loss, r1, gp = effects(values)
    assert r1.interval
    assert r1.interval.mean == pytest.approx((y[:, 1].mean(1) - y[:, 0].mean(1)).mean())
    assert r1.p == pytest.approx(scipy.stats.ttest_rel(y[:, 1].mean(0), y[:, 0].mean(0)).pvalue)
    d = (y[:, 1] - y[:, 0]).mean(0)
    assert r1.interval.bounds == pytest.approx(scipy.stats.t.interval(0.95, 3, d.mean(), scipy.stats.sem(d)))
    assert [one.adjusted for one in (loss, r1, gp)] == holm([loss.p, r1.p, gp.p])
    assert all((one.cells, one.of) == (2, 2) for one in (r1, gp))


def test_a_missing_seed_is_left_out_of_all_cells_and_a_missing_cell_is_said() -> None:
    y = {name: {"0": 1.0, "1": 2.0, "2": 4.0} for name in (one.name for one in CROSSED)}
    y["loss=hinge penalty=r1"] = {"0": 0.0, "2": 0.0}
    y["loss=minimax penalty=gp"] = {}
    _, r1, gp = effects(y)
    assert (r1.cells, r1.of) == (2, 2)
    assert r1.interval == t_interval([-0.5, -2.0])  # of seeds 0 and 2
    assert (gp.cells, gp.of) == (1, 2)
    y["loss=hinge penalty=gp"] = {}
    assert effects(y)[2].interval is None


def test_the_interval_covers_the_effect_in_95_of_100_designs_and_counting_cells_would_not() -> None:
    """The four cells of a seed vary together, and the effect differs between them; on average it is 2."""
    luck, held, counted, times = np.random.default_rng(0), 0, 0, 500
    shared, own = luck.normal(0, 2, (times, 1, 3)), luck.normal(0, 0.5, (times, 4, 3))
    differences = np.array([[1.5], [1.8], [2.2], [2.5]]) + shared + own  # [times, cells, seeds]
    base = {str(seed): 0.0 for seed in range(3)}
    settings = [setting(f"k={k}", f"loss={loss}") for k in range(4) for loss in ("a", "b")]
    for cells in differences.tolist():
        values = {f"k={k} loss=a": base for k in range(4)}
        values |= {f"k={k} loss=b": {str(s): cells[k][s] for s in range(3)} for k in range(4)}
        of_loss = _loss(settings, values)
        held += of_loss[0] < 2 < of_loss[1]
        low, high = t_interval([value for cell in cells for value in cell]).bounds or (math.nan, math.nan)
        counted += low < 2 < high
    assert held / times == pytest.approx(0.95, abs=0.029)
    assert counted / times < 0.8


def _loss(settings: list[Setting], values: dict[str, dict[str, float]]) -> tuple[float, float]:
    found = {one.factor: one.interval for one in effects(values, settings)}
    interval = found["loss"]
    assert interval
    assert interval.bounds
    return interval.bounds


@pytest.fixture
def crossed(tmp_path: Path) -> Comparison:
    """Two losses and two penalties with three seeds."""
    jobs = []
    for number, (loss, penalty) in enumerate((a, b) for a in LOSSES for b in ("none", "r1")):
        for seed in range(3):
            run = make_run(tmp_path / f"{loss}-{penalty}-{seed}", loss=loss, seed=seed, distance=10.0 + 5 * number)
            run.write_config(run.config() + f"penalty:\n  _target_: saddle.penalties.{penalty}.P\n")
            jobs.append({"name": run.job, "overrides": [f"loss={loss}", f"penalty={penalty}", f"seed={seed}"]})
    write_sweep(tmp_path, {"jobs": jobs})
    return read_comparison(tmp_path, runs_of(tmp_path), None, None, {"penalty-r1": "R1", "loss-hinge": "Hinge"})


def test_effects_are_in_the_terminal_in_the_tables_and_in_the_csv(crossed: Comparison) -> None:
    sheet = effects_sheet(crossed, crossed.columns[0])
    assert [[cell.text for cell in row[:4]] for row in sheet.rows] == [
        ["loss", "Hinge - minimax", "2 of 2", "3"],
        ["penalty", "R1 - none", "2 of 2", "3"],
    ]
    assert [round(row[4].value or 0) for row in sheet.rows] == [10, 5]
    assert "adjusted by Holm for the 2 tests of this table" in sheet.words[0]
    assert "fd_faces: effect of each factor, averaged over the others" in difference_text(crossed)
    lines = list(csv.DictReader(io.StringIO(effects_csv(crossed))))
    assert len(lines) == 2 * 3
    assert float(lines[1]["p_holm"]) == crossed.effects["fd_faces"][1].adjusted


def test_a_sweep_without_two_factors_has_no_effects(tmp_path: Path) -> None:
    make_run(tmp_path / "one")
    assert read_comparison(tmp_path, [RunFolder(tmp_path / "one")], None, None).effects == {}
