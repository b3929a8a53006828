"""The Gaussian mixture as a generator: EM and gradient climb one likelihood, whose value and distance are exact."""

import copy
import functools
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.mixture import GaussianMixture as Reference
from torch import Tensor

from saddle.callbacks.log_likelihood import LogLikelihood
from saddle.data.densities.mixture_1d import Mixture1D
from saddle.data.densities.ring import Ring
from saddle.models.mixture import Mixture
from saddle.noise import noise
from saddle.theory import between
from saddle.theory.full_mixture import FullMixture
from saddle.theory.gaussian_mixture import GaussianMixture
from toy import SHAPE, Toy, play

LINE: Any = functools.partial(
    Mixture1D, shape=(1,), means=[-0.6, 0.0, 0.5], deviations=[0.05, 0.1, 0.05], weights=[0.3, 0.5, 0.2]
)


def mixture(fit: str = "em", **changed: Any) -> Mixture:
    settings: dict[str, Any] = {
        "shape": [1],
        "samples": None,
        "dimensions": None,
        "images": 2_000,
        "components": 3,
        "rate": 0.05,
        "floor": 1e-6,
        "seed": 0,
    }
    return Mixture(fit=fit, **{**settings, **changed})  # type: ignore[arg-type]  # right at run time, wider on paper


def images(**changed: Any) -> Mixture:
    return mixture(**{"shape": SHAPE, "samples": 37, "dimensions": 5, "components": 2, **changed})


def points(model: Mixture, data: Any) -> Tensor:
    return data.sample(0, range(model.images), torch.device("cpu")).flatten(1).double()


def test_the_density_is_that_of_other_libraries() -> None:
    roots = torch.linalg.cholesky(torch.tensor([[[2.0, 0.5], [0.5, 1]], [[0.1, 0], [0, 3]]], dtype=torch.float64))
    means, weights = torch.tensor([[0.0, 1], [-2, 0.5]]), torch.tensor([0.3, 0.7])
    ours = FullMixture(means=means, roots=roots, weights=weights)
    x = noise(0, "x", 0, range(50), (2,)).double()
    theirs = Reference(2)
    theirs.weights_, theirs.means_ = weights.double().numpy() / 1.0, means.double().numpy()
    theirs.covariances_ = (roots @ roots.mT).numpy()
    theirs.precisions_cholesky_ = torch.linalg.inv(roots).mT.numpy()
    assert np.allclose(ours.log_prob(x).numpy(), theirs.score_samples(x.numpy()), atol=1e-6)
    drawn = ours.sample(range(100_000), 0)
    mean = (ours.weights[:, None] * ours.means).sum(0)
    second = (ours.weights[:, None, None] * (roots @ roots.mT + ours.means[:, :, None] * ours.means[:, None])).sum(0)
    assert torch.allclose(drawn.mean(0), mean, atol=0.02)
    assert torch.allclose(drawn.T.cov(), second - mean.outer(mean), atol=0.05)


def test_a_round_full_mixture_is_a_round_mixture() -> None:
    """Of one distribution: KL between the two classes is 0, by the same quadrature that measures a model."""
    means, deviations = torch.tensor([[-1.0], [0.5]]), torch.tensor([0.3, 0.1])
    weights = torch.tensor([0.4, 0.6], dtype=torch.float64)
    full = FullMixture(means=means, roots=deviations.double()[:, None, None], weights=weights)
    plain = GaussianMixture(means=means, deviations=deviations, weights=weights)
    assert abs(between.kl(plain, full).value) < 1e-12
    x = torch.linspace(-3, 3, 31, dtype=torch.float64)[:, None]
    assert torch.allclose(full.cdf(x), plain.cdf(x))


def test_em_never_lowers_the_likelihood_and_the_gradient_comes_to_the_same() -> None:
    climbed = []
    model = play(mixture(), 1, data=LINE())
    for update in range(2, 40):
        climbed.append(float(model.log_prob(LINE().sample(0, range(2_000), torch.device("cpu"))).mean()))
        play(model, update, data=LINE())
    assert all(after > before - 1e-9 for before, after in pairwise(climbed))
    other = play(mixture("gradient", rate=0.1), 150, data=LINE())
    reached = float(other.log_prob(LINE().sample(0, range(2_000), torch.device("cpu"))).mean())
    assert reached == pytest.approx(climbed[-1], abs=0.01)


@pytest.mark.parametrize("components", [1, 3])
def test_em_keeps_the_mean_and_the_covariance_of_its_images(components: int) -> None:
    """Hence no linear filter tells its samples from them by their energy, however many components there are."""
    data = Toy()
    model = play(images(components=components), 3, data=data)
    found, y = model.distribution(), model.density.inside(points(model, data))
    squares = found.roots @ found.roots.mT + found.means[:, :, None] * found.means[:, None]
    second = (found.weights[:, None, None] * squares).sum(0)
    assert torch.allclose(found.weights @ found.means, y.mean(0), atol=1e-9)
    assert torch.allclose(second, y.T @ y / len(y) + 1e-6 * torch.eye(5), atol=1e-9)


def test_one_step_of_em_is_the_textbooks() -> None:
    """Responsibilities, then weights, means and covariances by them (Bishop 2006, section 9.2.2)."""
    data = LINE()
    model = play(mixture(), 1, data=data)
    start = mixture()
    start.data = data
    start.configure_optimizers()
    before, x = start.distribution(), points(start, data)
    joint = torch.stack(
        [
            torch.distributions.Normal(m, root[0]).log_prob(x[:, 0]) + w.log()
            for m, root, w in zip(before.means[:, 0], before.roots[:, 0], before.weights, strict=True)
        ],
        dim=1,
    )
    shares = joint.softmax(1)  # [count, components]
    weights = shares.mean(0)
    means = (shares * x).sum(0) / shares.sum(0)
    variances = (shares * (x - means).square()).sum(0) / shares.sum(0) + 1e-6
    found = model.distribution()
    assert torch.allclose(found.weights, weights, atol=1e-9)
    assert torch.allclose(found.means[:, 0], means, atol=1e-9)
    assert torch.allclose(found.roots[:, 0, 0].square(), variances, atol=1e-9)


@pytest.mark.parametrize("fit", ["em", "gradient"])
def test_a_distribution_that_was_given_out_does_not_change_with_the_model(fit: str) -> None:
    data = LINE()
    model = play(mixture(fit, rate=0.1), 1, data=data)
    kept, x = model.distribution(), torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    before = kept.log_prob(x)
    play(model, 3, data=data)
    assert torch.equal(kept.log_prob(x), before)
    assert not torch.equal(model.distribution().log_prob(x), before)


def test_too_many_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"model\.components=38: there are only 37 images .*set it to 37"):
        images(components=38)
    with pytest.raises(ValueError, match=r"model\.dimensions=65: x has 64 numbers"):
        images(dimensions=65)
    with pytest.raises(ValueError, match=r"model\.dimensions=30: 20 images have no more than 20 principal components"):
        images(dimensions=30, images=20)
    assert images(dimensions=30, samples=0, images=20).images == 0  # it only draws


def test_its_distance_from_known_data_is_exact_and_falls() -> None:
    """KL(P_data || P_G) = E log p_data - E log p_G: quadrature against the mean over samples."""
    data = LINE()
    model = mixture()
    model.data = data
    model.configure_optimizers()
    first = LogLikelihood(every=1, count=20_000).measure(model)
    play(model, 60, data=data)
    last: dict[str, Any] = LogLikelihood(every=1, count=20_000).measure(model)
    x = data.unseen(0, range(20_000), torch.device("cpu"))
    estimate = data.distribution.log_prob(x.double()) - model.log_prob(x)
    assert last["kl"] == pytest.approx(float(estimate.mean()), abs=5 * float(estimate.std()) / 20_000**0.5)
    assert last["kl"] < 0.01 < first["kl"]  # type: ignore[operator]  # a number here
    assert last["log_likelihood"] == pytest.approx(float(model.log_prob(x).mean()))
    assert last["log_likelihood_error"] == pytest.approx(float(model.log_prob(x).std()) / 20_000**0.5)


@pytest.mark.parametrize("fit", ["em", "gradient"])
def test_images_are_drawn_in_their_subspace(fit: str) -> None:
    """A sample depends on its index alone, lies in the subspace, and needs nothing but what is stored."""
    model = play(images(fit=fit), 5)
    whole = model.sample(range(70), 3)
    assert whole.shape == (70, *SHAPE)
    assert torch.equal(model.sample([69, 3], 3), whole[[69, 3]])
    flat = whole.flatten(1)
    assert torch.allclose(model.density.outside(model.density.inside(flat)).float(), flat, atol=1e-5)
    assert 0 < model.density.kept < 1
    fresh = images(fit=fit, samples=0)
    fresh.sampling_module().load_state_dict(model.sampling_module().state_dict())
    assert torch.equal(fresh.sample(range(9), 1), model.sample(range(9), 1))
    with pytest.raises(ValueError, match="has no classes"):
        model.sample(range(2), 0, torch.zeros(2, dtype=torch.int64))


def test_the_subspace_is_that_of_the_principal_components() -> None:
    """Its centre is the mean; the share that it keeps is 1 minus what is lost on the way there and back."""
    model = play(images(), 1)
    x = points(model, Toy())
    off = x - x.mean(0)
    assert torch.allclose(model.density.centre, x.mean(0), atol=1e-6)
    lost = (model.density.outside(model.density.inside(x)) - x).square().sum()
    most = torch.linalg.eigvalsh(off.T @ off)[-5:].sum() / off.square().sum()  # found by random projections: nearly
    assert float(model.density.kept) == pytest.approx(1 - float(lost / off.square().sum()), abs=0.01)
    assert float(model.density.kept) == pytest.approx(float(most), rel=0.05)


def test_in_a_line_of_the_plane_there_is_a_likelihood_and_no_kl() -> None:
    model = mixture(shape=[2], dimensions=1)
    model.data = Ring(shape=(2,), modes=8, radius=0.8, deviation=0.04)
    model.configure_optimizers()
    readings = LogLikelihood(every=1, count=200).measure(model)
    assert "log_likelihood_train" in readings
    assert "kl" not in readings


def test_it_goes_on_bit_for_bit() -> None:
    whole, other = play(images(), 8), images()
    other.load_state_dict(copy.deepcopy(play(images(), 4).state_dict()))
    other.updates = 4
    play(other, 8)
    assert all(torch.equal(whole.state_dict()[name], tensor) for name, tensor in other.state_dict().items())


def test_what_it_knows_by_heart_is_no_likelihood() -> None:
    """With as many free numbers as images the likelihood of the training set says nothing of held-out ones."""

    class Half(Toy):
        def unseen(self, seed: int, positions: range, device: torch.device) -> Tensor:
            return noise(7, "others", 0, positions, SHAPE).clamp(-1, 1)

    model = play(images(dimensions=35, components=1), 3, data=Half())
    readings: dict[str, Any] = LogLikelihood(every=1, count=37).measure(model)
    assert readings["log_likelihood_train"] > readings["log_likelihood"] + 1
