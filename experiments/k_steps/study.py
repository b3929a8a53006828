"""What do k steps of D buy: how tight is the bound, which k is best per nominal second, when does the JSD rise?

    make study NAME=k_steps          two cores: about 5 minutes

Two claims are measured on densities. Then the default game is played with several k, and what D proves, the JSD and
D's distance to D* are read against updates and against nominal seconds: updates times what the steps in one of them
cost, measured here in one process with the evaluations left out.
"""

import logging
import math
import statistics
import sys
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Any

from saddle_studies.figures import ideal_loop, steps_and_bound
from saddle_studies.grouped import Values, grouped, last, plus_minus
from saddle_studies.panels import Panel, draw
from saddle_studies.study import Claim, Study
from saddle_studies.theory.critic import Critic
from saddle_studies.theory.critic_training import stepwise
from saddle_studies.theory.examples import DATA, MADE
from saddle_studies.theory.ideal_loop import ideal_loop as play_ideally

import numpy as np
import torch
from omegaconf import DictConfig
from pytorch_lightning import Callback
from torch import Tensor

from saddle.engine.experiment import Experiment
from saddle.engine.stored import stored_config
from saddle.losses.minimax import Minimax
from saddle.report.curves import over_seeds
from saddle.report.run import RunRecord
from saddle.report.statistics import Interval
from saddle.runs.folder import RunFolder
from saddle.theory import between, divergences
from saddle.theory.value import greatest_value

STRETCH, STRETCHES = 20, 4
"""Updates between two looks at the clock, and how many; the first is left out."""
MANY = 11
"""Steps of D in the second of the two games that are timed."""


def main() -> None:
    """Measure, train, read, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    study.claims([k_steps(), ideally()])
    groups = grouped(study.finished(), ["data", "d_steps"])
    of_d, of_g = _seconds_of_steps(RunFolder(next(iter(groups.values()))[0].folder))
    costs = {key: int(key[1]) * of_d + of_g for key in groups}
    results = {
        "seconds": {"a step of D": of_d, "a step of G": of_g},
        "runs": {f"{data}, k = {k}": _numbers(runs) for (data, k), runs in groups.items()},
    }
    study.numbers(results)
    study.table("training", *_table(groups, costs))
    study.figure("training", draw([panel for data in _data(groups) for panel in _panels(data, groups, costs)], 4))


def k_steps() -> Claim:
    """The gap to the maximum against k."""
    points, p, q = between.nodes(DATA, MADE)
    greatest = greatest_value(torch.tensor(between.jsd(DATA, MADE).value)).item()
    values = {
        f"{width} units": stepwise(Critic(size=1, width=width, seed=0), points, p, q, steps=200, learning_rate=0.003)
        for width in (4, 16)
    }
    gaps = (greatest - values["16 units"]).tolist()
    longest = int(values["16 units"].diff().argmin()) + 1
    slower = stepwise(Critic(size=1, width=16, seed=0), points, p, q, steps=200, learning_rate=0.001)
    fell = bool((slower.diff() < 0).any())
    return Claim(
        name="steps_and_bound",
        says="k steps of D give V(D_k) ≤ max_D V: a lower bound of -2 log 2 + 2 JSD only",
        where="000 II.3",
        measured="gap in nats: "
        + ", ".join(f"{gaps[k]:.3f} at k = {k}" for k in (0, 1, 20, 200))
        + f"; Adam divides by gradients that have become small, and its steps are too long at k = {longest}; at a "
        f"third of the rate V {'falls, too' if fell else 'never falls'}",
        test="test_optimal_discriminator: gap above 0 at each k; over half of it left at k = 1",
        figure=steps_and_bound.draw(values=values, greatest=greatest),
    )


def ideally() -> Claim:
    """The loop with D solved exactly."""
    data = torch.tensor([0.1, 0.2, 0.4, 0.2, 0.1], dtype=torch.float64)
    start = torch.tensor([2.0, 1, 0, 0, 0], dtype=torch.float64)

    def along(steps: int, rate: float, g_steps: int) -> Tensor:
        made = play_ideally(Minimax(), data, start, steps=steps, learning_rate=rate, g_steps=g_steps)
        return divergences.jsd(data.expand_as(made), made)

    sizes = {f"step {rate:g}": along(60, rate, 1) for rate in (0.5, 2.0, 16.0, 32.0)}
    held = {f"g_steps {count}": along(200, 1.0, count) for count in (1, 5, 20, 50)}
    begin, small, large, many = (
        each.item()
        for each in (held["g_steps 1"][0], sizes["step 2"][-1], sizes["step 32"].max(), held["g_steps 50"][-1])
    )
    return Claim(
        name="ideal_loop",
        says="with D solved exactly small steps of G lower the JSD; large ones, or many against one D, need not",
        where="000 II.2",
        measured=f"JSD {begin:.3f} at the start; steps of 2: to {small:.1g}; of 32: up to {large:.3f}; "
        f"50 steps for each D: {many:.3f} at the end",
        test="test_ideal_loop: falls at every step; > 1.5 of its start; > 1.8 of its start",
        figure=ideal_loop.draw(step_sizes=sizes, held=held),
    )


def _data(groups: Mapping[Values, Sequence[RunRecord]]) -> list[str]:
    return list(dict.fromkeys(data for data, _ in groups))


def _numbers(runs: Sequence[RunRecord]) -> dict[str, list[dict[int, float]]]:
    """Of each seed the readings, by update."""
    names = ("jsd_smoothed", "jsd_smoothed_error", "jsd_bound", "bound_slack", "distance_to_optimum")
    return {name: [run.curve(name) for run in runs] for name in names}


def _table(groups: dict[Values, list[RunRecord]], costs: Mapping[Values, float]) -> tuple[list[str], list[list[str]]]:
    """Header and rows, mean and t interval over the seeds; the same nominal seconds are those of k = 1."""
    rows = []
    for (data, k), runs in groups.items():
        first = next(key for key in groups if key[0] == data)
        budget = costs[first] / costs[data, k]
        longest = {max(run.curve("jsd_smoothed")) for run in groups[first]}
        at_budget = [_between(run.curve("jsd_smoothed"), budget * max(longest)) for run in runs]
        rows.append(
            [
                data,
                k,
                f"{1e3 * costs[data, k]:.3g}",
                plus_minus(last(runs, "jsd_smoothed"), 3),
                plus_minus(at_budget, 3),
                plus_minus([_middle(run, "bound_slack") for run in runs], 3),
                plus_minus([_middle(run, "distance_to_optimum") for run in runs], 3),
                plus_minus([100 * _rises(run) for run in runs], 0),
            ]
        )
    header = ["data", "k", "nominal ms an update", "JSD at the end", "JSD at the same nominal seconds"]
    return [*header, "`bound_slack`, mean", "D from D*, mean", "% of evaluations at which the JSD has risen"], rows


def _middle(run: RunRecord, metric: str) -> float:
    """Mean over the evaluations after the first."""
    return statistics.fmean(value for at, value in run.curve(metric).items() if at)


def _rises(run: RunRecord) -> float:
    """Share of the evaluations at which the JSD is above that of the one before by more than two standard errors."""
    jsd, errors = run.curve("jsd_smoothed"), run.curve("jsd_smoothed_error")
    places = sorted(jsd)
    risen = [jsd[new] - jsd[old] > 2 * math.hypot(errors[new], errors[old]) for old, new in pairwise(places)]
    return statistics.fmean(risen)


def _between(curve: Mapping[int, float], updates: float) -> float:
    """The reading at an update between two evaluations, linearly."""
    places = sorted(curve)
    return float(np.interp(updates, places, [curve[at] for at in places]))


def _panels(data: str, groups: Mapping[Values, list[RunRecord]], costs: Mapping[Values, float]) -> list[Panel]:
    """JSD against updates and against nominal seconds, what the bound leaves of it, D against D*."""
    keys = [key for key in groups if key[0] == data]

    def lines(metric: str) -> dict[str, dict[float, Interval]]:
        return {f"k = {key[1]}": _begun(over_seeds(groups[key], metric)) for key in keys}

    jsd = lines("jsd_smoothed")
    in_seconds = {
        f"k = {key[1]}": {costs[key] * at: interval for at, interval in jsd[f"k = {key[1]}"].items()} for key in keys
    }
    return [
        Panel(title=data, across="updates", up="JSD (nats)", lines=jsd, logarithmic="xy"),
        Panel(title=data, across="nominal seconds", up="JSD (nats)", lines=in_seconds, logarithmic="xy"),
        Panel(title=data, across="updates", up="bound_slack (nats)", lines=lines("bound_slack"), logarithmic="x"),
        Panel(title=data, across="updates", up="D from D*", lines=lines("distance_to_optimum"), logarithmic="x"),
    ]


def _begun(curve: dict[float, Interval]) -> dict[float, Interval]:
    """Without update 0, which a logarithm has no place for."""
    return {at: interval for at, interval in curve.items() if at}


class Timed(Callback):
    """Seconds of an update, in each stretch after the first."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.began = 0.0

    def on_train_batch_end(self, trainer: Any, model: Any, *_: Any) -> None:
        now = perf_counter()
        if model.updates > STRETCH:
            self.seconds.append((now - self.began) / STRETCH)
        self.began = now


def _seconds_of_steps(run: RunFolder) -> tuple[float, float]:
    """Median seconds of a step of D, and of all else in an update, in the game of a run."""
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    cfg = stored_config(run, files=True)
    seconds: dict[int, list[float]] = {1: [], MANY: []}
    for _ in range(3):
        for k, times in seconds.items():
            times += _timed(cfg, k)
    few, many = (statistics.median(times) for times in seconds.values())
    of_d = (many - few) / (MANY - 1)
    return of_d, few - of_d


def _timed(cfg: DictConfig, k: int) -> list[float]:
    """Seconds of an update with k steps of D, evaluations left out."""
    cfg.d_steps = cfg.model.d_steps = k
    experiment, timed = Experiment(cfg), Timed()
    experiment.fit(experiment.trainer(callbacks=[timed]), updates=STRETCH * STRETCHES, every=[STRETCH])
    return timed.seconds


if __name__ == "__main__":
    main()
