"""What does D's score of a picture order, and does a later G fool an earlier D?

    make study NAME=generations          two cores: about 5 minutes

Trains conf/experiment/generations.yaml: the default game on small faces, ended after 100, 400 and 1,600 updates.
Since a run is a function of its seed, the shorter ones are earlier generations of the longest. Then every D scores the
samples of every G, and the last D scores pictures that it has not seen: held-out faces, faces spoilt in several ways
and strengths, noise. Writes results.json, the tables of README.md, matrix.png and scores.png.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from saddle_studies.grouped import plus_minus
from saddle_studies.spoilt import kinds_of_pictures
from saddle_studies.study import Study

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from saddle.data.images import Images
from saddle.engine.experiment import trained
from saddle.models.discriminating import scoring
from saddle.models.gan import GAN
from saddle.samples.codes.views.sheet import Row, sheet

COUNT, SHOWN, BATCH = 2_000, 10, 250
UPDATES = (100, 400, 1_600)
NEVER = 0
"""The generation of the G that has not learned anything."""
Scores = dict[str, float]
"""Kind of pictures -> a number about D's scores of them."""


def main() -> None:
    """Train, score, draw, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    games: dict[int, dict[int, GAN]] = defaultdict(dict)
    for run in (run for updates in UPDATES for run in study.finished(None, f"updates={updates}", part=str(updates))):
        experiment = trained(run)
        data, game = experiment.data, experiment.model
        if not isinstance(game, GAN) or not isinstance(data, Images):
            sys.exit(f"error: {run.path} is no game on images, whose generations could be compared")
        game.data = data
        games[game.seed][game.updates] = game
    fooled = {seed: _matrix(generations) for seed, generations in games.items()}
    scored = {seed: _scores(generations, seed) for seed, generations in games.items()}
    study.numbers({"fooled": fooled, "scores": scored})
    times = list(next(iter(fooled.values())))
    cells = {
        (d, g): [matrix[d][g] for matrix in fooled.values() if g in matrix.get(d, {})]
        for d in times
        for g in [NEVER, *times]
    }
    study.table("matrix", ["D after", *(_words(g) for g in [NEVER, *times])], _matrix_rows(times, cells))
    study.table(
        "scores",
        ["pictures", "D(x), mean", "below a real one", "D(x) > 1/2, share"],
        [
            [
                kind,
                *(plus_minus([each[kind][name] for each in scored.values()], 2) for name in ("d", "below", "fooled")),
            ]
            for kind in next(iter(scored.values()))
        ],
    )
    study.figure("matrix", _drawn(times, cells, scored))
    last = next(iter(games.values()))[max(times)]
    study.picture("scores", _picture(last, scored[last.seed]))


def _matrix(generations: Mapping[int, GAN]) -> dict[int, dict[int, float]]:
    """D's updates -> G's updates -> P(D(G(z)) > D(x)), x held out: 1/2 where D cannot tell them apart.

    A share of pairs and no mean of D(x): it does not depend on how sure D is, which grows as D learns.
    """
    with torch.no_grad():
        made = {updates: game.sample(range(COUNT), game.seed) for updates, game in generations.items()}
        first = min(generations.values(), key=lambda game: game.updates)
        made = {NEVER: _untrained(first), **made}
        matrix = {}
        for updates, game in generations.items():
            real = logits(game, _real(game))
            matrix[updates] = {g: above(logits(game, fakes), real) for g, fakes in made.items()}
    return matrix


def _untrained(game: GAN) -> Tensor:
    """Independent pixels, uniform on [-1, 1]: what there is before any generation."""
    draw = torch.Generator().manual_seed(game.seed)
    return torch.rand(COUNT, *game.data.shape, generator=draw) * 2 - 1


def _real(game: GAN) -> Tensor:
    return game.data.unseen(game.seed, range(COUNT), game.device)


def logits(game: GAN, x: Tensor) -> Tensor:
    """D's logits [count] of x [count, *shape], float64."""
    with torch.no_grad(), scoring(game.discriminator) as critic:
        return torch.cat([critic(part) for part in x.split(BATCH)]).double()


def above(scores: Tensor, others: Tensor) -> float:
    """P(a score is above another), ties as half: the area under the ROC curve. [count] and [others' count]."""
    ordered = others.sort().values
    low, high = (torch.searchsorted(ordered, scores, right=right) for right in (False, True))
    return float((low + high).double().mean() / (2 * len(others)))


def _scores(generations: Mapping[int, GAN], seed: int) -> dict[str, Scores]:
    """What the last D says about real, generated and spoilt pictures, by kind."""
    last = generations[max(generations)]
    real = logits(last, _real(last))
    scores = {}
    for kind, x in _kinds(generations).items():
        of_kind = logits(last, x)
        paired = len(of_kind) == len(real) and not kind.startswith(("G ", "noise", "real"))
        below = (of_kind < real).double().mean() if paired else torch.tensor(1 - above(of_kind, real))
        sure = torch.sigmoid(of_kind)
        scores[kind] = {"d": float(sure.mean()), "below": float(below), "fooled": float((sure > 0.5).double().mean())}
    return scores


def _kinds(generations: Mapping[int, GAN]) -> dict[str, Tensor]:
    """Real ones, those of each generation, and spoilt ones, each [COUNT, *shape]."""
    last = generations[max(generations)]
    with torch.no_grad():
        made = {f"G after {n:,}": game.sample(range(COUNT), game.seed) for n, game in generations.items()}
    seen = last.data.sample(last.seed, range(COUNT), last.device)
    return {
        "real, held out": _real(last),
        "real, trained on": seen,
        **made,
        **kinds_of_pictures(_real(last), last.seed),
    }


def _words(updates: int) -> str:
    return f"G after {updates:,}" if updates else "noise"


def _matrix_rows(times: Sequence[int], cells: Mapping[tuple[int, int], Sequence[float]]) -> list[list[str]]:
    return [[f"{d:,}", *(plus_minus(cells[d, g], 2) for g in [NEVER, *times])] for d in times]


def _drawn(
    times: Sequence[int],
    cells: Mapping[tuple[int, int], Sequence[float]],
    scored: Mapping[int, Mapping[str, Scores]],
) -> Figure:
    """The matrix, and D's mean score of each kind of picture."""
    figure = Figure(figsize=(11.5, 4.6), dpi=110, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.3))
    columns = [NEVER, *times]
    means = [[fmean(cells[d, g]) for g in columns] for d in times]
    left.imshow(means, cmap="RdBu_r", vmin=0, vmax=1)
    for row, values in enumerate(means):
        for column, value in enumerate(values):
            colour = "white" if abs(value - 0.5) > 0.35 else "black"
            left.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)
    left.set_xticks(range(len(columns)), ["noise", *(f"{time:,}" for time in times)])
    left.set_yticks(range(len(times)), [f"{time:,}" for time in times])
    left.set(xlabel="G after ... updates", ylabel="D after ... updates")
    left.set_title("P(D scores a fake above a held-out face); 0.5: not told apart", fontsize=10)
    _bars(right, scored)
    return figure


def _bars(axes: Axes, scored: Mapping[int, Mapping[str, Scores]]) -> None:
    kinds = list(next(iter(scored.values())))
    for place, kind in enumerate(reversed(kinds)):
        values = [each[kind]["d"] for each in scored.values()]
        axes.barh(place, fmean(values), color="#9ecae1")
        axes.plot(values, [place] * len(values), ".", color="#08519c", markersize=4)
    axes.set_yticks(range(len(kinds)), list(reversed(kinds)), fontsize=8)
    axes.set(xlabel="D(x) of the last D: mean, and each seed")
    axes.axvline(0.5, color="0.5", linewidth=0.8, linestyle=":")
    axes.spines[["top", "right"]].set_visible(False)


def _picture(game: GAN, scores: Mapping[str, Scores]) -> Any:
    """Pictures of each kind with the score that their kind has on average."""
    kinds = _kinds({game.updates: game})
    rows = [Row(f"{kind}: {scores[kind]['d']:.2f}", x[:SHOWN]) for kind, x in kinds.items()]
    return sheet(game.data, "Pictures and the mean of D(x) over their kind", [""] * SHOWN, rows, SHOWN)


if __name__ == "__main__":
    main()
