"""Can a discriminator generate, what do its negatives teach it, and does G solve its argmax?

    make study NAME=discriminator_alone        two cores: 15 minutes

Trains conf/experiment/discriminator_alone.yaml, D on digits without negatives, with random ones, with those that ascent
and Langevin walks find; discriminator_alone_listed.yaml, D on images so few that all can be listed; and
discriminator_alone_game.yaml, the game on the same digits and networks, two seeds of each; and D on the line, where it
can be seen (landscape.py). Then walks of other lengths draw, and the highest points of the game's D are looked for from
where its G ends (solver.py). Writes results.json, the four tables of README.md, digits.png, listed.png, landscape.png
and solver.png.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Any

from saddle_studies.study import Study

import torch
from landscape import landscape
from listed import listed
from solver import solver

from saddle.engine.experiment import trained
from saddle.metrics.base import SampleEvaluator
from saddle.models.base import GenerativeModel
from saddle.models.discriminator import DiscriminatorAlone
from saddle.models.gan import GAN
from saddle.runs.folder import RunFolder
from saddle.samples.codes.views.sheet import Row, sheet
from saddle.search.ascent import Ascent
from saddle.search.random import Random

KINDS = {"noise": "noise", "half_noised": "half real, half noise", "between": "mean of two reals"}
KINDS |= {"gaussian": "fitted Gaussian"}
"""Names in the log, and for people."""
WALKS = "found by Langevin walks"
STEPS = (10, 40, 80, 200, 600)
"""Lengths of the walks that draw."""
ASCENTS = (1, 10, 100, 1_000)
ROUNDS = (1, 2, 5, 10, 50)
SHOWN, TIMED = 12, 64
METRIC = "fd_digits"


def main() -> None:
    """Train, measure, draw, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    negatives: list[dict[str, Any]] = []
    walks: dict[str, list[dict[str, float]]] = {}
    solving: list[list[dict[str, Any]]] = []
    shown: list[Row] = []
    for run in study.finished():
        experiment = trained(run)
        cfg, data, model = experiment.config, experiment.data, experiment.model
        assert isinstance(model, DiscriminatorAlone)
        kind = _kind(model)
        negatives.append({"negatives": kind, "seed": cfg.seed, **_last(run), "curve": _curve(run)})
        shown = shown or [Row("real", data.sample(cfg.seed, range(SHOWN), model.device))]
        if kind not in (row.words for row in shown):
            shown.append(Row(kind, model.sample(range(SHOWN), cfg.seed)))
        if kind == WALKS:
            _walked(walks, model, cfg.seed, experiment.evaluator)
    of_all, picture = listed(study.finished("discriminator_alone_listed"), SHOWN)
    study.picture("listed", picture)
    longest = max(one["updates"] for one in negatives)  # nothing below takes longer than a short training did
    for run in study.finished("discriminator_alone_game"):
        experiment = trained(run)
        cfg, data, game = experiment.config, experiment.data, experiment.model
        assert isinstance(game, GAN)
        drawn = {METRIC: _last(run)[METRIC], "milliseconds": _milliseconds(game)}
        walks.setdefault("G of the game, at once", []).append(drawn)
        examples, rows = solver(data, game, cfg.seed, [steps for steps in ASCENTS if steps <= longest], SHOWN)
        if not solving:
            study.picture(
                "solver", sheet(data, "From what G draws, uphill on the D of the same game", [""] * SHOWN, rows, SHOWN)
            )
            shown.append(Row("G of the game", game.sample(range(SHOWN), cfg.seed)))
        solving.append(examples)
    study.picture("digits", sheet(data, "What D alone draws, to the left its negatives", [""] * SHOWN, shown, SHOWN))
    study.figure("landscape", landscape([number for number in ROUNDS if number <= longest]))
    study.numbers({"negatives": negatives, "samples": walks, "listed": of_all, "solver": solving})
    _tables(study, negatives, walks, solving)
    study.table(
        "listed",
        ["drawn from all x by", "seed", "patterns found, of 30", "share of patterns", "total variation"],
        [
            [
                *(one["search"], str(one["seed"]), f"{one['points_covered']:.0f}"),
                *(f"{one['on_support']:.3f}", f"{one['total_variation']:.2f}"),
            ]
            for one in of_all
        ],
    )


def _last(run: RunFolder) -> dict[str, float]:
    """The last reading of everything."""
    last: dict[str, float] = {}
    for line in run.metrics():
        last |= line
    return last


def _curve(run: RunFolder) -> dict[int, float]:
    """The distance after each thousand of rounds."""
    return {line["updates"]: line[METRIC] for line in run.metrics() if METRIC in line and line["updates"]}


def _kind(model: DiscriminatorAlone) -> str:
    if model.negatives is None:
        return "none"
    if isinstance(model.negatives, Random):
        return "random"
    return "found by ascent" if isinstance(model.search, Ascent) else WALKS


def _walked(
    walks: dict[str, list[dict[str, float]]], model: DiscriminatorAlone, seed: int, evaluator: SampleEvaluator
) -> None:
    """Add what walks of other lengths draw, and those on the D that training left behind instead of its average."""

    def drawn(words: str) -> None:
        numbers = evaluator(lambda indices: model.sample(indices, seed))
        row = {METRIC: numbers[METRIC], "milliseconds": _milliseconds(model)}
        walks.setdefault(words, []).append(row)

    own, average = model.sample_steps, model.averaged
    for model.sample_steps in STEPS:
        drawn(f"walks of {model.sample_steps} steps")
    model.sample_steps, model.averaged = own, None
    drawn(f"walks of {own} steps, D not averaged")
    model.averaged = average


def _milliseconds(model: GenerativeModel) -> float:
    """Of a sample, of TIMED that are drawn together; the median of three."""
    times = []
    for _ in range(3):
        began = perf_counter()
        with torch.no_grad():
            model.sample(range(TIMED), 0)
        times.append(perf_counter() - began)
    return 1e3 * median(times) / TIMED


def _tables(
    study: Study,
    negatives: Sequence[Mapping[str, Any]],
    walks: Mapping[str, Sequence[Mapping[str, float]]],
    solving: Sequence[Sequence[Mapping[str, Any]]],
) -> None:
    study.table(
        "negatives",
        ["negatives", "seed", "D(real)", *KINDS.values(), f"{METRIC} after {_list(negatives[0]['curve'])} rounds"],
        [
            [
                *(one["negatives"], str(one["seed"]), f"{one['score_real']:.2f}"),
                *(f"{one[f'score_{kind}']:.2f} ({one[f'fooled_{kind}']:.2f})" for kind in KINDS),
                " / ".join(f"{value:.3g}" for value in one["curve"].values()),
            ]
            for one in negatives
        ],
    )
    study.table(
        "samples",
        ["drawn by", METRIC, "ms a sample"],
        [
            [words, _each(each_seed, METRIC, ".3g"), _each(each_seed, "milliseconds", ".2g")]
            for words, each_seed in walks.items()
        ],
    )
    study.table(
        "solver",
        ["steps of ascent from G(z)", "D(x)", "D(G(z))", "D found", "x moved (rms)", "times as long as G"],
        [
            [
                f"{rows[0]['steps']:,}",
                *(_each(rows, key, ".2f") for key in ("real", "generated", "found", "moved")),
                _each(rows, "ratio", ",.0f"),
            ]
            for rows in zip(*solving, strict=True)
        ],
    )


def _list(updates: Iterable[int]) -> str:
    return " / ".join(f"{each:,}" for each in updates)


def _each(seeds: Sequence[Mapping[str, Any]], key: str, form: str) -> str:
    """One number of all seeds."""
    return " / ".join(f"{one[key]:{form}}" for one in seeds)


if __name__ == "__main__":
    main()
