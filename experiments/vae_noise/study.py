"""Does a VAE without its constraint learn its noise away, and what does sampling give then?

    make study NAME=vae_noise          two cores: about 4 minutes

Trains conf/experiment/vae_noise.yaml: a VAE of digits with the constraint (beta = 1) and without it (beta = 0), ended
after 30, 300 and 3,000 updates. Of each, how wide the noise is and how far apart the codes are, how well held-out
digits are given back, and the Frechet distance of samples. Writes results.json, the table of README.md, noise.png and
samples.png.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from saddle_studies.grouped import plus_minus
from saddle_studies.panels import Panel, draw
from saddle_studies.study import Study

import torch
from torch import Tensor

from saddle.data.base import Data
from saddle.engine.experiment import Experiment, trained
from saddle.models.vae import VAE
from saddle.noise import noise
from saddle.report.statistics import t_interval
from saddle.samples.codes.views.sheet import Row, sheet

METRIC = "fd_digits"
UPDATES = (30, 300, 3_000)
SHOWN = 12
NUMBERS = {
    "deviation": ("exp(s)", "xy"),
    "spread": ("spread of the means m", "xy"),
    "given_back": ("error of x given back", "xy"),
    "through_noise": ("error of x given back, other noise", "xy"),
    "fd_samples": (f"{METRIC} of samples", "xy"),
}
"""Number -> its name for people, and the logarithmic axes of its panel."""
Readings = dict[str, dict[int, list[dict[str, float]]]]
"""Rule -> updates -> the numbers of each seed."""


def main() -> None:
    """Train, measure, draw, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    readings: Readings = defaultdict(lambda: defaultdict(list))
    shown: dict[str, VAE] = {}
    for run in (run for updates in UPDATES for run in study.finished(None, f"updates={updates}", part=str(updates))):
        experiment = trained(run)
        model = experiment.model
        if not isinstance(model, VAE):
            sys.exit(f"error: {run.path}: {type(model).__name__} is no VAE, whose noise could be measured")
        rule = "with the constraint" if model.beta else "without"
        readings[rule][model.updates].append(_measured(experiment, model))
        if rule not in shown or model.updates > shown[rule].updates:
            shown[rule] = model
    readings = {rule: dict(sorted(by_updates.items())) for rule, by_updates in readings.items()}
    study.numbers(readings)
    study.table(
        "noise",
        ["constraint", "updates", *(words for words, _ in NUMBERS.values())],
        [
            [rule, f"{updates:,}", *(plus_minus([one[key] for one in seeds], 3) for key in NUMBERS)]
            for rule, by_updates in readings.items()
            for updates, seeds in by_updates.items()
        ],
    )
    study.figure("noise", draw([_panel(key, readings) for key in NUMBERS], 3))
    study.picture("samples", _picture(experiment.data, shown))


def _measured(experiment: Experiment, model: VAE) -> dict[str, float]:
    """Geometric mean of exp(s) and root mean square of m over held-out samples, errors (rms), distance of samples."""
    with torch.no_grad():
        x = experiment.data.unseen(model.seed, range(experiment.data.held_out), model.device)
        m, s = model.outputs(x).chunk(2, dim=1)
        e = noise(model.seed, "other noise", 0, range(len(x)), (model.code_size,)).to(x)
        assert experiment.evaluator is not None
        return {
            "deviation": float(s.double().mean().exp()),
            "spread": float((m - m.mean(0)).double().square().mean().sqrt()),
            "given_back": _error(x, model.decode(m)),
            "through_noise": _error(x, model.decode(m + s.exp() * e)),
            "fd_samples": experiment.evaluator(lambda indices: model.sample(indices, model.seed))[METRIC],
        }


def _error(x: Tensor, decoded: Tensor) -> float:
    return float((x - decoded).double().square().mean().sqrt())


def _panel(key: str, readings: Mapping[str, Mapping[int, Sequence[Mapping[str, float]]]]) -> Panel:
    words, logarithmic = NUMBERS[key]
    lines = {
        rule: {updates: t_interval([one[key] for one in seeds]) for updates, seeds in by_updates.items()}
        for rule, by_updates in readings.items()
    }
    return Panel(title=words, across="updates", up=words, lines=lines, logarithmic=logarithmic)


def _picture(data: Data, shown: Mapping[str, VAE]) -> Any:
    """Held-out digits, given back, given back through noise, and samples, by the longest run of each rule."""
    first = next(iter(shown.values()))
    x = data.unseen(first.seed, range(SHOWN), first.device)
    rows = [Row("held out", x)]
    with torch.no_grad():
        for rule, model in shown.items():
            m, s = model.outputs(x).chunk(2, dim=1)
            e = noise(model.seed, "other noise", 0, range(SHOWN), (model.code_size,)).to(x)
            rows += [
                Row(f"{rule}: given back", model.decode(m)),
                Row(f"{rule}: through its noise", model.decode(m + s.exp() * e)),
                Row(f"{rule}: samples", model.sample(range(SHOWN), model.seed)),
            ]
    return sheet(data, "A VAE of digits, with the constraint and without", [""] * SHOWN, rows, SHOWN)


if __name__ == "__main__":
    main()
