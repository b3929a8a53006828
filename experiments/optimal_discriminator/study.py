"""Does D become P_data / (P_data + P_G), and V become -2 log 2 + 2 JSD? By theory, and in training.

    make study NAME=optimal_discriminator          two cores: about 7 minutes

Three claims are measured on densities. Then the default game is played on every set whose distribution is known,
without a penalty and with R1, and the bound of the JSD that D proves is laid beside the JSD.
"""

import math
import sys
from collections.abc import Sequence

from saddle_studies.figures import bound, loss_as_divergence, optimal_discriminator, smoothed_jsd
from saddle_studies.grouped import Values, grouped, last, plus_minus
from saddle_studies.study import Claim, Study
from saddle_studies.theory.critic import Critic
from saddle_studies.theory.critic_training import stepwise, to_the_end
from saddle_studies.theory.examples import DATA, MADE
from saddle_studies.theory.smoothed_jsd import even_codes
from saddle_studies.theory.smoothed_jsd import smoothed_jsd as smoothed

import torch
from matplotlib.figure import Figure
from torch import Tensor

from saddle.callbacks.checkpoint import restore
from saddle.callbacks.discriminator_probe import fresh_fakes, undisturbed
from saddle.data.densities.mixture import MixtureData
from saddle.engine.experiment import Experiment
from saddle.engine.stored import stored_config
from saddle.models.gan import GAN
from saddle.report.run import RunRecord
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder
from saddle.theory import between, divergences
from saddle.theory.arrangements import line
from saddle.theory.optimal_discriminator import best_logits, distance, log_ratio
from saddle.theory.smoothed import convolved
from saddle.theory.value import cross_entropy, greatest_value, proven_jsd

TRAINED = (10, 50, 300)
"""Steps of the networks whose loss is read as a divergence."""
JSD = ("jsd_smoothed", "jsd_rounded")
"""The readings of the JSD, of which a run has one."""
BATCHES = 64
"""Of fakes that stand for P_G in the picture of D against D*."""


def main() -> None:
    """Measure, train, read, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    study.claims([optimum(), smoothing(), loss_proves()])
    groups = grouped(study.finished(), ["data", "penalty"])
    study.numbers({" ".join(key): _numbers(runs) for key, runs in groups.items()})
    study.table("training", *_table(groups))
    study.figure("bound", _bounds(groups))
    for penalty in ("none", "r1"):
        runs = groups.get(("mixture_1d", penalty))
        if runs:
            study.figure(f"in_training_{penalty}", _in_training(RunFolder(runs[0].folder)))


def optimum() -> Claim:
    """A free critic, and a network."""
    points, p, q = between.nodes(DATA, MADE)
    jsd = between.jsd(DATA, MADE).value
    free = abs(best_logits(p, q)[1].item() - greatest_value(torch.tensor(jsd, dtype=torch.float64)).item())
    critic = Critic(size=1, width=16, seed=0)
    gap = jsd - proven_jsd(to_the_end(critic, points, p, q, iterations=120)).item()
    x = torch.linspace(-5, 5, 401, dtype=torch.float64)[:, None]
    of_p, of_q = DATA.log_prob(x), MADE.log_prob(x)
    with torch.no_grad():
        away = distance(critic(points), log_ratio(p, q), p, q).item()
        trained = critic(x)
    return Claim(
        name="optimal_discriminator",
        says="D* = P_data / (P_data + P_G), and max_D V = -2 log 2 + 2 JSD(P_data ‖ P_G) (002 has lost the 2)",
        where="000 II.2, 002 3.2",
        measured=f"a free critic: off by {free:.1g}; a network: {gap:.1g} nats below, {away:.4f} from D*",
        test="test_optimal_discriminator: < 1e-8; < 1e-4 below, < 0.005 from D*",
        figure=optimal_discriminator.draw(
            x=x[:, 0], p=of_p.exp(), q=of_q.exp(), optimum=of_p - of_q, trained=trained, distance=away
        ),
    )


def smoothing() -> Claim:
    """The JSD where G has no density."""
    jsd = between.jsd(DATA, MADE).value
    codes = even_codes(count=1024, size=1, seed=0)
    deviations = [0.2, 0.4, 0.8, 1.6]
    estimates = [smoothed(DATA, 1.5 * codes, deviation=each) for each in deviations]
    exact = [between.jsd(DATA.smoothed(each), MADE.smoothed(each)).value for each in deviations]
    first = estimates[0]
    off = max(abs(estimate.value - truth) for estimate, truth in zip(estimates, exact, strict=True))
    return Claim(
        name="smoothed_jsd",
        says="JSD(P * N, P_G * N) ≤ JSD(P, P_G) for noise N on both sides: what can be had of a G without a density",
        where="data processing; none in the notes",
        measured=f"at σ = 0.2 {first.value:.4f} ± {first.error:.4f} of {jsd:.4f}; off by {off:.1g} at most",
        test="test_divergences_plane: within its error, below the JSD",
        figure=smoothed_jsd.draw(deviations=deviations, smoothed=estimates, exact=exact, jsd=jsd),
    )


def loss_proves() -> Claim:
    """D's loss as a divergence."""
    draw = torch.Generator().manual_seed(1)
    scale = torch.linspace(0.05, 8, 40, dtype=torch.float64)[:, None]
    p, q = ((scale * torch.randn(40, 6, generator=draw, dtype=torch.float64)).softmax(1) for _ in range(2))
    jsd, best = divergences.jsd(p, q), log_ratio(p, q)
    apart, trained = trained_networks()
    away = torch.randn(20, *p.shape, generator=draw, dtype=torch.float64)
    losses = cross_entropy(torch.cat([4 * away[:10], best + away[10:]]), p, q)
    least = cross_entropy(best, p, q)
    off = (least - (2 * math.log(2) - 2 * jsd)).abs().max().item()
    over = trained - (2 * math.log(2) - 2 * apart)[:, None]
    return Claim(
        name="loss_as_divergence",
        says="L_D = -V ≥ 2 log 2 - 2 JSD, so JSD ≥ log 2 - L_D / 2: a small loss proves a large JSD, a large one "
        "nothing (000 has it the wrong way round)",
        where="000 II.3",
        measured=f"L_D at D* off by {off:.1g}; {int((losses > least).sum())} of {losses.numel()} other D above it; "
        f"networks above it by {over[:, 0].max().item():.2g} nats at most after 10 steps, by "
        f"{over[:, -1].max().item():.1g} after 300, by {over.min().item():.1g} at least",
        test="test_optimal_discriminator: within 1e-13; all above, trained networks, too",
        figure=loss_as_divergence.draw(
            jsd=jsd,
            losses=losses.T,
            least=least,
            apart=apart,
            trained={f"a network after {k} steps": trained[:, place] for place, k in enumerate(TRAINED)},
        ),
    )


def trained_networks() -> tuple[Tensor, Tensor]:
    """The JSD of N(0, 1) and N(m, 1) for several m, [pairs], and L_D of a network after `TRAINED` steps, [pairs, 3]."""
    jsd, losses = [], []
    for mean in (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0):
        data, made = (line(means=[at], deviations=[1], weights=[1]) for at in (0, mean))
        critic = Critic(size=1, width=16, seed=0)
        values = stepwise(critic, *between.nodes(data, made), steps=max(TRAINED), learning_rate=0.003)
        jsd.append(between.jsd(data, made).value)
        losses.append(-values[list(TRAINED)])
    return torch.tensor(jsd, dtype=torch.float64), torch.stack(losses)


def _numbers(runs: Sequence[RunRecord]) -> dict[str, list[float]]:
    """The last readings of each seed."""
    names = (
        "modes_covered",
        "points_covered",
        *JSD,
        "jsd_bound",
        "bound_slack",
        "distance_to_optimum",
        "quality",
        "on_support",
    )
    return {name: values for name in (*names, "total_variation") if (values := last(runs, name))}


def _table(groups: dict[Values, list[RunRecord]]) -> tuple[list[str], list[list[str]]]:
    """Header and rows: the last readings, mean and t interval over the seeds."""
    rows = []
    for (data, penalty), runs in groups.items():
        facts = runs[0].summary["data"]
        total = len(facts["modes"]) if "modes" in facts else facts["points"]
        covered = last(runs, "modes_covered") or last(runs, "points_covered")
        rows.append(
            [
                data,
                penalty,
                f"{', '.join(f'{each:.0f}' for each in covered)} of {total}",
                plus_minus(last(runs, "jsd_bound"), 3),
                plus_minus(last(runs, "bound_slack"), 3),
                plus_minus(last(runs, "distance_to_optimum"), 3),
                plus_minus(last(runs, JSD[0]) or last(runs, JSD[1]), 3),
                plus_minus(last(runs, "quality") or last(runs, "on_support"), 3),
                plus_minus(last(runs, "total_variation"), 3),
            ]
        )
    header = [
        "data",
        "penalty",
        "modes or points",
        "`jsd_bound`",
        "`bound_slack`",
        "D from D*",
        "JSD of samples",
        "quality",
        "TV",
    ]
    return header, rows


def _bounds(groups: dict[Values, list[RunRecord]]) -> Figure:
    """Of the two that play, at every evaluation of all seeds, sets with a density: JSD (bound and slack) and bound."""
    panels: dict[str, dict[str, Tensor]] = {}
    for (data, penalty), runs in groups.items():
        pairs = []
        for run in runs:
            slack, proven = run.curve("bound_slack"), run.curve("jsd_bound")
            pairs += [(proven[at] + slack[at], proven[at]) for at in slack]
        if not pairs:
            continue
        panels.setdefault(f"penalty={penalty}", {})[data] = torch.tensor(pairs, dtype=torch.float64).reshape(-1, 2)
    return bound.draw(panels)


def _in_training(run: RunFolder) -> Figure:
    """D of a finished game on the line against D* of its last generator, densities smoothed as for `bound_slack`."""
    cfg = stored_config(run, files=True)
    experiment = Experiment(cfg)
    data, model = experiment.data, experiment.model
    state, _ = Checkpoints(run.checkpoints).load()
    if not isinstance(model, GAN) or not isinstance(data, MixtureData) or state is None:
        sys.exit(f"error: {run.path} is no finished game on a Gaussian mixture")
    restore(model, state)
    deviation = float(data.distribution.deviations.min()) / 2
    x = torch.linspace(-1, 1, 401, dtype=torch.float64)[:, None]
    with undisturbed(model):
        made = torch.cat([fresh_fakes(model, "optimum", batch)[0] for batch in range(BATCHES)]).double()
        trained = model.discriminator(x.float()).double()[:, 0]
    p = data.distribution.smoothed(deviation).log_prob(x)
    q = convolved(made, deviation).log_prob(x)
    weight = (p.exp() + q.exp()) / 2
    off = (weight * (trained.sigmoid() - (p - q).sigmoid()).square()).sum() / weight.sum()
    return optimal_discriminator.draw(
        x=x[:, 0], p=p.exp(), q=q.exp(), optimum=p - q, trained=trained, distance=float(off.sqrt())
    )


if __name__ == "__main__":
    main()
