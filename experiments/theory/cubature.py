"""Could scipy.integrate.cubature take the place of `saddle.theory.quadrature`?

    python experiments/theory/cubature.py       one core: about 3 minutes

Integrates divergences with a closed form by both, to 1e-8 on the line and 1e-5 in the plane, over the box in which all
but 1e-20 of both densities lies. Cubature (its default rule, Gauss-Kronrod of 21 nodes on each axis) gets the box
alone, then also the centres of all modes as `points`, at which it cuts the box, then also those 3 and 10 deviations to
either side of each centre. Writes a table of README.md.
"""

import math
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from saddle_studies import readme

import torch
from scipy import __version__
from scipy.integrate import cubature
from torch import Tensor

from saddle.theory import between
from saddle.theory.arrangements import grid, line, ring
from saddle.theory.density import Density
from saddle.theory.estimate import Estimate
from saddle.theory.gaussian_mixture import GaussianMixture

HERE = Path(__file__).resolve().parent
TOLERANCE = {1: 1e-8, 2: 1e-5}
CUTS = {"the box": (), "centres": (0,), "and beside them": (-10, -3, 0, 3, 10)}
"""Name -> where `points` lie, in deviations from each centre."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A divergence whose value is known."""

    name: str
    ours: Callable[[Density, Density], Estimate]
    integrand: Callable[[Tensor, Tensor], Tensor]
    p: Density
    q: Density
    truth: float


def main() -> None:
    """Measure, and write the table."""
    rows = []
    for case in _cases():
        began = process_time()
        result = case.ours(case.p, case.q)
        rows.append(_row(case, "ours", result.value, result.error, "", process_time() - began))
        rows += [_by_scipy(case, name, cuts) for name, cuts in CUTS.items()]
    for row in rows:
        print(*row, sep="  ", flush=True)
    header = ["divergence", "by", "off by", "said error", "subdivisions", "user seconds"]
    note = f"scipy {__version__}, torch {torch.__version__}, Python {platform.python_version()}, one core."
    readme.replace(HERE / "README.md", "cubature", f"{note}\n\n{readme.table(header, rows)}")


def _cases() -> list[Case]:
    places = [1e3 * number + 0.1234 for number in range(20)]
    every, half = (
        line(means=some, deviations=[1e-3] * len(some), weights=[1 / len(some)] * len(some))
        for some in (places, places[::2])
    )
    wide, narrow = (line(means=[0], deviations=[deviation], weights=[1]) for deviation in (1e3, 1e-3))
    centre, beside = (_gaussian(at, 1.0) for at in ([0.0, 0.0], [1.0, 0.5]))
    rings = [ring(count=8, radius=2, deviation=deviation) for deviation in (0.02, 0.05)]
    grids = [grid(side=side, spacing=2, deviation=0.1) for side in (3, 5)]
    far = [_gaussian([0.0, 0.0], 1e-3), _gaussian([1e3, 1e6], 1.0)]
    of_kl = {"ours": between.kl, "integrand": between._kl}
    of_tv = {"ours": between.total_variation, "integrand": lambda p, q: (p.exp() - q.exp()).abs() / 2}
    of_jsd = {"ours": between.jsd, "integrand": between._jsd}
    known: list[tuple[str, dict[str, Any], Density, Density, float]] = [
        ("line: KL, deviations 1e-3 and 1e3", of_kl, narrow, wide, math.log(1e6) + 1e-12 / 2 - 0.5),
        ("line: KL, 10 of 20 narrow modes", of_kl, half, every, math.log(2)),
        ("plane: TV of two Gaussians", of_tv, centre, beside, math.erf(math.sqrt(1.25 / 8))),
        ("plane: KL, 9 of 25 modes", of_kl, *grids, math.log(25 / 9)),
        ("plane: KL, two rings", of_kl, *rings, 2 * math.log(2.5) + 0.16 - 1),
        ("plane: JSD, far apart", of_jsd, *far, math.log(2)),
    ]
    return [Case(name=name, p=p, q=q, truth=truth, **how) for name, how, p, q, truth in known]


def _gaussian(mean: list[float], deviation: float) -> GaussianMixture:
    return GaussianMixture(
        means=torch.tensor([mean], dtype=torch.float64), deviations=torch.tensor([deviation]), weights=torch.ones(1)
    )


def _by_scipy(case: Case, name: str, cuts: tuple[int, ...]) -> list[str]:
    places = [case.p.mass_centres(), case.q.mass_centres()]
    centres = torch.cat([each.centres for each in places])
    scales = torch.cat([each.scales for each in places])[:, None]
    low, high = ((centres + side * scales) for side in (-10, 10))
    tolerance = TOLERANCE[centres.shape[1]]

    def integrand(x: Any) -> Any:
        points = torch.from_numpy(x)
        return case.integrand(case.p.log_prob(points), case.q.log_prob(points)).numpy()

    began = process_time()
    result = cubature(
        integrand,
        low.amin(0).numpy(),
        high.amax(0).numpy(),
        rtol=0,
        atol=tolerance,
        points=[at.numpy() for cut in cuts for at in centres + cut * scales],
    )
    said = f"{result.subdivisions:,}" + ("" if result.status == "converged" else ", not converged")
    return _row(case, f"scipy, {name}", float(result.estimate), float(result.error), said, process_time() - began)


def _row(case: Case, by: str, value: float, error: float, subdivisions: str, seconds: float) -> list[str]:
    return [case.name, by, f"{abs(value - case.truth):.0e}", f"{error:.0e}", subdivisions, f"{seconds:.2f}"]


if __name__ == "__main__":
    main()
