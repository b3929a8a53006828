"""The claims of the lecture's second half about two distributions: each one measured, and drawn."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.noise import noise
from saddle.theory import between, divergences, maximum, slow_start
from saddle.theory.arrangements import line
from saddle.theory.critic import Critic
from saddle.theory.critic_training import stepwise, to_the_end
from saddle.theory.figures import (
    envelope,
    heights,
    ideal_loop,
    likelihood,
    loss_as_divergence,
    objectives_descended,
    one_gaussian,
    optimal_discriminator,
    smoothed_jsd,
    steps_and_bound,
)
from saddle.theory.figures import slow_start as slow_start_figure
from saddle.theory.ideal_loop import ideal_loop as play_ideally
from saddle.theory.likelihood import argmax, kl_from, mean_log_likelihood, sandwich_deviation, two_modes
from saddle.theory.one_gaussian import covering, gaussian, seeking
from saddle.theory.optimal_discriminator import best_logits, distance, log_ratio
from saddle.theory.smoothed import even_codes
from saddle.theory.smoothed import smoothed_jsd as smoothed
from saddle.theory.value import cross_entropy, greatest_value, proven_jsd

DATA = line(means=[-2, 2], deviations=[0.5, 0.8], weights=[0.4, 0.6])
MADE = line(means=[0], deviations=[1.5], weights=[1])
X = torch.linspace(-12, 12, 2401, dtype=torch.float64)
"""Evenly spaced, 0.01 apart: sums over them are integrals of what is smooth."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What is claimed, where, and what came out."""

    name: str
    """Of the picture's file."""
    says: str
    where: str
    """Sections of the two notes, 000 and 002, or the paper."""
    measured: str
    test: str
    """Its module and name, and what it asserts."""
    figure: Figure


def numbers(name: str, *shape: int) -> Tensor:
    """Standard normal numbers of a stream of their own, float64."""
    return noise(0, name, 0, range(shape[0]), shape[1:]).double()


def of_distributions() -> Iterator[Claim]:
    """One claim after the other."""
    yield likelihood_is_kl()
    yield covers_or_seeks()
    yield optimum()
    yield smoothing()
    yield three_heights()
    yield few_discriminators()
    yield k_steps()
    yield ideally()
    yield slow_at_first()
    yield not_the_same_form()
    yield loss_proves()


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
        found = argmax(partial(mean_log_likelihood, two_modes, points=x, weights=each), best.expand(200), 5)
        errors.append((found - best).square().mean().sqrt().item())
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
    found = [smoothed(DATA, 1.5 * codes, deviation=each) for each in deviations]
    exact = [between.jsd(DATA.smoothed(each), MADE.smoothed(each)).value for each in deviations]
    off = max(abs(one.value - truth) for one, truth in zip(found, exact, strict=True))
    return Claim(
        name="smoothed_jsd",
        says="JSD(P * N, P_G * N) ≤ JSD(P, P_G) for noise N on both sides: what can be had of a G without a density",
        where="data processing; none in the notes",
        measured=f"at σ = 0.2 {found[0].value:.4f} ± {found[0].error:.4f} of {jsd:.4f}; off by {off:.1g} at most",
        test="test_divergences_exact: within its error, below the JSD",
        figure=smoothed_jsd.draw(deviations=deviations, smoothed=found, exact=exact, jsd=jsd),
    )


WIDE = torch.linspace(-14, 14, 281, dtype=torch.float64)
NORMAL = maximum.gaussians(WIDE, torch.tensor(0.0), 1.0)


def three_heights() -> Claim:
    """Which of three generators."""
    made = maximum.gaussians(WIDE, torch.tensor([-2.0, 0.8, 3.0], dtype=torch.float64), 1.0)
    found = maximum.heights(NORMAL.expand(3, -1), made)
    shown = WIDE.abs() <= 6
    return Claim(
        name="heights",
        says="argmin over G of max over D: each G has one height, max_D V(G, D), and the lowest is the nearest by JSD",
        where="000 II.2",
        measured="heights " + ", ".join(f"{height:.3f}" for height in found.tolist()),
        test="test_maximum: V at D* within 1e-14; 500 other D all lower",
        figure=heights.draw(WIDE[shown], NORMAL[shown] / 0.1, made[:, shown] / 0.1, found),
    )


def few_discriminators() -> Claim:
    """Three that are fixed, and a parameter of G."""
    means = torch.tensor([-2.5, 0.7, 2.0], dtype=torch.float64)
    logits = means[:, None] ** 2 / 2 - means[:, None] * WIDE

    def branches(theta: Tensor) -> Tensor:
        return maximum.values(NORMAL, maximum.gaussians(WIDE, theta, 1.0), logits)

    theta = torch.linspace(-4, 4, 2001, dtype=torch.float64)
    whole = maximum.heights(NORMAL.expand(len(theta), -1), maximum.gaussians(WIDE, theta, 1.0))
    few, path = branches(theta).max(-1).values, maximum.descend(branches, 1.7, 1.0, 400)
    fooled, right = (theta[each.argmin()].item() for each in (few, whole))
    return Claim(
        name="envelope",
        says="f(G) = max_i V(G, D_i) is convex in P_G (not concave, as 000 has it), f' is the slope of the best "
        "D_i, and a few fixed D_i are no divergence: their argmin is where they are fooled",
        where="000 II.2",
        measured=f"argmin of three: θ = {fooled:.2f}, of all: {abs(right):.2f}; "
        f"descent ends {path.value.min().item() - few.min().item():.1g} above",
        test="test_maximum: -0.93 within 0.01; 0; chords above by 1e-13; descent < 2e-3 above",
        figure=envelope.draw(theta[::5], branches(theta[::5]), whole[::5], maximum.descend(branches, 3.0, 1.0, 80)),
    )


def k_steps() -> Claim:
    """The gap to the maximum against k."""
    points, p, q = between.nodes(DATA, MADE)
    greatest = greatest_value(torch.tensor(between.jsd(DATA, MADE).value)).item()
    values = {
        f"{width} units": stepwise(Critic(size=1, width=width, seed=0), points, p, q, steps=200, learning_rate=0.003)
        for width in (4, 16)
    }
    gaps = (greatest - values["16 units"]).tolist()
    longest = int(values["16 units"].diff().argmin()) + 1
    slower = stepwise(Critic(size=1, width=16, seed=0), points, p, q, steps=200, learning_rate=0.001)
    fell = bool((slower.diff() < 0).any())
    return Claim(
        name="steps_and_bound",
        says="k steps of D give V(D_k) ≤ max_D V: a lower bound of -2 log 2 + 2 JSD only",
        where="000 II.3",
        measured="gap in nats: "
        + ", ".join(f"{gaps[k]:.3f} at k = {k}" for k in (0, 1, 20, 200))
        + f"; Adam divides by gradients that have become small, and its steps are too long at k = {longest}; at a "
        f"third of the rate V {'falls, too' if fell else 'never falls'}",
        test="test_optimal_discriminator: gap above 0 at each k; over half of it left at k = 1",
        figure=steps_and_bound.draw(values=values, greatest=greatest),
    )


def ideally() -> Claim:
    """The loop with D solved exactly."""
    data = torch.tensor([0.1, 0.2, 0.4, 0.2, 0.1], dtype=torch.float64)
    start = torch.tensor([2.0, 1, 0, 0, 0], dtype=torch.float64)

    def along(steps: int, rate: float, g_steps: int) -> Tensor:
        made = play_ideally(Minimax(), data, start, steps=steps, learning_rate=rate, g_steps=g_steps)
        return divergences.jsd(data.expand_as(made), made)

    sizes = {f"step {rate:g}": along(60, rate, 1) for rate in (0.5, 2.0, 16.0, 32.0)}
    held = {f"g_steps {count}": along(200, 1.0, count) for count in (1, 5, 20, 50)}
    begin, small, large, many = (
        each.item()
        for each in (held["g_steps 1"][0], sizes["step 2"][-1], sizes["step 32"].max(), held["g_steps 50"][-1])
    )
    return Claim(
        name="ideal_loop",
        says="with D solved exactly small steps of G lower the JSD; large ones, or many against one D, need not",
        where="000 II.2",
        measured=f"JSD {begin:.3f} at the start; steps of 2: to {small:.1g}; of 32: up to {large:.3f}; "
        f"50 steps for each D: {many:.3f} at the end",
        test="test_ideal_loop: falls at every step; > 1.5 of its start; > 1.8 of its start",
        figure=ideal_loop.draw(step_sizes=sizes, held=held),
    )


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


TRAINED = (10, 50, 300)


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
