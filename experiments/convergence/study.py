"""Which (loss, penalty, k) converge near the saddle? The Dirac-GAN, by eigenvalues and trajectories, no training.

make study NAME=convergence          one core: half a minute
"""

import sys
from collections import Counter
from collections.abc import Mapping

from saddle_studies.figures import convergence, dirac_field, eigenvalues
from saddle_studies.study import Claim, Study
from saddle_studies.theory.convergence import Finding, TrialSettings, table

import torch
from omegaconf import OmegaConf
from torch import Tensor

from saddle.config import instantiate
from saddle.config.keys import CONF
from saddle.losses.base import Loss
from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.theory.dirac import (
    alternating_eigenvalues,
    flow_eigenvalues,
    no_penalty,
    simultaneous_radius,
    squared_slope,
    unit_slope,
)
from saddle.theory.games import Steps, dirac, field, trajectory
from saddle.theory.stability import flow_jacobian, jacobian, spectral_radius

RATE = 0.2
PENALTIES = {
    "none": no_penalty,
    "R1 or R2, γ = 1": squared_slope(1.0),
    "R1 or R2, γ = 30": squared_slope(30.0),
    "WGAN-GP, weight 1": unit_slope(1.0, one_sided=False),
    "WGAN-LP, weight 1": unit_slope(1.0, one_sided=True),
}
DRAWN = [name for name in PENALTIES if "30" not in name]
TRIAL = TrialSettings(updates=200, tolerance=1e-9, margin=1.5, near=0.05, far=0.4)
ZERO = torch.zeros(1, dtype=torch.float64)
Table = Mapping[tuple[str, str, str], Finding]


def steps(rate: float, d_steps: int, alternating: bool) -> Steps:
    """Both players learn at one rate."""
    return Steps(discriminator_rate=rate, generator_rate=rate, d_steps=d_steps, alternating=alternating)


WAYS = {
    "simultaneous": steps(RATE, 1, False),
    "k = 1": steps(RATE, 1, True),
    "k = 5": steps(RATE, 5, True),
}


def losses() -> dict[str, Loss]:
    """All options of conf/loss."""
    return {path.stem: instantiate(OmegaConf.load(path)) for path in sorted((CONF / "loss").glob("*.yaml"))}


def main() -> None:
    """Measure, draw and write the table."""
    study = Study(__file__, sys.argv, __doc__ or "")
    findings = table(losses(), PENALTIES, WAYS, TRIAL)
    study.claims([circling(), on_the_circle(), who_converges(findings)])
    study.table("convergence", *cells(findings))


def circling() -> Claim:
    """The field, and what steps make of it."""
    ends = torch.linspace(-2.25, 2.25, 13, dtype=torch.float64)
    states, begin = torch.cartesian_prod(ends, ends), (torch.full((1,), at, dtype=torch.float64) for at in (0.7, 0.3))
    theta, psi = begin
    fields: dict[str, Tensor] = {}
    paths: dict[str, Tensor] = {}
    ways: dict[str, tuple[Loss, float, bool]] = {
        "minimax, simultaneous": (Minimax(), 0.0, False),
        "minimax, alternating": (Minimax(), 0.0, True),
        "non-saturating, alternating": (NonSaturating(), 0.0, True),
        "minimax, alternating, R1": (Minimax(), 0.5, True),
    }
    for name, (loss, gamma, alternating) in ways.items():
        game = dirac(loss, squared_slope(gamma))
        fields[name] = torch.stack([torch.cat(field(game, *state.split(1))) for state in states])
        paths[name] = trajectory(game, steps(RATE, 1, alternating), theta, psi, 250)
    off = max(
        min(abs(one - value) for one in torch.linalg.eigvals(flow_jacobian(game, ZERO, ZERO)).tolist())
        for gamma in (0.0, 0.3, 5.0)
        for game in [dirac(Minimax(), squared_slope(gamma))]
        for value in flow_eigenvalues(0.5, gamma)
    )
    ratios = ", ".join(f"{(path[-1].norm() / path[0].norm()).item():.2g}" for path in paths.values())
    return Claim(
        name="dirac_field",
        says="near the saddle the players circle: eigenvalues ±i f'(0) of the flow, with R1 -γ/2 ± √(γ²/4 - f'(0)²)",
        where="000 II.2; Mescheder et al. 2018",
        measured=f"eigenvalues off by {off:.1g}; after 250 updates the distance is, in the order of the panels, "
        f"{ratios} of its start",
        test="test_dynamics: within 1e-7; `Trainer` takes the same path within 1e-5",
        figure=dirac_field.draw(states, fields, paths),
    )


def on_the_circle() -> Claim:
    """The eigenvalues of an update."""
    ways = {
        "simultaneous": (0.0, False),
        "alternating": (0.0, True),
        "alternating, R1 γ = 0.5": (0.5, True),
        "alternating, R1 γ = 2": (2.0, True),
    }

    def update(gamma: float, rate: float, alternating: bool) -> Tensor:
        return jacobian(dirac(Minimax(), squared_slope(gamma)), steps(rate, 1, alternating), ZERO, ZERO)

    rates = torch.linspace(0.1, 1.5, 12).tolist()
    values = {
        name: torch.stack([torch.linalg.eigvals(update(gamma, rate, alternating)) for rate in rates])
        for name, (gamma, alternating) in ways.items()
    }
    off = max(abs(spectral_radius(update(0.0, rate, False)) - simultaneous_radius(0.5, rate)) for rate in rates)
    beyond = [max(map(abs, alternating_eigenvalues(0.5, rate, 1))) for rate in (3.99, 4.01)]
    return Claim(
        name="eigenvalues",
        says="simultaneous steps run away at every rate, by √(1 + h² f'(0)²) each; alternating ones stay on the unit "
        "circle up to √k h f'(0) = 2; R1 brings them inside",
        where="Mescheder et al. 2018",
        measured=f"spectral radius off by {off:.1g}; alternating with f'(0) = 1/2 and k = 1 it is 1 + "
        f"{abs(beyond[0] - 1):.1g} at h = 3.99, 1 + {beyond[1] - 1:.2g} at 4.01",
        test="test_dynamics: within 1e-12, for k = 1 ... 5",
        figure=eigenvalues.draw(values),
    )


def who_converges(findings: Table) -> Claim:
    """The picture of the table; the larger gamma is in the table only."""
    shown = {key: one for key, one in findings.items() if key[1] in DRAWN}
    counts = Counter(one.verdict for key, one in findings.items() if key[1] == "R1 or R2, γ = 1")
    return Claim(
        name="convergence",
        says="which (loss, penalty, k) converge near the saddle: R1 makes every loss converge whose G pushes there",
        where="Mescheder et al. 2018",
        measured="with R1, γ = 1: " + ", ".join(f"{verdict} {count}" for verdict, count in counts.items()),
        test="test_dynamics: all but `least_squares_pearson` converge, spectral radius < 0.97",
        figure=convergence.draw(shown),
    )


def cells(findings: Table) -> tuple[list[str], list[list[str]]]:
    """Header and rows: a loss, then for each penalty the verdicts for `WAYS` in their order, equal ones once."""
    rows = []
    for loss in dict.fromkeys(key[0] for key in findings):
        verdicts = [[findings[loss, penalty, way].verdict for way in WAYS] for penalty in PENALTIES]
        rows.append([f"`{loss}`", *(each[0] if len(set(each)) == 1 else ", ".join(each) for each in verdicts)])
    return ["loss", *PENALTIES], rows


if __name__ == "__main__":
    main()
