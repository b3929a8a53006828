"""Intervals and p values over seeds, against scipy and against numbers worked out by hand."""

import math

import numpy as np
import pytest
import scipy.stats

from saddle.report.statistics import holm, t_interval, t_test

SAMPLES = [[1.0, 2.0], [8.4, 9.1, 7.7], [0.5, 0.25, 0.125, -3.0, 2.0], [1e6, 1e6 + 1, 1e6 + 3]]


@pytest.mark.parametrize("values", SAMPLES)
def test_the_interval_is_scipys(values: list[float]) -> None:
    found = t_interval(values)
    low, high = scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), scipy.stats.sem(values))
    assert found.n == len(values)
    assert (found.mean, found.low, found.high) == pytest.approx((np.mean(values), low, high), rel=1e-12)


def test_the_interval_of_two_values_by_hand() -> None:
    """Mean 1, s / sqrt 2 = 1, and t with one degree of freedom is Cauchy: its quantile is tan(0.475 pi)."""
    half = math.tan(0.475 * math.pi)
    assert t_interval([0.0, 2.0]).bounds == pytest.approx((1 - half, 1 + half), rel=1e-12)


def test_the_interval_holds_the_expectation_in_95_of_100_cases() -> None:
    draws = np.random.default_rng(0).normal(3.0, 2.0, (4000, 3))
    held = sum(bounds[0] < 3 < bounds[1] for row in draws if (bounds := t_interval(row.tolist()).bounds))
    assert held / 4000 == pytest.approx(0.95, abs=0.012)


def test_what_cannot_be_said_is_not_said() -> None:
    one = t_interval([3.0])
    assert (one.mean, one.bounds, one.n) == (3.0, None, 1)
    diverged = t_interval([3.0, math.nan, 4.0])
    assert math.isnan(diverged.mean)
    assert diverged.bounds is None
    with pytest.raises(ValueError, match="at least one"):
        t_interval([])
    assert [t_test(values) for values in ([], [1.0], [1.0, 1.0], [1.0, math.inf])] == [None] * 4


@pytest.mark.parametrize("values", SAMPLES)
def test_the_paired_test_is_scipys(values: list[float]) -> None:
    base = [3.0, 1.0, 4.0, 1.0, 5.0][: len(values)]
    expected = scipy.stats.ttest_rel(values, base).pvalue
    assert t_test([a - b for a, b in zip(values, base, strict=True)]) == pytest.approx(expected, rel=1e-9)


def test_the_test_and_the_interval_agree() -> None:
    """p < 0.05 where 0 lies outside of the 95% interval, and only there."""
    for row in np.random.default_rng(1).normal(1.0, 1.0, (200, 4)).tolist():
        bounds, p = t_interval(row).bounds, t_test(row)
        assert bounds
        assert p is not None
        assert (p < 0.05) == (not bounds[0] <= 0 <= bounds[1])


def test_holm_by_hand() -> None:
    """4 x 0.01, 3 x 0.015 (more than that), 2 x 0.02 (less than what stands before it, so the same), 1 x 0.9."""
    assert holm([0.02, 0.01, 0.9, 0.015]) == pytest.approx([0.045, 0.04, 0.9, 0.045])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.01, None, 0.04]) == pytest.approx([0.02, None, 0.04])
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_holm_errs_in_any_of_ten_true_hypotheses_at_most_as_often_as_it_says() -> None:
    families = np.random.default_rng(2).uniform(size=(4000, 10)).tolist()
    erred = sum(min(p for p in holm(family) if p is not None) < 0.05 for family in families)
    assert erred / 4000 < 0.058
