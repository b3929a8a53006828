"""What if G takes many steps against one D: does the JSD still fall?

    make study NAME=g_steps          two cores: about 5 minutes

Plays the default game with 1, 5 and 20 steps of G in each update. The JSD of samples is read against updates, which are
D's steps, and against the steps of G. Writes results.json, the table of README.md and training.png.
"""

import sys
from collections.abc import Mapping, Sequence
from statistics import fmean

from saddle_studies.grouped import Values, grouped, last, plus_minus
from saddle_studies.panels import Panel, draw
from saddle_studies.study import Study

from saddle.report.curves import over_seeds
from saddle.report.run import RunRecord

METRIC = "jsd_smoothed"
NAMES = (METRIC, "jsd_smoothed_error", "jsd_bound", "distance_to_optimum", "modes_covered")


def main() -> None:
    """Train, read, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    groups = grouped(study.finished(), ["data", "g_steps"])
    study.numbers(
        {
            f"{data}, g_steps = {count}": {name: [run.curve(name) for run in runs] for name in NAMES}
            for (data, count), runs in groups.items()
        }
    )
    study.table("training", *_table(groups))
    study.figure("training", draw([panel for data in _data(groups) for panel in _panels(data, groups)], 3))


def _data(groups: Mapping[Values, Sequence[RunRecord]]) -> list[str]:
    return list(dict.fromkeys(data for data, _ in groups))


def _table(groups: Mapping[Values, Sequence[RunRecord]]) -> tuple[list[str], list[list[str]]]:
    """Header and rows, mean and t interval over the seeds."""
    rows = [
        [
            data,
            count,
            plus_minus([run.curve(METRIC)[0] for run in runs], 3),
            plus_minus([min(run.curve(METRIC).values()) for run in runs], 3),
            plus_minus(last(runs, METRIC), 3),
            plus_minus([_swing(run) for run in runs], 3),
            plus_minus([fmean(_after_start(run, "distance_to_optimum")) for run in runs], 3),
        ]
        for (data, count), runs in groups.items()
    ]
    header = ["data", "steps of G", "JSD before", "lowest JSD", "JSD at the end"]
    return [*header, "lowest to highest, second half", "D from D*, mean"], rows


def _swing(run: RunRecord) -> float:
    """How far the JSD moves in the second half of the run: its highest reading less its lowest."""
    curve = run.curve(METRIC)
    values = [value for at, value in curve.items() if 2 * at >= max(curve)]
    return max(values) - min(values)


def _after_start(run: RunRecord, metric: str) -> list[float]:
    return [value for at, value in run.curve(metric).items() if at]


def _panels(data: str, groups: Mapping[Values, Sequence[RunRecord]]) -> list[Panel]:
    """JSD against updates and against G's steps; how far D is from the best one for the G that it faces."""
    curves = {count: over_seeds(runs, METRIC) for (of, count), runs in groups.items() if of == data}
    away = {count: over_seeds(runs, "distance_to_optimum") for (of, count), runs in groups.items() if of == data}
    jsd = {f"g_steps = {count}": dict(curve) for count, curve in curves.items()}
    in_steps = {
        f"g_steps = {count}": {int(count) * at: interval for at, interval in curve.items() if at}
        for count, curve in curves.items()
    }
    distance = {
        f"g_steps = {count}": {at: interval for at, interval in curve.items() if at} for count, curve in away.items()
    }
    return [
        Panel(title=data, across="updates (steps of D)", up="JSD (nats)", lines=jsd, logarithmic=""),
        Panel(title=data, across="steps of G", up="JSD (nats)", lines=in_steps, logarithmic="x"),
        Panel(title=data, across="updates (steps of D)", up="D from D*", lines=distance, logarithmic=""),
    ]


if __name__ == "__main__":
    main()
