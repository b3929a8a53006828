"""How far D is from D*, and what its bound leaves of the JSD."""

import pytest
import torch

from optimal import GENERATED, JSD, TARGET, optimal, optimum_distance, read
from options import build
from saddle.callbacks.optimum import CODES, POINTS
from saddle.data.densities.mixture_1d import Mixture1D
from saddle.losses.base import Loss
from saddle.losses.minimax import Minimax
from saddle.losses.rpgan import RelativisticPairing
from saddle.losses.wasserstein import Wasserstein
from saddle.theory.arrangements import ring
from saddle.theory.between import nodes
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.smoothed import convolved


@pytest.mark.parametrize(
    ("slope", "deviation", "within"), [(0.0, 0.05, 0.01), (1.0, 0.05, 0.005), (0.3, 0.3, 0.005), (1.0, 0.3, 0.005)]
)
def test_the_distance_to_the_optimum_is_that_of_an_integral(slope: float, deviation: float, within: float) -> None:
    """Over (P_data + P_G) / 2, between sigma(D) and the optimum of both densities with noise."""
    model = optimal(slope=slope)
    model.batch_size = 64
    truth = Mixture1D(shape=(1,), **TARGET).distribution
    points, of_p, of_q = nodes(truth, GENERATED)
    wide, made = truth.smoothed(deviation), GENERATED.smoothed(deviation)
    best = torch.sigmoid(wide.log_prob(points) - made.log_prob(points))
    with torch.no_grad():
        said = torch.sigmoid(model.discriminator(points).squeeze(1))
    right = float(((of_p + of_q) / 2 * (said - best).square()).sum().sqrt())
    assert optimum_distance(model, deviation)["distance_to_optimum"] == pytest.approx(right, abs=within)


@pytest.mark.parametrize("batch_size", [POINTS, 2 * POINTS])
def test_a_constant_is_no_distance_to_the_optimum_of_a_loss_without_threshold(batch_size: int) -> None:
    """Whatever the batch: c is found on one batch at least."""
    found = []
    for constant in (0.0, 7.0):
        model = optimal(RelativisticPairing(), constant=constant)
        model.batch_size, model.updates = batch_size, 200
        found.append(optimum_distance(model, 0.01)["distance_to_optimum"])
    assert found[0] < 0.06  # c is that of a thousand samples
    assert found[1] == pytest.approx(found[0], abs=1e-9)


def test_a_loss_without_optimum_has_no_distance_to_it() -> None:
    assert set(optimum_distance(optimal(Wasserstein()))) == {"bound_slack"}


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("loss", [Minimax(), Wasserstein()], ids=["with a threshold", "without"])
def test_the_bound_and_its_slack_make_the_jsd(loss: Loss, slope: float) -> None:
    """Of a G that is no average, and of any D and loss: JSD = jsd_bound + bound_slack; and the slack is a KL."""
    model = optimal(loss, slope=slope)
    model.batch_size, model.updates = 64, 200
    slack = optimum_distance(model, 0.03)["bound_slack"]
    assert slack >= 0
    assert read(model)["jsd_bound"] + slack == pytest.approx(JSD, abs=0.03)
    assert slack < 0.01 if slope == 1 else slack > 0.02


def test_what_the_best_d_scores_against_smoothed_densities() -> None:
    """The remainder that `OptimumDistance` speaks of, on the ring: exact log p / q against that of half the noise."""
    p, width = ring(count=8, radius=0.8, deviation=0.04), 0.02
    even = torch.full([8], 1 / 8, dtype=torch.float64)
    for deviation, least, most in ((0.02, 0.1, 0.15), (0.04, 0.0, 0.06), (0.06, 0.03, 0.07)):
        q = GaussianMixture(means=p.means + 0.01, deviations=deviation * 8 * even, weights=even)
        made = convolved(q.sample(range(CODES), 1), width)
        x = torch.cat([p.sample(range(500), 2), q.sample(range(500), 3)])
        best, wide = p.log_prob(x) - q.log_prob(x), p.smoothed(width).log_prob(x) - made.log_prob(x)
        assert least < float((best.sigmoid() - wide.sigmoid()).square().mean().sqrt()) < most


def test_the_optimum_of_least_squares_is_a_share() -> None:
    """With labels 0 and 1 D* is P_data / (P_data + P_G) itself, not its log-odds."""
    loss = build("loss", "least_squares")
    model = optimal(loss)
    forward = model.discriminator.forward
    model.discriminator.forward = lambda x: torch.sigmoid(forward(x))
    assert optimum_distance(model, 0.01)["distance_to_optimum"] < 0.02
    model.discriminator.forward = forward
    assert optimum_distance(model, 0.01)["distance_to_optimum"] > 0.2
