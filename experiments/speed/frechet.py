"""How long does a Frechet distance of Inception's 2,048 features take, the real side known, against torchmetrics?

    python experiments/speed/frechet.py       two cores that do nothing else: about 2 minutes

Random features of very different variances, 10,000 on a side; both in turn, in one process; torchmetrics keeps its real
side, too. Expected: at most half of its time, equal to 1e-6. Writes results/frechet.json and a table of README.md.
"""

import json
import os
import statistics
from pathlib import Path
from time import perf_counter

from saddle.processes.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)

from saddle_studies import readme

import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from saddle.metrics.frechet import GaussianFit, frechet_distance_of
from saddle.runs.environment import describe

HERE = Path(__file__).resolve().parent
COUNT, SIZE, ROUNDS = 10_000, 2_048, 7


class Given(nn.Module):
    """An extractor whose images are features already."""

    num_features = SIZE

    def forward(self, features: Tensor) -> Tensor:
        return features


def main() -> None:
    """Measure, and write results and table."""
    draw = torch.Generator().manual_seed(0)
    mix = torch.randn(SIZE, SIZE, generator=draw) / SIZE**0.5 * torch.logspace(0, -2, SIZE)[:, None]
    real, fake = (scale * torch.randn(COUNT, SIZE, generator=draw) @ mix for scale in (1.0, 1.1))
    known = GaussianFit.fitted(real)
    metric = FrechetInceptionDistance(feature=Given(), reset_real_features=False).set_dtype(torch.float64)
    metric.update(real, real=True)
    seconds: dict[str, list[float]] = {"saddle": [], "torchmetrics": []}
    for _ in range(ROUNDS):
        began = perf_counter()
        ours = frechet_distance_of(known, fake)
        seconds["saddle"].append(perf_counter() - began)
        began = perf_counter()
        metric.update(fake, real=False)
        theirs = float(metric.compute())
        seconds["torchmetrics"].append(perf_counter() - began)
        metric.reset()
    ratio = statistics.median(a / b for a, b in zip(*seconds.values(), strict=True))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    machine = {key: describe("32-true", None)[key] for key in ("processor", "threads", "versions")}
    results = {"images": COUNT, **medians, "ratio": ratio, "relative": abs(ours - theirs) / theirs, **machine}
    (HERE / "results" / "frechet.json").write_text(json.dumps(results, indent=1) + "\n")
    row = [
        f"{medians['saddle']:.1f} s",
        f"{medians['torchmetrics']:.1f} s",
        f"{ratio:.2f}",
        f"{results['relative']:.1e}",
    ]
    table = readme.table(["Saddle", "torchmetrics", "ratio", "relative difference"], [row])
    readme.replace(HERE / "README.md", "frechet", table)
    print(table)


if __name__ == "__main__":
    main()
