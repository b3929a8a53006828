"""The generator alone: fixed codes, learned codes, autoencoder, VAE; each against its mathematics."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from omegaconf import open_dict
from torch import Tensor, nn
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from options import composed, options
from regressions import BATCH, CODE, MODELS
from saddle.callbacks.reconstruction import Reconstruction, correlation
from saddle.config import ConfigError, check, prune_unused
from saddle.config.unused import ignored
from saddle.models.code_gaussian import CodeGaussian
from saddle.models.likelihood import Bernoulli, Gaussian
from saddle.models.vae import kl, lecture
from saddle.noise import noise
from saddle.runs.identity import identity
from toy import SHAPE, LabelledToy, Toy, play

all_models = pytest.mark.parametrize("make", MODELS.values(), ids=MODELS.keys())


# ---- what holds for all


@all_models
def test_training_lowers_the_objective(make: Callable[..., Any]) -> None:
    model = play(make(), 2)
    first = model.pop_means()["loss_generator"]
    play(model, 400)
    assert model.pop_means()["loss_generator"] < first
    readings = Reconstruction(every=1, count=30, draws=2).measure(model)
    blank = Toy().sample(0, range(30), torch.device("cpu")).square().mean().sqrt()
    assert readings["reconstruction_train"] < 0.99 * blank  # type: ignore[operator]  # a number here


@all_models
def test_a_sample_depends_on_its_index_alone(make: Callable[..., Any]) -> None:
    model = play(make(), 3)
    whole = model.sample(range(70), seed=5)
    assert whole.shape == (70, *SHAPE)
    assert torch.allclose(model.sample([69, 3], seed=5), whole[[69, 3]], atol=1e-6)
    assert not torch.equal(model.sample([3], seed=6), whole[[3]])
    assert torch.equal(model.sample(range(70), seed=5), whole)


@pytest.mark.parametrize("name", ["autoencoder", "learned codes"])
def test_it_is_sampled_with_codes_like_those_of_images(name: str) -> None:
    """After one update: the Gaussian with the moments of the batch's codes, learned ones as they have become."""
    model = MODELS[name]()
    x, rows = Toy().sample(0, range(BATCH), torch.device("cpu")), Toy().rows(0, range(BATCH))
    codes = model.encode(x) if name == "autoencoder" else None
    play(model, 1)
    codes = model.table[rows] if codes is None else codes
    drawn = model.prior(range(20_000), 0)
    spread = codes.T.cov(correction=0)
    assert torch.allclose(drawn.mean(0), codes.mean(0), atol=0.03)
    assert torch.allclose(drawn.T.cov(), spread, atol=0.03 * float(spread.diagonal().max()) + 1e-4)


@all_models
def test_what_a_model_gives_out_stays_as_it_is_while_it_trains_on(make: Callable[..., Any]) -> None:
    """Samples, codes and running means are copies, and a change of them does not change the model."""
    model = play(make(), 2)
    model.log_mean(probe=torch.ones(()))
    given = [model.sample(range(9), 1), model.prior(range(9), 1), model.decode(model.prior(range(9), 1))]
    given += [total for total, _ in model.pending_means().values()]
    kept = [tensor.clone() for tensor in given]
    play(model, 4)
    assert all(torch.equal(tensor, copy) for tensor, copy in zip(given, kept, strict=True))
    once = model.sample(range(9), 1)
    model.sample(range(9), 1).zero_()
    assert torch.equal(model.sample(range(9), 1), once)


@all_models
def test_labels_reach_the_generator(make: Callable[..., Any]) -> None:
    classes = LabelledToy().classes
    model = play(make(classes=classes), 30, data=LabelledToy())
    codes = model.prior(range(5), 0)
    cats, dogs = (model.decode(codes, torch.full([5], label)) for label in (0, 1))
    assert not torch.allclose(cats, dogs, atol=1e-3)
    with pytest.raises(ValueError, match="labels"):
        make().decode(codes, torch.zeros(5, dtype=torch.int64))


@all_models
def test_what_is_kept_is_what_it_draws_with(make: Callable[..., Any]) -> None:
    """A fresh model that gets the weights of `drawn()` draws the same samples."""
    model, fresh = play(make(), 30), make()
    fresh.sampling_module().load_state_dict(model.sampling_module().state_dict())
    assert torch.equal(fresh.sample(range(9), 1), model.sample(range(9), 1))


# ---- codes


def test_random_codes_belong_to_images_not_to_batches() -> None:
    """Image i has one code, that of the prior, whenever it is visited; and the game's first step is its regression."""
    model = MODELS["random codes"]()
    model.data = data = Toy()
    for positions in (range(4), range(37, 41), range(74, 76)):
        rows = data.rows(0, positions)
        expected = noise(0, "fixed codes", 0, rows.tolist(), (CODE,))
        assert torch.equal(model.codes_of(0, positions), expected)
        assert torch.equal(data.sample(0, positions, torch.device("cpu")), data.train[rows.numpy()] / 127.5 - 1)


def test_an_endless_set_has_no_fixed_codes() -> None:
    with pytest.raises(ValueError, match="finite number of training images"):
        MODELS["random codes"](samples=None)
    with pytest.raises(ConfigError, match=r"model=fixed_code.*data=ring.*data=faces"):
        check(prune_unused(composed("model=fixed_code", "data=ring", "network=mlp")))


def test_learned_codes_descend_their_own_error_inside_the_ball() -> None:
    """Two updates in plain code; a code that is not in the batch stays."""
    model, plain = MODELS["learned codes"](), MODELS["learned codes"]()
    before = model.table.clone()
    assert torch.allclose(before.norm(dim=1), torch.ones(37))
    play(model, 1)
    x, rows = Toy().sample(0, range(BATCH), torch.device("cpu")), Toy().rows(0, range(BATCH))
    for row, image in zip(rows.tolist(), x, strict=True):
        code = before[row].clone().requires_grad_()
        error = (plain.g.network(code[None])[0] - image).square().mean()
        (slope,) = torch.autograd.grad(error, code)
        moved = code - 10 * slope
        moved = moved / max(1, float(moved.detach().norm()))
        assert torch.allclose(model.table[row], moved, atol=1e-6)
    others = [row for row in range(37) if row not in rows]
    assert torch.equal(model.table[others], before[others])
    play(model, 60)
    assert model.table.norm(dim=1).max() <= 1 + 1e-6


def test_codes_are_fitted_by_their_moments() -> None:
    """After one batch exactly its own; of a steady stream those of the stream; samples have the fitted moments."""
    fitted = CodeGaussian(size=3, half_life=6_400, ramp=0.5, images=64)
    mix, shift = torch.tensor([[1.0, 0, 0], [0.5, 2, 0], [0, 1, 0.1]]), torch.tensor([1.0, -2, 3])
    batches = [noise(0, "codes", i, range(64), (3,)) @ mix + shift for i in range(600)]
    fitted.update(0, batches[0])
    assert torch.allclose(fitted.covariance(), batches[0].T.double().cov(correction=0), atol=1e-5)
    for i, batch in enumerate(batches[1:], 1):
        fitted.update(i, batch)
    covariance = (mix.T @ mix).double()
    assert torch.allclose(fitted.mean, shift, atol=0.1)
    assert torch.allclose(fitted.covariance(), covariance, atol=0.3)
    drawn = fitted.codes(noise(0, "sample", 0, range(40_000), (3,))).double()
    assert torch.allclose(drawn.T.cov(), fitted.covariance(), atol=0.1)
    assert torch.allclose(drawn.mean(0), fitted.mean.double(), atol=0.05)


def test_a_linear_autoencoder_finds_the_principal_components() -> None:
    """Its least error is the sum of the other eigenvalues (Bourlard and Kamp 1988; Baldi and Hornik 1989)."""
    data = Toy()
    x = data.sample(0, range(37), torch.device("cpu")).flatten(1).double()
    x = x - x.mean(0)
    values = torch.linalg.eigvalsh(x.T @ x / 37)
    encoder, generator = nn.Linear(64, CODE, bias=False).double(), nn.Linear(CODE, 64, bias=False).double()
    optimizer = torch.optim.LBFGS([*encoder.parameters(), *generator.parameters()], max_iter=500)

    def error() -> Any:
        optimizer.zero_grad()
        loss = (generator(encoder(x)) - x).square().sum(1).mean()
        loss.backward()
        return loss

    optimizer.step(error)
    assert float(error().detach()) == pytest.approx(float(values[:-CODE].sum()), rel=1e-3)


def test_correlation_of_distances() -> None:
    """Codes that are the images correlate perfectly, random ones not at all, also of 37 images looked at 4 times."""
    model = MODELS["random codes"]()
    model.data, model.updates = Toy(), 1
    once, often = (Reconstruction(every=1, count=count, draws=1).measure(model) for count in (37, 4 * 37))
    assert abs(float(once["code_correlation"])) < 0.15  # type: ignore[arg-type]  # right at run time, wider on paper
    assert once["code_correlation"] == pytest.approx(often["code_correlation"])
    x = torch.rand(20)
    assert correlation(x, 3 * x + 1) == pytest.approx(1)
    assert correlation(x, -x) == pytest.approx(-1)


# ---- the VAE


def test_kl_is_that_of_the_codes_that_are_drawn() -> None:
    s, m = noise(0, "s", 0, range(50), (CODE,)).double(), noise(0, "m", 0, range(50), (CODE,)).double()
    exact = kl_divergence(Normal(m, s.exp()), Normal(torch.zeros_like(m), torch.ones_like(m))).sum(1)
    assert torch.allclose(kl(s, m), exact, atol=1e-12)


def test_the_lectures_box_belongs_to_another_noise() -> None:
    """It is 2 KL for a variance exp(s), hence with standard deviation exp(s/2); both are 0 at s = m = 0 alone."""
    s, m = noise(0, "s", 0, range(50), (CODE,)).double(), noise(0, "m", 0, range(50), (CODE,)).double()
    assert torch.allclose(lecture(s, m), 2 * kl(s / 2, m), atol=1e-12)
    zero = torch.zeros(1, CODE, dtype=torch.float64)
    assert lecture(zero, zero) == kl(zero, zero) == 0
    assert (lecture(s, m) > 0).all()
    small = 1e-3
    assert float(kl(zero + small, zero)) == pytest.approx(CODE * small**2, rel=2e-3)
    assert float(lecture(zero + small, zero)) == pytest.approx(CODE * small**2 / 2, rel=2e-3)


class _Affine(nn.Module):
    """Codes to x: W c + b."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, codes: Tensor) -> Tensor:
        return codes @ self.weight.T + self.bias


class _Posterior(nn.Module):
    """x to (m, s) of the posterior of the linear-Gaussian model, its covariance replaced by its diagonal."""

    def __init__(self, weight: Tensor, bias: Tensor, deviation: float, wrong: float) -> None:
        super().__init__()
        precision = torch.eye(CODE, dtype=weight.dtype) + weight.T @ weight / deviation**2
        self.map = torch.linalg.solve(precision, weight.T / deviation**2)  # [code, x]
        self.s = 0.5 * torch.linalg.inv(precision).diagonal().log() + wrong
        self.bias = bias

    def forward(self, x: Tensor) -> Tensor:
        m = (x - self.bias) @ self.map.T
        return torch.cat([m, self.s.expand_as(m)], 1)


@pytest.mark.parametrize(("orthogonal", "wrong"), [(True, 0.0), (False, 0.0), (True, 0.4), (False, -0.3)])
def test_bounds_on_a_linear_gaussian_model(orthogonal: bool, wrong: float) -> None:
    """x = W c + b + noise: ELBO <= E IW <= log p(x), which is known; equal where q is the posterior."""
    weight, deviation = noise(0, "W", 0, range(7), (CODE,)).double(), 0.5
    if orthogonal:
        weight = torch.linalg.qr(weight)[0] * torch.tensor([2.0, 1.5, 1, 0.5])
    bias = noise(0, "b", 0, range(7), ()).double()
    model = MODELS["vae"](likelihood=Gaussian(deviation=deviation))
    model.averaged = None
    model.networks = nn.ModuleDict(
        {"encoder": _Posterior(weight, bias, deviation, wrong), "generator": _Affine(weight, bias)}
    )
    x = _Affine(weight, bias)(noise(0, "c", 0, range(200), (CODE,)).double()).detach()
    x = x + deviation * noise(0, "n", 0, range(200), (7,)).double()
    true = MultivariateNormal(bias, weight @ weight.T + deviation**2 * torch.eye(7)).log_prob(x).mean()
    elbo, few = (part.mean() for part in model.bounds(x, None, draws=20, seed=0))
    _, many = (part.mean() for part in model.bounds(x, None, draws=500, seed=1))
    if orthogonal and not wrong:
        assert float(elbo) == pytest.approx(float(true), abs=0.1)  # its expectation is exact, its draws are not
        assert float(few) == pytest.approx(float(true), abs=1e-9)
    else:
        assert elbo + 0.02 < few < many < true + 0.01
        assert float(many) == pytest.approx(float(true), abs=0.05)


@pytest.mark.parametrize("name", ["vae", "lecture's vae"])
def test_an_update_in_plain_code(name: str) -> None:
    """What is minimised, its gradients, and the ELBO of the codes that were drawn, in an update that is not the first.

    Also with the lecture's box the ELBO takes the true KL.
    """
    model = MODELS[name](beta=0.7)
    model.data = Toy()
    x, update = model.reals(3, BATCH), 3
    losses = model.objective(update, x, None)
    encoder, generator = model.e.network, model.g.network
    gradients = torch.autograd.grad(losses.mean(), [*encoder.parameters(), *generator.parameters()])
    m, s = encoder(x).split(CODE, dim=1)
    drawn = generator(m + s.exp() * noise(0, "posterior", update, range(BATCH), (CODE,)))
    log_prob = model.likelihood.log_prob(x, drawn)
    divergence = kl_divergence(Normal(m, s.exp()), Normal(0, 1)).sum(1)
    box = divergence if name == "vae" else (s.exp() - (1 + s) + m.square()).sum(1)
    assert torch.allclose(losses, 0.7 * box - log_prob, rtol=1e-5)
    expected = torch.autograd.grad((0.7 * box - log_prob).mean(), [*encoder.parameters(), *generator.parameters()])
    for one, other in zip(gradients, expected, strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-4)
    noted = model.pop_means()
    assert noted["elbo_train"] == pytest.approx((log_prob - divergence).mean().item(), rel=1e-5)
    assert noted["kl_posterior"] == pytest.approx(divergence.mean().item(), rel=1e-4)
    assert torch.allclose(model.encode(x), m)


def test_readings_are_what_their_names_say() -> None:
    model = MODELS["vae"]()
    model.data = Toy()
    readings: dict[str, Any] = Reconstruction(every=1, count=20, draws=3).measure(model)
    x, unseen = Toy().sample(0, range(20), torch.device("cpu")), Toy().unseen(0, range(20), torch.device("cpu"))
    elbo, iw_bound = model.bounds(unseen, None, 3, 0)
    assert readings["elbo"] == pytest.approx(float(elbo.mean()))
    assert readings["elbo_error"] == pytest.approx(float(elbo.std()) / math.sqrt(20))
    assert readings["iw_bound"] == pytest.approx(float(iw_bound.mean()))
    for name, images in (("reconstruction_train", x), ("reconstruction", unseen)):
        off = model.decode(model.encode(images)) - images
        assert readings[name] == pytest.approx(float(off.square().mean().sqrt()))


def test_a_gaussian_is_a_density_and_a_bernoulli_of_grey_is_none() -> None:
    x = torch.linspace(-6, 6, 4001, dtype=torch.float64)[:, None]
    step = float(x[1, 0] - x[0, 0])
    drawn = torch.full_like(x, 0.3)
    assert float(Gaussian(deviation=0.4).log_prob(x, drawn).exp().sum() * step) == pytest.approx(1, abs=1e-9)
    u = torch.linspace(-1, 1, 4001, dtype=torch.float64)[:, None]
    mass = Bernoulli(margin=1e-4).log_prob(u, torch.zeros_like(u)).exp().mean()  # over grey values in [0, 1]
    assert float(mass) == pytest.approx(0.5)
    assert not Bernoulli.bounds
    assert math.isfinite(float(Bernoulli(margin=1e-4).log_prob(u[:1], -u[:1])))


def test_the_constraint_weighs_as_much_as_asked() -> None:
    """Two models that differ in beta alone differ in their loss by the constraint."""
    losses = [play(MODELS["vae"](beta=beta), 1).pop_means() for beta in (0.0, 1.0, 3.0)]
    plain, once, thrice = (loss["loss_generator"] for loss in losses)
    assert once - plain == pytest.approx(losses[0]["kl_posterior"], rel=1e-4)
    assert thrice - plain == pytest.approx(3 * losses[0]["kl_posterior"], rel=1e-4)
    assert losses[1]["elbo_train"] == pytest.approx(-once, rel=1e-6)


# ---- the configuration

ALONE = [name for name in options("model") if not name.startswith(("gan", "discriminator"))]


@pytest.mark.parametrize("name", ALONE)
def test_what_a_model_does_without_is_null(name: str) -> None:
    cfg = prune_unused(composed(f"model={name}"))
    check(cfg)
    for key in ("loss", "penalty", "augment", "d_steps", "g_steps", "generator_batch_size"):
        assert cfg[key] is None
    kept = identity(cfg)
    assert not any(path.startswith(("loss.", "penalty.", "optimizer.discriminator.")) for path in kept)
    other = prune_unused(
        composed(f"model={name}", "loss=hinge", "penalty=r1", "d_steps=5", "optimizer.discriminator.lr=1")
    )
    assert identity(other) == kept


@pytest.mark.parametrize(
    ("name", "setting"),
    [("learned_code", "prior=uniform"), ("mixture", "compiled=true"), ("mixture", "network=mlp")],
)
def test_what_changes_nothing_is_no_part_of_a_run(name: str, setting: str) -> None:
    """Neither the prior of codes that are learned, nor networks and their compilation where there are none."""
    cfg = prune_unused(composed(f"model={name}", setting))
    check(cfg)
    assert identity(cfg) == identity(prune_unused(composed(f"model={name}")))
    assert len(list(ignored([setting], cfg))) == 1
    with pytest.raises(ValueError, match=r"model\.prior=null: random codes"):
        MODELS["random codes"](prior=None)


def test_an_encoder_is_asked_for_in_words() -> None:
    cfg = composed("model=vae")
    with open_dict(cfg):
        del cfg.network.encoder
    with pytest.raises(ConfigError, match=r"model=vae has an encoder, and network=dcgan has none.*network=dcgan, "):
        check(cfg)


def test_the_game_plays_with_everything() -> None:
    cfg = composed()
    assert identity(prune_unused(cfg.copy())) == identity(cfg)
    assert not list(ignored(["loss=hinge", "d_steps=2"], cfg))


def test_a_setting_that_changes_nothing_is_said() -> None:
    cfg = prune_unused(composed("model=vae"))
    of_d = "optimizer@optimizer.discriminator=sgd"
    assert list(ignored(["model=vae", "loss=hinge", of_d, "updates=5"], cfg)) == [
        "loss=hinge changes nothing with model=vae, which has no setting loss",
        f"{of_d} changes nothing with model=vae, which has no setting optimizer.discriminator",
    ]
