"""Is maximum likelihood the minimum of KL, and why is a Gaussian mixture of images blurred?

    make study NAME=maximum_likelihood          two cores: about 7 minutes

Two claims are measured on densities. Then mixtures are fitted to faces by EM, with few and many components in few and
many principal components, and the detail of what they draw is laid beside that of real faces: its energy, and how much
of it is in few places, as edges are.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from saddle_studies.figures import likelihood, one_gaussian
from saddle_studies.grouped import grouped, last, plus_minus
from saddle_studies.panels import Panel, draw
from saddle_studies.study import Claim, Study
from saddle_studies.theory.likelihood import argmax, kl_from, mean_log_likelihood, sandwich_deviation, two_modes
from saddle_studies.theory.one_gaussian import covering, gaussian, seeking

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from saddle.data.pixels import grid, to_uint8
from saddle.engine.building import build_data
from saddle.engine.experiment import Experiment
from saddle.engine.stored import stored_config
from saddle.metrics.extractors.pyramid import enlarged, smoothed
from saddle.models.mixture import Mixture
from saddle.report.run import RunRecord
from saddle.report.statistics import Interval, t_interval
from saddle.runs.folder import RunFolder
from saddle.samples.sampling import load_model
from saddle.theory import between
from saddle.theory.arrangements import line

X = torch.linspace(-12, 12, 2401, dtype=torch.float64)
"""Evenly spaced, 0.01 apart: sums over them are integrals of what is smooth."""
IMAGES = 2_000
"""Whose detail is measured."""
STRONGEST = 0.05
"""Of all squares. They have 28% of the sum where each place is normal, as with one component."""
LEAST = 0.01
"""Deviation in units of x up to which a place says nothing: about one step of uint8."""
REALS, SUBSPACE = "reals", "reals in the subspace"
Setting = tuple[int, str]
"""Dimensions, and what is drawn there: so many components, or reals."""


@dataclass(frozen=True, kw_only=True)
class Detail:
    """Of the finest level of images' Laplacian pyramids, about its mean over the images."""

    energy: float
    """Its variance, a mean over the places in an image, over that of held-out reals."""
    strongest: float
    """The share of the squares that is the strongest ones', each place in units of its own deviation."""


def main() -> None:
    """Measure, train, read, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    study.claims([likelihood_is_kl(), covers_or_seeks()])
    runs = study.finished()
    size = math.prod(build_data(stored_config(runs[0], files=True)).shape)
    by_key = grouped(runs, ["model.dimensions", "model.components"])
    groups = {
        (size if d == "none" else int(d), int(c)): per_seed for (d, c), per_seed in by_key.items()
    }  # null: all of x
    groups = dict(sorted(groups.items()))
    details, distances, tiles = _drawn(groups)
    by_setting = {f"{name}, {dims} dimensions": [asdict(one) for one in each] for (dims, name), each in details.items()}
    study.numbers({"detail": by_setting, "fd_faces": {f"{n}, {d} dimensions": v for (d, n), v in distances.items()}})
    study.table("training", *_table(groups, details, distances))
    study.figure("detail", draw(_panels(details, distances), 3))
    study.picture("grids", _sheet(tiles))


def likelihood_is_kl() -> Claim:
    """Of a family that does not hold the data."""
    data = line(means=[-2, 1, 2.5], deviations=[0.6, 0.8, 0.5], weights=[0.4, 0.35, 0.25])
    log_data = data.log_prob(X[:, None])
    weights = 0.01 * log_data.exp()
    of_population = partial(mean_log_likelihood, two_modes, points=X, weights=weights)
    divergence = partial(kl_from, two_modes, points=X, weights=weights, log_data=log_data)
    start = torch.tensor(1.5, dtype=torch.float64)
    best, least = argmax(of_population, start, 20), argmax(lambda at: -divergence(at), start + 0.1, 20)
    counts, errors = [64, 256, 1024, 4096], []
    for count in counts:
        x = data.sample(range(200 * count), 7)[:, 0].view(200, count)
        each = torch.full((count,), 1 / count, dtype=torch.float64)
        best_q = argmax(partial(mean_log_likelihood, two_modes, points=x, weights=each), best.expand(200), 5)
        errors.append((best_q - best).square().mean().sqrt().item())
    ratio = errors[-1] * math.sqrt(counts[-1]) / sandwich_deviation(two_modes, best.item(), X, weights)
    theta = torch.linspace(0.5, 3, 101, dtype=torch.float64)
    sample = data.sample(range(100), 7)[:, 0]
    each = torch.full((100,), 0.01, dtype=torch.float64)
    return Claim(
        name="likelihood",
        says="argmax E log p_θ(x) = argmin KL(P_data ‖ p_θ); of m samples the argmax is off like 1 / √m",
        where="000 II.1, 002 3.1",
        measured=f"both at {best.item():.4f}, {abs(best - least).item():.1g} apart; "
        f"at m = 4,096 {ratio:.2f} of White's deviation",
        test="test_likelihood: < 1e-6 apart; deviation within 15%",
        figure=likelihood.draw(
            theta,
            of_population(theta),
            mean_log_likelihood(two_modes, theta, sample, each),
            divergence(theta),
            best.item(),
            torch.tensor(counts, dtype=torch.float64),
            torch.tensor(errors, dtype=torch.float64),
        ),
    )


def covers_or_seeks() -> Claim:
    """Two modes and one Gaussian."""
    data = line(means=[-4, 4], deviations=[1, 1], weights=[0.5, 0.5])
    cover = covering(data)
    seek = seeking(data, gaussian(*torch.tensor([3.0, 1.0], dtype=torch.float64)), 200)
    densities = [each.log_prob(X[:, None]).exp() for each in (data, cover, seek)]
    back = between.kl(seek, data).value
    return Claim(
        name="one_gaussian",
        says="a model that cannot hold the data covers all modes by argmin KL(P_data ‖ Q), and drops some by "
        "argmin KL(Q ‖ P_data)",
        where="000 II.1",
        measured=f"covers with variance {cover.deviations.item() ** 2:.4g}; seeks {seek.means.item():.3f} at "
        f"KL(Q ‖ P) = {back:.4f}, log 2 = {math.log(2):.4f}",
        test="test_likelihood: 17 within 1e-12; log 2 within 2e-3",
        figure=one_gaussian.draw(X, *densities),
    )


def detail(x: Tensor, real: float) -> Detail:
    """Of images x [count, channels, height, width]; `real` is the variance of the finest level of reals."""
    level = finest(x)
    places = level.var(0, correction=0)  # [channels, height, width]
    varied = places > LEAST**2
    squares = (level - level.mean(0))[:, varied].square() / places[varied]  # [count, places]
    strongest = squares.flatten().topk(round(STRONGEST * squares.numel()), sorted=False).values
    return Detail(energy=float(places.mean()) / real, strongest=float(strongest.sum() / squares.sum()))


def finest(x: Tensor) -> Tensor:
    """What is lost of x when it is halved and enlarged again, in the size of x; not clipped to the range of pixels."""
    return x - enlarged(smoothed(x)[:, :, ::2, ::2], x.shape)


def _components(count: int) -> str:
    return f"{count} component" + "s" * (count > 1)


def _drawn(
    groups: Mapping[tuple[int, int], Sequence[RunRecord]],
) -> tuple[dict[Setting, list[Detail]], dict[Setting, list[float]], dict[Setting, Tensor]]:
    """What is drawn in each setting: its detail and its distance from reals for each seed, and some images.

    Beside the mixtures' samples stand reals, and reals of which the subspace keeps its part.
    """
    details: dict[Setting, list[Detail]] = {}
    distances: dict[Setting, list[float]] = {}
    tiles: dict[Setting, Tensor] = {}
    data = build_data(stored_config(RunFolder(next(iter(groups.values()))[0].folder), files=True))
    for (dimensions, components), runs in groups.items():
        mixed = (dimensions, _components(components))
        distances[mixed] = last(runs, "fd_faces")
        for run in runs:
            folder = RunFolder(run.folder)
            cfg = stored_config(folder, files=True)
            model = load_model(folder, cfg)
            assert isinstance(model, Mixture)
            inside = partial(_inside, model)
            reals = data.unseen(cfg.seed, range(min(IMAGES, data.held_out)), torch.device("cpu"))
            level = float(finest(reals).var(0, correction=0).mean())
            shown = {REALS: reals, SUBSPACE: inside(reals), mixed[1]: model.sample(range(IMAGES), cfg.seed)}
            if (dimensions, SUBSPACE) not in distances:
                distances[dimensions, SUBSPACE] = [_distance(Experiment(cfg), inside)]
            for name, x in shown.items():
                if name == mixed[1] or len(details.get((dimensions, name), [])) < len(runs):
                    details.setdefault((dimensions, name), []).append(detail(x, level))
                tiles.setdefault((dimensions, name), to_uint8(x[:16]))
    return details, distances, tiles


def _inside(model: Mixture, x: Tensor) -> Tensor:
    """What the model's subspace keeps of x."""
    return model.density.outside(model.density.inside(x.flatten(1))).float().unflatten(1, model.shape)


def _distance(experiment: Experiment, inside: Callable[[Tensor], Tensor]) -> float:
    """fd_faces of training images of which the subspace keeps its part: no mixture in it is expected to be nearer."""
    data, seed, evaluator = experiment.data, experiment.config.seed, experiment.evaluator
    assert evaluator is not None
    return evaluator(lambda indices: inside(data.sample(seed, indices, torch.device("cpu"))))["fd_faces"]


def _table(
    groups: Mapping[tuple[int, int], Sequence[RunRecord]],
    details: Mapping[Setting, Sequence[Detail]],
    distances: Mapping[Setting, Sequence[float]],
) -> tuple[list[str], list[list[str]]]:
    """Header and rows, mean and t interval over the seeds; likelihoods compare within one number of dimensions."""
    rows = []
    for (dimensions, name), per_seed in details.items():
        runs = next((runs for (d, c), runs in groups.items() if (d, _components(c)) == (dimensions, name)), [])
        rows.append(
            [
                name,
                f"{dimensions}",
                plus_minus(last(runs, "log_likelihood"), 1),
                plus_minus(last(runs, "log_likelihood_train"), 1),
                plus_minus(distances.get((dimensions, name), []), 1),
                plus_minus([100 * one.energy for one in per_seed], 1),
                plus_minus([100 * one.strongest for one in per_seed], 1),
            ]
        )
    rows = [row for place, row in enumerate(rows) if row[0] != REALS or place == 0]
    rows[0][1] = "all"
    header = ["what is drawn", "dimensions", "log-likelihood, held out", "on its images", "`fd_faces`"]
    return [*header, "detail, % of the reals'", f"% of it in the strongest {STRONGEST:.0%}"], rows


def _panels(details: Mapping[Setting, Sequence[Detail]], distances: Mapping[Setting, Sequence[float]]) -> list[Panel]:
    """Detail, its concentration and the distance against the number of dimensions."""

    def lines(values: Mapping[Setting, Sequence[float]]) -> dict[str, dict[float, Interval]]:
        intervals: dict[str, dict[float, Interval]] = {}
        for (dimensions, name), each in values.items():
            intervals.setdefault(name, {})[dimensions] = t_interval(each)
        return intervals

    energy = lines({key: [100 * one.energy for one in each] for key, each in details.items()})
    strongest = lines({key: [100 * one.strongest for one in each] for key, each in details.items()})
    across = "principal components"
    strongest_words = f"% of the detail in the strongest {STRONGEST:.0%}"
    return [
        Panel(title="how much detail", across=across, up="% of the reals' energy", lines=energy, logarithmic="x"),
        Panel(title="how rare it is", across=across, up=strongest_words, lines=strongest, logarithmic="x"),
        Panel(title="how far away", across=across, up="fd_faces", lines=lines(distances), logarithmic="xy"),
    ]


def _sheet(tiles: Mapping[Setting, Tensor]) -> Image.Image:
    """A row for each number of dimensions, a column for each kind of image."""
    rows = list(dict.fromkeys(dimensions for dimensions, _ in tiles))
    columns = list(dict.fromkeys(name for _, name in tiles))
    grids = {key: grid(images, 4).convert("RGB") for key, images in tiles.items()}
    width, height = next(iter(grids.values())).size
    left, top, gap = 110, 26, 10
    sheet = Image.new("RGB", (left + len(columns) * (width + gap), top + len(rows) * (height + gap)), "white")
    pen = ImageDraw.Draw(sheet)
    for across, name in enumerate(columns):
        pen.text((left + across * (width + gap), 4), name, fill="black", font_size=15)
    size = next(iter(tiles.values()))[0].numel()
    for down, dimensions in enumerate(rows):
        middle = top + down * (height + gap) + height / 2 - 20
        pen.text((4, middle), f"{dimensions} of\n{size:,}\ndimensions", fill="black", font_size=15)
        for across, name in enumerate(columns):
            if (dimensions, name) in grids:
                sheet.paste(grids[dimensions, name], (left + across * (width + gap), top + down * (height + gap)))
    return sheet


if __name__ == "__main__":
    main()
