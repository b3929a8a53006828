"""Which directions of the code are hair length, hair colour, mouth? Of a finished game on faces.

    make study NAME=attributes                                             two cores: 12 minutes, with the training
    make study NAME=attributes ARGS="run=runs/house_recipe/recipe-house_seed-0"      half a minute each, without it

Trains conf/experiment/attributes.yaml, the house recipe, or takes the runs that are named (`run=A,B`: the pictures are
of the first, the table is of all). Factors are read off 4,000 samples by linear maps from the extractor's features
(`saddle.samples.codes.reader`), and correlated with the coordinates of the code: with single dimensions, with principal
directions (`saddle.samples.codes.directions`), and with the direction of the strongest association with each factor
(`saddle.samples.codes.association.factor_direction`). The level of chance is measured with factors that are independent
of the codes. Writes results.json, chance.json, the table of README.md, dimensions.png, directions.png and
factors.png.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from saddle_studies.study import Study

import torch

from saddle.data.faces.dataset import draw_factors
from saddle.engine.experiment import Experiment
from saddle.engine.stored import stored_config
from saddle.noise import noise
from saddle.runs.folder import RunFolder
from saddle.samples.codes.association import association, factor_direction
from saddle.samples.codes.subject import Subject
from saddle.samples.codes.views.table import READ
from saddle.samples.codes.views.traversal import dimensions, directions, factors
from saddle.samples.codes.views.view import View
from saddle.samples.sampling import coded, load_model

ROWS, ALL = 8, 100
"""Of the pictures: so many directions, and every factor."""
LECTURE = ("hair_length", "hair_colour", "mouth")
"""The factors that the lecture names (000 I.1.1)."""
DRAWS = 10
"""Of factors that are drawn without an image, to see what chance alone gives."""
Factor = dict[str, Any]
"""How well it is read, what each dimension and each direction has to do with it, and what any direction has at most."""


def main() -> None:
    """Train or read, look into the code, write."""
    study = Study(__file__, sys.argv, __doc__ or "", own=("run",))
    measurements: dict[str, dict[str, Factor]] = {}
    code_size = 0
    for run in study.runs():
        subject = _subject(run)
        code_size = subject.codes(range(1)).shape[1]
        views = _views(subject)
        if not measurements:
            for name, view in views.items():
                print(f"\n{name}\n{view.words}")
                study.picture(name, view.picture)
        measurements[run.job] = _by_factor({name: view.numbers for name, view in views.items()})
    study.numbers(measurements)
    by_chance = chance(code_size)
    study.numbers(by_chance, "chance.json")
    study.table("results", *_table(measurements, by_chance))


def _views(subject: Subject) -> dict[str, View]:
    return {
        "dimensions": dimensions(subject, ROWS),
        "directions": directions(subject, ROWS),
        "factors": factors(subject, ALL),
    }


def _by_factor(numbers: Mapping[str, Mapping[str, Any]]) -> dict[str, Factor]:
    """What each factor goes with."""
    associations = {name: _associations(numbers[name]) for name in ("dimensions", "directions")}
    return {
        factor: {
            "read": one["read"],
            "dimensions": associations["dimensions"][factor],
            "directions": associations["directions"][factor],
            "any_direction": one["association"],
        }
        for factor, one in numbers["factors"]["factors"].items()
    }


def chance(code_size: int) -> dict[str, dict[str, float]]:
    """Factor -> what the strongest of `code_size` dimensions and any direction come to by chance alone.

    Means over DRAWS draws of READ codes of N(0, I), and of as many faces' factors, which no image shows.
    """
    measurements: dict[str, list[tuple[float, float]]] = {}
    for draw in range(DRAWS):
        codes = noise(draw, "attributes by chance", 0, range(READ), [code_size]).double()
        for factor, values in draw_factors(draw, "attributes by chance", range(READ)).items():
            reading = torch.from_numpy(values)
            strongest = association(codes, reading).abs().max().item()
            measurements.setdefault(factor, []).append((strongest, factor_direction(codes, reading).association))
    means = {factor: torch.tensor(pairs).mean(0).tolist() for factor, pairs in measurements.items()}
    return {
        factor: {"strongest": round(one, 4), "any_direction": round(other, 4)} for factor, (one, other) in means.items()
    }


def _subject(run: RunFolder) -> Subject:
    try:
        cfg = stored_config(run, files=True)
        model = coded(load_model(run, cfg), "attributes")
    except (LookupError, ValueError) as error:
        sys.exit(f"error: {error}")
    experiment = Experiment(cfg)
    extractor = next(iter(experiment.extractors), None)
    subject = Subject(model=model, data=experiment.data, extractor=extractor, seed=cfg.seed, label=None, threshold=None)
    if subject.reader is None:
        sys.exit(f"error: {run.path}: no factors are known of its samples; it takes a run on faces")
    return subject


def _associations(numbers: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Factor -> name of a direction -> association."""
    measurements: dict[str, dict[str, float]] = {}
    for one in numbers["directions"]:
        for factor, value in one["associations"].items():
            measurements.setdefault(factor, {})[one["name"].split()[-1]] = round(value, 4)
    return measurements


def _ordered(measurements: Mapping[str, Factor]) -> Sequence[str]:
    """Those of the lecture first, then those that one direction goes with most."""
    others = [factor for factor in measurements if factor not in LECTURE]
    return [*LECTURE, *sorted(others, key=lambda factor: -_strongest(measurements[factor]["directions"])[1])]


def _strongest(associations: Mapping[str, float]) -> tuple[str, float]:
    """The direction that a factor goes with most, and how much, without its sign."""
    name = max(associations, key=lambda one: abs(associations[one]))
    return name, abs(associations[name])


def _table(
    measurements: Mapping[str, Mapping[str, Factor]], by_chance: Mapping[str, Mapping[str, float]]
) -> tuple[list[str], list[list[str]]]:
    """Header and rows; what chance alone gives stands last."""
    title = ["factor", "read with", "strongest dimension", "strongest direction", "of the code's directions any"]
    first, *others = measurements.values()
    rows = []
    for factor in _ordered(first):
        alone = by_chance[factor]
        cells = _cells(factor, [first[factor], *(one[factor] for one in others)])
        rows.append([*cells, f"{alone['strongest']:.2f}, any {alone['any_direction']:.2f}"])
    return [*title, "by chance: strongest, any"], rows


def _cells(factor: str, seeds: Sequence[Factor]) -> list[str]:
    """A row of the table, the runs one after the other."""
    strongest = [[_strongest(one[kind]) for one in seeds] for kind in ("dimensions", "directions")]
    return [
        f"**{factor}**" if factor in LECTURE else factor,
        f"{seeds[0]['read']:.3f}",
        *(" / ".join(f"{value:.2f} (no. {name})" for name, value in seeds) for seeds in strongest),
        " / ".join(f"{one['any_direction']:.2f}" for one in seeds),
    ]


if __name__ == "__main__":
    main()
