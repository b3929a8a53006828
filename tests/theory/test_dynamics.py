"""Learning near the saddle: eigenvalues, trajectories, and the training loop itself."""

import functools
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from pytorch_lightning import Callback
from torch import Tensor, nn

from options import build, options
from saddle.losses.base import Loss
from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.losses.wasserstein import Wasserstein
from saddle.noise import noise
from saddle.theory.dirac import (
    alternating_converges,
    alternating_eigenvalues,
    flow_eigenvalues,
    forces,
    frequency,
    no_penalty,
    simultaneous_radius,
    squared_slope,
    unit_slope,
)
from saddle.theory.games import Steps, dirac, field, linear_quadratic, trajectory
from saddle.theory.stability import drift, flow_jacobian, jacobian, jumps, spectral_radius
from saddle_studies.figures import convergence as figure_of_convergence
from saddle_studies.figures import dirac_field as figure_of_field
from saddle_studies.figures import eigenvalues as figure_of_eigenvalues
from saddle_studies.theory.convergence import TrialSettings, examine, table
from toy import Toy, game, play

ZERO = torch.zeros(1, dtype=torch.float64)
LOSSES = options("loss")
TURNING = [name for name in LOSSES if name != "least_squares_pearson"]
"""Losses whose two players both push where D is undecided; G of the other one does not."""


def steps(rate: float, d_steps: int = 1, alternating: bool = True) -> Steps:
    return Steps(discriminator_rate=rate, generator_rate=rate, d_steps=d_steps, alternating=alternating)


def at(value: float) -> Tensor:
    return torch.full((1,), value, dtype=torch.float64)


def same(found: Tensor, expected: tuple[complex, ...], within: float) -> bool:
    """Whether the eigenvalues of a matrix are these, in any order."""
    left = torch.linalg.eigvals(found).tolist()
    for value in expected:
        nearest = min(left, key=lambda other: abs(other - value))
        if abs(nearest - value) > within:
            return False
        left.remove(nearest)
    return not left


# ---- closed forms


@pytest.mark.parametrize("name", LOSSES)
def test_the_undecided_discriminator_at_the_data_is_an_equilibrium(name: str) -> None:
    game = dirac(build("loss", name), squared_slope(1.0))
    assert all(part.abs().max() == 0 for part in field(game, ZERO, ZERO))
    down, up = forces(build("loss", name))
    assert down > 0
    assert up == 0 if name == "least_squares_pearson" else up > 0


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 5.0])
@pytest.mark.parametrize("name", LOSSES)
def test_eigenvalues_of_the_flow(name: str, gamma: float) -> None:
    """-gamma / 2 +- sqrt(gamma^2 / 4 - f'(0)^2): imaginary without a penalty, in the left half plane with one."""
    loss = build("loss", name)
    found = flow_jacobian(dirac(loss, squared_slope(gamma)), ZERO, ZERO)
    assert same(found, flow_eigenvalues(frequency(loss), gamma), 1e-7)
    real = torch.linalg.eigvals(found).real
    assert (real.abs() < 1e-12).all() if gamma == 0 else (real < 0).all() or name == "least_squares_pearson"


@pytest.mark.parametrize("rate", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("name", TURNING)
def test_simultaneous_steps_run_away_at_every_rate(name: str, rate: float) -> None:
    loss = build("loss", name)
    radius = spectral_radius(jacobian(dirac(loss, no_penalty), steps(rate, alternating=False), ZERO, ZERO))
    assert radius == pytest.approx(simultaneous_radius(frequency(loss), rate), abs=1e-12)
    assert radius > 1


@pytest.mark.parametrize("d_steps", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("name", TURNING)
def test_alternating_steps_stay_on_the_unit_circle_while_they_are_small(name: str, d_steps: int) -> None:
    """Up to sqrt(k) h f'(0) = 2, not for every rate; beyond it they run away."""
    loss = build("loss", name)
    largest = 2 / (math.sqrt(d_steps) * frequency(loss))
    for rate, inside in ((0.1, True), (0.99 * largest, True), (1.01 * largest, False)):
        found = jacobian(dirac(loss, no_penalty), steps(rate, d_steps), ZERO, ZERO)
        assert same(found, alternating_eigenvalues(frequency(loss), rate, d_steps), 1e-6)
        assert (abs(spectral_radius(found) - 1) < 1e-12) == inside


def test_r1_converges_for_some_rates_and_not_for_others() -> None:
    """The closed criterion against eigenvalues over rates, gammas and k = 1 ... 5; too large a gamma is unstable."""
    verdicts = set()
    for loss in (Minimax(), Wasserstein()):
        for rate in (0.3, 0.9, 1.7):
            for gamma in (0.0, 0.1, 1.0, 10.0):
                for d_steps in range(1, 6):
                    update = jacobian(dirac(loss, squared_slope(gamma)), steps(rate, d_steps), ZERO, ZERO)
                    radius = spectral_radius(update)
                    if abs(radius - 1) < 1e-9:
                        assert not alternating_converges(frequency(loss), rate, gamma, d_steps)
                        continue
                    inside = alternating_converges(frequency(loss), rate, gamma, d_steps)
                    assert (radius < 1) == inside
                    verdicts.add((rate * gamma < 2, inside))
    assert verdicts == {(True, True), (True, False), (False, False)}


def test_a_radius_of_one_is_no_convergence() -> None:
    """h = 2 and gamma = 3/4 put an eigenvalue at -1 exactly: h^2 f'(0)^2 = 1 = 2 (1 + s) with s = -1/2."""
    update = jacobian(dirac(Minimax(), squared_slope(0.75)), steps(2.0), ZERO, ZERO)
    assert spectral_radius(update) == pytest.approx(1, abs=1e-12)
    assert not alternating_converges(0.5, 2.0, 0.75, 1)
    assert alternating_converges(0.5, 1.99, 0.75, 1)


def test_r1_with_simultaneous_steps() -> None:
    """Where gamma < 2 f'(0), |lambda|^2 = 1 - h gamma + h^2 f'(0)^2: stable for h < gamma / f'(0)^2."""
    for rate in (0.1, 0.7, 1.5, 1.7, 3.0):
        found = jacobian(dirac(Minimax(), squared_slope(0.4)), steps(rate, alternating=False), ZERO, ZERO)
        assert spectral_radius(found) ** 2 == pytest.approx(1 - 0.4 * rate + rate**2 / 4, abs=1e-12)
        assert (spectral_radius(found) < 1) == (rate < 0.4 / 0.25)


def test_two_rates_count_by_their_product() -> None:
    update = Steps(discriminator_rate=0.4, generator_rate=0.1, d_steps=1, alternating=True)
    found = jacobian(dirac(Minimax(), no_penalty), update, ZERO, ZERO)
    assert same(found, alternating_eigenvalues(0.5, 0.2, 1), 1e-12)


# ---- linear-quadratic games


def test_a_linear_game_is_one_dirac_gan_for_each_singular_value() -> None:
    coupling = noise(0, "coupling", 0, range(3), (3,)).double()
    theta, psi, none = (torch.zeros(*size, dtype=torch.float64) for size in ((3,), (3,), (3, 3)))
    sizes = torch.linalg.svdvals(coupling).tolist()
    plain = linear_quadratic(coupling, none, none)
    expected = max(simultaneous_radius(size, 0.1) for size in sizes)
    assert spectral_radius(jacobian(plain, steps(0.1, 1, False), theta, psi)) == pytest.approx(expected, abs=1e-12)
    pairs = [value for size in sizes for value in alternating_eigenvalues(size, 0.1, 1)]
    assert same(jacobian(plain, steps(0.1), theta, psi), tuple(pairs), 1e-9)
    damped = linear_quadratic(coupling, none, 0.8 * torch.eye(3, dtype=torch.float64))
    roots = [value for size in sizes for value in flow_eigenvalues(size, 0.8)]
    assert same(flow_jacobian(damped, theta, psi), tuple(roots), 1e-7)
    assert spectral_radius(jacobian(damped, steps(0.1), theta, psi)) < 1


def test_curvature_of_either_player_is_enough() -> None:
    """V strongly convex in theta damps as well as one strongly concave in psi; negative curvature of G runs away."""
    one, none = torch.eye(1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.float64)
    for of_generator, of_discriminator, inside in ((one, none, True), (none, one, True), (-one, none, False)):
        found = jacobian(linear_quadratic(one, of_generator, of_discriminator), steps(0.1), ZERO, ZERO)
        assert (spectral_radius(found) < 1) == inside


def test_a_point_that_moves_has_no_verdict() -> None:
    with pytest.raises(ValueError, match="eigenvalues describe equilibria only"):
        jacobian(dirac(Minimax(), no_penalty), steps(0.1), at(0.5), at(0.0))


# ---- what eigenvalues do not decide


@pytest.mark.parametrize(
    ("name", "factor"),
    [("minimax", 0), ("wasserstein", 0), ("nonsaturating", 1 / 16), ("rpgan", 1 / 16), ("least_squares", 1 / 4)],
)
def test_drift_of_the_flow(name: str, factor: float) -> None:
    """d log r / dt = -factor r^2 to leading order: a zero-sum game circles, a non-saturating one creeps inwards."""
    for radius in (0.01, 0.1):
        found = drift(dirac(build("loss", name), no_penalty), radius, 64)
        assert found == pytest.approx(-factor * radius**2, rel=1e-2, abs=1e-15)


def test_nonsaturating_comes_closer_like_the_root_of_time() -> None:
    """1 / r^2 grows by t / 8: no eigenvalue says so, and no rate is geometric."""
    states = trajectory(dirac(NonSaturating(), no_penalty), steps(0.05), at(0.5), at(0.5), 800)
    square = states.square().sum(1)
    assert 1 / square[-1].item() - 1 / square[0].item() == pytest.approx(0.05 * 800 / 8, rel=0.05)


def test_simultaneous_nonsaturating_ends_on_a_limit_cycle() -> None:
    """Growth h / 8 per unit of time against the drift r^2 / 16: they meet at r = sqrt(2 h)."""
    for start in (0.5, 0.75):
        rate = 0.2
        states = trajectory(dirac(NonSaturating(), no_penalty), steps(rate, 1, False), at(start), at(0.0), 400)
        last = torch.linalg.vector_norm(states[-63:], dim=1).mean().item()
        assert last == pytest.approx(math.sqrt(2 * rate), rel=0.05)


def test_alternating_wasserstein_keeps_its_ellipse() -> None:
    """theta^2 + psi^2 - h theta psi is the same after every update: it circles for ever."""
    theta, psi = trajectory(dirac(Wasserstein(), no_penalty), steps(0.3), at(0.4), at(0.1), 300).T
    kept = theta**2 + psi**2 - 0.3 * theta * psi
    assert (kept - kept[0]).abs().max() < 1e-12


def test_what_a_step_of_finite_length_adds() -> None:
    """A zero-sum game with force e^t creeps inwards, d log r / dt = -h r^4 / 16; that of f_kl is such a one."""
    rate, updates = 0.2, 600
    states = trajectory(dirac(build("loss", "f_kl"), no_penalty), steps(rate), at(0.5), at(0.5), updates)
    fourth = torch.linalg.vector_norm(states, dim=1) ** -4
    grown = fourth[-31:].mean() - fourth[:31].mean()
    assert grown.item() == pytest.approx(rate * rate * (updates - 31) / 4, rel=0.1)


def test_the_gradient_penalty_of_wgan_does_not_converge() -> None:
    """Slope 1 is wanted at the equilibrium, too, where D should be flat: from nearby G is thrown away, and circles."""
    game = dirac(Wasserstein(), unit_slope(1.0, one_sided=False))
    assert jumps(game, steps(0.05), ZERO, ZERO, 1e-9)
    states = trajectory(game, steps(0.1), at(0.01), at(0.01), 400)
    assert states[-100:, 0].abs().max() > 0.5
    steep = dirac(Wasserstein(), squared_slope(30.0))  # each step of D throws psi to -5 psi, but it is no jump
    assert not jumps(steep, steps(0.2, 5), ZERO, ZERO, 1e-9)
    assert examine(steep, steps(0.2, 5), TRIAL).verdict == "diverges"
    flat = dirac(Wasserstein(), unit_slope(1.0, one_sided=True))
    assert not jumps(flat, steps(0.05), ZERO, ZERO, 1e-9)
    assert spectral_radius(jacobian(flat, steps(0.05), ZERO, ZERO)) == pytest.approx(1, abs=1e-12)


TRIAL = TrialSettings(updates=200, tolerance=1e-9, margin=1.5, near=0.05, far=0.4)


def test_table() -> None:
    """With R1 every loss converges whose G pushes, for k = 1, 2, 5; without, none at a rate."""
    ways = {"k = 1": steps(0.2, 1), "k = 2": steps(0.2, 2), "k = 5": steps(0.2, 5)}
    damped = table({name: build("loss", name) for name in TURNING}, {"R1": squared_slope(1.0)}, ways, TRIAL)
    assert {found.verdict for found in damped.values()} == {"converges"}
    assert all(found.radius is not None and found.radius < 0.97 for found in damped.values())
    few: dict[str, Loss] = {"minimax": Minimax(), "nonsaturating": NonSaturating(), "wasserstein": Wasserstein()}
    penalties = {"none": no_penalty, "gp": unit_slope(1.0, False), "r1, 30": squared_slope(30.0)}
    rest = table(few, penalties, {"k = 1": steps(0.2)}, TRIAL)
    assert {key[0]: found.verdict for key, found in rest.items() if key[1] == "none"} == {
        "minimax": "circles",
        "nonsaturating": "approaches",
        "wasserstein": "circles",
    }
    assert {found.verdict for key, found in rest.items() if key[1] != "none"} == {"diverges"}
    assert all((found.radius is None) == (key[1] == "gp") for key, found in rest.items())
    figure = figure_of_convergence.draw({**rest, **{key: found for key, found in damped.items() if key[0] in few}})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(few)


def test_a_trial_is_judged_by_its_margin() -> None:
    """By what |theta| is multiplied by, either way; from `near` on where the update jumps, or else from `far` on."""
    creeping = examine(dirac(NonSaturating(), no_penalty), steps(0.2), TRIAL)
    thrown = examine(dirac(Wasserstein(), unit_slope(1.0, one_sided=False)), steps(0.2), TRIAL)
    assert creeping.ratio is not None
    assert thrown.ratio is not None
    game = dirac(Wasserstein(), unit_slope(1.0, one_sided=False))
    states = trajectory(game, steps(0.2), at(0.05), at(0.05), 10)
    short = examine(game, steps(0.2), replace(TRIAL, updates=10))
    assert short.ratio == pytest.approx(abs(states[-1, 0].item()) / 0.05)
    assert creeping.ratio < 0.9 < 1.2 < thrown.ratio
    for loss, penalty, margin, verdict in (
        (NonSaturating(), no_penalty, 0.95 / creeping.ratio, "approaches"),
        (NonSaturating(), no_penalty, 1.05 / creeping.ratio, "circles"),
        (Wasserstein(), unit_slope(1.0, one_sided=False), 0.95 * thrown.ratio, "diverges"),
        (Wasserstein(), unit_slope(1.0, one_sided=False), 1.05 * thrown.ratio, "circles"),
    ):
        assert examine(dirac(loss, penalty), steps(0.2), replace(TRIAL, margin=margin)).verdict == verdict


def test_least_squares_whose_generator_does_not_push() -> None:
    """least_squares_pearson: psi^2 pulls theta to 0 and no force pulls psi, so that R1 makes G slow: 1 / sqrt(t)."""
    game = dirac(build("loss", "least_squares_pearson"), squared_slope(1.0))
    found = examine(game, steps(0.2), TRIAL)
    assert found.verdict == "approaches"
    assert found.radius == pytest.approx(1, abs=1e-12)
    states = trajectory(game, steps(0.2), at(0.4), at(0.4), 600)
    assert 1 / states[-1, 0].item() ** 2 - 1 / states[300, 0].item() ** 2 == pytest.approx(2 * 0.2 * 300, rel=0.02)


# ---- the training loop


class Zeros(Toy):
    """Data that are all 0 on the line."""

    shape = (1,)

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return torch.zeros(len(positions), 1, device=device)


class Place(nn.Module):
    """G: every fake is theta, whatever its code."""

    def __init__(self, theta: float) -> None:
        super().__init__()
        self.theta = nn.Parameter(torch.tensor([theta]))

    def forward(self, codes: Tensor) -> Tensor:
        return self.theta.expand(len(codes), 1)


class Line(nn.Module):
    """D: psi x + the undecided logit."""

    def __init__(self, psi: float, undecided: float) -> None:
        super().__init__()
        self.psi, self.undecided = nn.Parameter(torch.tensor([psi])), undecided

    def forward(self, x: Tensor) -> Tensor:
        return self.psi * x + self.undecided


class Path(Callback):
    """(theta, psi) at the end of each stretch of updates."""

    def __init__(self) -> None:
        self.states: list[list[float]] = []

    def on_train_batch_end(self, trainer: object, model: object, *rest: object) -> None:
        self.states.append([model.generator.theta.item(), model.discriminator.psi.item()])  # type: ignore[attr-defined]  # of this object it is


PENALTIES: dict[str, tuple[dict[str, object], Callable[[Tensor], Tensor]]] = {
    "none": ({}, no_penalty),
    "r1": ({"gamma": 0.7}, squared_slope(0.7)),
    "r2": ({"gamma": 0.7}, squared_slope(0.7)),
    "r1_r2": ({"gamma": 0.7}, squared_slope(1.4)),
    "zero_centered": ({"weight": 0.3}, squared_slope(0.6)),
    "gradient_penalty": ({"weight": 0.5}, unit_slope(0.5, one_sided=False)),
    "gradient_penalty_one_sided": ({"weight": 0.5}, unit_slope(0.5, one_sided=True)),
    "dragan": ({"weight": 0.5}, unit_slope(0.5, one_sided=False)),
}
"""Options of conf/penalty with their strengths here, and what they are in the Dirac-GAN."""

GAMES = [(name, "none", 1) for name in LOSSES] + [
    ("nonsaturating", "r1", 1),
    ("minimax", "r1", 5),
    ("rpgan", "r1_r2", 2),
    ("hinge", "r2", 3),
    ("least_squares", "zero_centered", 2),
    ("wasserstein", "gradient_penalty", 5),
    ("wasserstein", "gradient_penalty_one_sided", 2),
    ("f_kl", "dragan", 4),
]


@pytest.mark.parametrize(("name", "penalty", "d_steps"), GAMES)
def test_training_is_the_map(name: str, penalty: str, d_steps: int) -> None:
    """25 updates of the real loop with SGD, float32, are those of the map, to 1e-5."""
    loss, (settings, of_slope) = build("loss", name), PENALTIES[penalty]
    rates, theta, psi, updates = (0.15, 0.1), 0.5, 0.75, 25
    sgd = {
        f"make_{player}_optimizer": functools.partial(torch.optim.SGD, lr=rate)
        for player, rate in zip(("discriminator", "generator"), rates, strict=True)
    }
    model = game(
        lambda: (Place(0.0), Line(0.0, loss.threshold or 0.0)),
        loss=loss,
        penalty=None if penalty == "none" else build("penalty", penalty, **settings),
        d_steps=d_steps,
        average_half_life=None,
        **sgd,
    )
    with torch.no_grad():
        model.generator.theta.fill_(theta)  # type: ignore[operator]  # a number here
        model.discriminator.psi.fill_(psi)  # type: ignore[operator]  # a number here
    path = Path()
    play(model, updates, path, data=Zeros(), every=5)
    update = Steps(discriminator_rate=rates[0], generator_rate=rates[1], d_steps=d_steps, alternating=True)
    expected = trajectory(dirac(loss, of_slope), update, at(theta), at(psi), updates)
    found = torch.tensor(path.states, dtype=torch.float64)
    torch.testing.assert_close(found, expected[5::5], rtol=0, atol=1e-5)
    assert (expected[-1] - expected[0]).abs().max() > 0.05


# ---- figures


def test_figures() -> None:
    ends = torch.linspace(-1, 1, 7, dtype=torch.float64)
    states = torch.cartesian_prod(ends, ends)
    ways = {"simultaneous": (0.0, False), "alternating": (0.0, True), "alternating, R1": (1.0, True)}
    fields, paths = {}, {}
    for name, (gamma, alternating) in ways.items():
        of_ways = dirac(Minimax(), squared_slope(gamma))
        fields[name] = torch.stack([torch.cat(field(of_ways, *state.split(1))) for state in states])
        paths[name] = trajectory(of_ways, steps(0.3, 1, alternating), at(0.4), at(0.4), 60)
    assert [panel.get_title() for panel in figure_of_field.draw(states, fields, paths).axes] == list(ways)
    values = {
        name: torch.stack(
            [
                torch.linalg.eigvals(
                    jacobian(dirac(Minimax(), squared_slope(gamma)), steps(rate, 1, alternating), ZERO, ZERO)
                )
                for rate in (0.2, 0.6, 1.0, 1.4)
            ]
        )
        for name, (gamma, alternating) in ways.items()
    }
    assert len(figure_of_eigenvalues.draw(values).axes) == 1
