r"""The effect of one factor averaged over the others: of each penalty, say, over both losses.

A design crosses factors. Let y[a, b, s] be the result of level a of a factor in cell b, a combination of the levels of
all other factors, with seed s. The effect of level a against the reference level r over the cells B is

    theta = 1/|B| sum_b E(y[a, b, s] - y[r, b, s]),    d[s] = 1/|B| sum_b (y[a, b, s] - y[r, b, s])

The d[s] of different seeds are independent with mean theta, whatever the correlation of the cells of one seed: each
seed is one observation, however many cells there are. Hence mean(d) is unbiased, its variance is estimated without
bias by var(d) / n, and if d is normal, (mean(d) - theta) / (s / sqrt n) is distributed as t with n - 1 degrees of
freedom (Student 1908): the interval and the paired test are those of `saddle.report.statistics` on d. To count
|B| n differences instead would take cells that share a seed for independent, and would cover theta too rarely.

With the same seeds in all cells, mean(d) equals the mean over the cells of the means over the seeds. Cells are fixed:
theta speaks of these cells, not of others, and an average can hide effects of opposite sign. Where a seed is missing in
one of the cells, it is left out of all of them; where a cell has no pair at all, it is left out, and the table says so.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from saddle.report.settings import ABSENT, Setting, differing, key_of
from saddle.report.statistics import Interval, holm, t_interval, t_test


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A key that varies independently of the others; `levels` has its value in each setting."""

    name: str
    levels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Level minus reference in one column, averaged over cells.

    Attributes:
        cells: number of cells over which it is averaged, out of `of` in which the reference level occurs.
        interval: of the mean over the seeds that all these cells have; None if there is no such seed.
        p: of the paired t test; `adjusted` by Holm over all effects of the column.
    """

    factor: str
    level: str
    reference: str
    cells: int
    of: int
    interval: Interval | None
    p: float | None
    adjusted: float | None


def factors_of(settings: Sequence[Setting]) -> list[Factor]:
    """The factors of a design that crosses two or more; otherwise none.

    A key that follows from another one is no factor, and neither are keys in which two settings agree altogether.
    """
    distinct: dict[tuple[int, ...], Factor] = {}
    for name, levels in _table(settings).items():
        distinct.setdefault(tuple(levels.index(level) for level in levels), Factor(name=name, levels=levels))
    factors = [
        factor
        for classes, factor in distinct.items()
        if len(set(classes)) > 1 and not any(_follows(classes, other) for other in distinct if other != classes)
    ]
    cells = set(zip(*(factor.levels for factor in factors), strict=True))
    return factors if len(factors) > 1 and len(cells) == len(settings) else []


def effects_of(
    settings: Sequence[Setting], baseline: Setting, values: Callable[[Setting], Mapping[str, float]]
) -> list[Effect]:
    """The effects of all factors in one column, each against the level of the baseline.

    Args:
        values: setting -> seed -> value in the column.
    """
    factors = factors_of(settings)
    paired = [one for factor in factors for one in _of_factor(factor, factors, settings, baseline, values)]
    p_values = [t_test(differences) for *_, differences in paired]
    return [
        Effect(
            factor=factor,
            level=level,
            reference=reference,
            cells=cells,
            of=of,
            interval=t_interval(differences) if differences else None,
            p=p,
            adjusted=adjusted,
        )
        for (factor, level, reference, cells, of, differences), p, adjusted in zip(
            paired, p_values, holm(p_values), strict=True
        )
    ]


PairedLevel = tuple[str, str, str, int, int, list[float]]
"""Factor, level, reference, number of cells, number of cells of the reference, d[s] of each seed."""


def _of_factor(
    factor: Factor,
    factors: Sequence[Factor],
    settings: Sequence[Setting],
    baseline: Setting,
    values: Callable[[Setting], Mapping[str, float]],
) -> list[PairedLevel]:
    others = [other for other in factors if other is not factor]
    cells: dict[str, dict[tuple[str, ...], Mapping[str, float]]] = {}  # level -> cell -> seed -> value
    for index, setting in enumerate(settings):
        cell = tuple(other.levels[index] for other in others)
        cells.setdefault(factor.levels[index], {})[cell] = values(setting)
    reference = factor.levels[settings.index(baseline)]
    base = cells.pop(reference)
    return [(factor.name, level, reference, *_paired(own, base)) for level, own in cells.items()]


def _paired(
    own: Mapping[tuple[str, ...], Mapping[str, float]], base: Mapping[tuple[str, ...], Mapping[str, float]]
) -> tuple[int, int, list[float]]:
    """The number of cells with a pair, that of all cells, and d[s]."""
    pairs = [
        {seed: value - base[cell][seed] for seed, value in seeds.items() if seed in base[cell]}
        for cell, seeds in own.items()
        if cell in base
    ]
    pairs = [differences for differences in pairs if differences]
    common = [seed for seed in pairs[0] if all(seed in differences for differences in pairs)] if pairs else []
    return len(pairs), len(base), [statistics.fmean(one[seed] for one in pairs) for seed in common]


def _table(settings: Sequence[Setting]) -> dict[str, tuple[str, ...]]:
    """Key -> its value in each setting: from the jobs' overrides except the seed, or else the configurations."""
    if not all(setting.overrides for setting in settings):
        return {keys.partition(", ")[0]: tuple(values) for keys, values in differing(settings).items()}
    jobs = [[_chosen(run.overrides) for run in setting.runs] for setting in settings]
    seeds = {key for own in jobs for job in own for key in job if len({one.get(key) for one in own}) > 1} | {"seed"}
    keys = dict.fromkeys(key for first, *_ in jobs for key in first if key not in seeds)
    return {key: tuple(first.get(key, ABSENT) for first, *_ in jobs) for key in keys}


def _chosen(overrides: Sequence[str]) -> dict[str, str]:
    return {key_of(override): override.partition("=")[2] for override in overrides}


def _follows(classes: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether the value of `other` determines that of `classes`."""
    return len(set(zip(other, classes, strict=True))) == len(set(other))
