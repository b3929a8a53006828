"""Is log(1 - D) slow at the start, does it matter in the end, and what does each objective descend?

    make study NAME=slow_at_the_beginning          two cores: about 4 minutes

Two claims are measured on densities and on a network. Then both losses are played on the ring, with a D of one step and
one of five, which wins sooner; the two on faces are `make sweep`, see README.md.
"""

import math
import statistics
import sys
from collections.abc import Mapping, Sequence

from saddle_studies.figures import objectives_descended
from saddle_studies.figures import slow_start as slow_start_figure
from saddle_studies.grouped import Values, grouped, last, plus_minus
from saddle_studies.panels import Panel, draw
from saddle_studies.study import Claim, Study
from saddle_studies.theory import slow_start

import torch
from torch import Tensor, nn

from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.noise import noise
from saddle.report.curves import over_seeds
from saddle.report.run import RunRecord
from saddle.report.statistics import Interval

STRETCHES = ((0, 50), (50, 200), (200, 1_000))
"""Updates over which G's gradient is averaged."""
JSD = "jsd_smoothed"
EARLY = 250
"""Of the updates, a time at which the JSD is read besides the end."""


def main() -> None:
    """Measure, train, read, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    study.claims([slow_at_first(), not_the_same_form()])
    groups = grouped(study.finished(), ["loss", "d_steps"])
    study.numbers({_name(key): _numbers(runs) for key, runs in groups.items()})
    study.table("training", *_table(groups))
    study.figure("training", draw(_panels(groups), 3))


def numbers(name: str, *shape: int) -> Tensor:
    """Standard normal numbers of a stream of their own, float64."""
    return noise(0, name, 0, range(shape[0]), shape[1:]).double()


def slow_at_first() -> Claim:
    """Forces on a logit, and on a network from one state."""
    generator = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2)).double()
    discriminator = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1)).double()
    for name, network in (("generator", generator), ("discriminator", discriminator)):
        for place, (key, parameter) in enumerate(network.named_parameters()):
            drawn = noise(0, f"{name} {key}", place, range(len(parameter)), parameter.shape[1:])
            parameter.data = drawn.double() / math.sqrt(parameter[0].numel())
    codes, real = numbers("codes", 64, 4), numbers("reals", 64, 2) + 8
    confidence, norms = [-1.0, -2.0, -4.0, -6.0, -8.0], []
    for logit in confidence:
        fake = generator(codes).detach()
        slow_start.train_to_confidence(NonSaturating(), discriminator, real, fake, logit, 0.05, 5_000)
        norms.append(
            [slow_start.gradient_norm(loss, generator, discriminator, codes) for loss in (Minimax(), NonSaturating())]
        )
    logits = torch.linspace(-10, 10, 41, dtype=torch.float64)
    slow, fast = torch.tensor(norms, dtype=torch.float64).T
    force = (
        slow_start.minimax_force(torch.tensor(-8.0)).item(),
        slow_start.nonsaturating_force(torch.tensor(-8.0)).item(),
    )
    return Claim(
        name="slow_start",
        says="log(1 - D) is slow at the beginning: a fake's logit l is pushed by σ(l), under -log D by σ(-l)",
        where="000 II.3",
        measured=f"at l = -8 {force[0]:.6f} and {force[1]:.5f}; the gradients of a network at D's mean logit -8: "
        f"{(fast[-1] / slow[-1]).item():.0f} times apart",
        test="test_slow_start: 0.000335 and 0.99966; 500 to e^8 = 2,981 times",
        figure=slow_start_figure.draw(
            logits,
            slow_start.minimax_force(logits),
            slow_start.nonsaturating_force(logits),
            torch.tensor(confidence),
            slow,
            fast,
        ),
    )


def not_the_same_form() -> Claim:
    """What each objective descends at D*."""
    p, scores = numbers("p 0", 7).softmax(0), 2 * numbers("scores 0", 7).requires_grad_()
    off = 0.0
    for loss, divergence in (
        (Minimax(), slow_start.minimax_descends),
        (NonSaturating(), slow_start.nonsaturating_descends),
    ):
        held = slow_start.descended(loss, scores, slow_start.optimal_logits(p, scores.softmax(0)))
        (exact,) = torch.autograd.grad(divergence(p, scores.softmax(0)), scores)
        off = max(off, (held - exact).abs().max().item())
    share = torch.linspace(0.005, 0.995, 199, dtype=torch.float64)
    of_two, made = torch.tensor([0.7, 0.3]).double().expand(199, 2), torch.stack([share, 1 - share], 1)
    curves = slow_start.minimax_descends(of_two, made), slow_start.nonsaturating_descends(of_two, made)
    return Claim(
        name="objectives_descended",
        says='at D* log(1 - D) descends 2 JSD, -log D descends KL(P_G ‖ P_data) - 2 JSD: not "the same form"',
        where="000 II.3; Arjovsky and Bottou 2017",
        measured=f"gradients in a categorical G: off by {off:.1g}",
        test="test_slow_start: within 1e-12; those of the other objective off by more than 0.05",
        figure=objectives_descended.draw(share, 0.7, *curves),
    )


def _name(key: Values) -> str:
    return f"{key[0]}, k = {key[1]}"


def _numbers(runs: Sequence[RunRecord]) -> dict[str, list[dict[int, float]]]:
    """Of each seed the readings, by update."""
    names = ("gradient_generator", "accuracy_fake", JSD, "modes_covered")
    return {name: [run.curve(name) for run in runs] for name in names}


def _table(groups: dict[Values, list[RunRecord]]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: G's gradient over stretches of training, then the JSD, mean and t interval over the seeds."""
    rows = []
    for (loss, k), runs in groups.items():
        gradients = [[_mean(run, first, end) for run in runs] for first, end in STRETCHES]
        half = ", ".join(_first_half(run) for run in runs)
        early = [run.curve(JSD).get(EARLY, math.nan) for run in runs]
        cells = [plus_minus([value for value in each if math.isfinite(value)], 2) for each in gradients]
        modes = ", ".join(f"{each:.0f}" for each in last(runs, "modes_covered"))
        jsd = [plus_minus([value for value in each if math.isfinite(value)], 3) for each in (early, last(runs, JSD))]
        rows.append([loss, k, *cells, *jsd, half, modes])
    stretches = [f"norm of G's gradient, {first:,} to {end:,}" for first, end in STRETCHES]
    jsd_columns = [f"JSD at {EARLY}", "JSD at the end", "updates to half of the first JSD"]
    return ["loss", "k", *stretches, *jsd_columns, "modes of 8"], rows


def _mean(run: RunRecord, first: int, end: int) -> float:
    """G's gradient over the updates of a stretch; no number where there are none."""
    values = [value for at, value in run.curve("gradient_generator").items() if first < at <= end]
    return statistics.fmean(values) if values else math.nan


def _first_half(run: RunRecord) -> str:
    """The first evaluation with less than half of the JSD of the first one."""
    jsd = run.curve(JSD)
    return next((f"{at:,.0f}" for at, value in jsd.items() if value < jsd[min(jsd)] / 2), "never")


def _panels(groups: Mapping[Values, list[RunRecord]]) -> list[Panel]:
    """G's gradient, how much of the fakes D rejects, the JSD."""

    def lines(metric: str) -> dict[str, dict[float, Interval]]:
        return {_name(key): over_seeds(runs, metric) for key, runs in groups.items()}

    gradient, rejected, jsd = (lines(each) for each in ("gradient_generator", "accuracy_fake", JSD))
    return [
        Panel(title="what reaches G", across="updates", up="norm of G's gradient", lines=gradient, logarithmic="xy"),
        Panel(title="how sure D is", across="updates", up="share of fakes rejected", lines=rejected, logarithmic="x"),
        Panel(title="what comes of it", across="updates", up="JSD (nats)", lines=jsd, logarithmic="y"),
    ]


if __name__ == "__main__":
    main()
