"""V on reals that D has not seen: a lower bound of the JSD, its error, and what D overfits; asking changes nothing."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from optimal import JSD, optimal, optimum_distance, read
from options import build
from saddle.augment.base import Augment
from saddle.callbacks.measure import Measure
from saddle.callbacks.value import Value, best_shift, mean_and_error
from saddle.data.digits import Digits
from saddle.data.pixels import to_uint8
from saddle.losses.least_squares import LeastSquares
from saddle.losses.minimax import Minimax
from saddle.losses.wasserstein import Wasserstein
from saddle.models.gan import GAN
from saddle.noise import visited
from saddle.theory.gaussian_mixture import GaussianMixture
from toy import LabelledToy, Toy, dcgan, game, mlp, play


def test_at_the_optimum_the_bound_is_the_jsd() -> None:
    found = read(optimal(), 2**15)
    assert found["jsd_bound"] == pytest.approx(JSD, abs=3 * found["value_error"] / 2)
    assert found["value_error"] < 0.01
    assert found["jsd_bound"] == pytest.approx((found["value"] + 2 * math.log(2)) / 2)


@pytest.mark.parametrize(("slope", "constant"), [(0.5, 0.0), (2.0, 0.0), (-1.0, 0.0), (1.0, 1.0)])
def test_any_other_d_proves_less(slope: float, constant: float) -> None:
    found = read(optimal(slope=slope, constant=constant), 2**14)
    assert found["jsd_bound"] < JSD - 5 * found["value_error"]


def test_the_standard_error_is_the_spread_over_seeds() -> None:
    model, found = optimal(), []
    for seed in range(30):
        model.seed = seed
        found.append(read(model, 256))
    values, errors = (torch.tensor([one[name] for one in found]) for name in ("value", "value_error"))
    assert float(errors.mean()) == pytest.approx(float(values.std()), rel=0.25)


def test_with_coupled_samples_batches_are_what_is_independent() -> None:
    """Logits that are alike within each batch: independent samples would claim an error that is 8 times too small."""
    logits = torch.randn(200, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64).expand(200, 64)
    rows = list(logits)
    (alone, error), (together, error_together) = (
        mean_and_error(rows, rows, 0.0, coupled=coupled) for coupled in (False, True)
    )
    assert alone == pytest.approx(together)
    assert error_together == pytest.approx(8 * error, rel=0.01)


def test_a_constant_is_no_part_of_a_critic_without_threshold() -> None:
    """Its c is found on reals that D has seen, and the bound is the one that D* has."""
    model = optimal(Wasserstein(), constant=7.0)
    assert read(model)["jsd_bound"] < -1  # no step yet, so c is 0
    model.updates = 200
    found = read(model, 8192)
    assert found["jsd_bound"] == pytest.approx(JSD, abs=3 * found["value_error"])
    other = optimal(Wasserstein(), constant=-3.0)
    other.updates = 200
    assert read(other, 8192)["jsd_bound"] == pytest.approx(found["jsd_bound"], abs=1e-9)


def test_the_shift_is_where_the_derivative_vanishes() -> None:
    draw = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(500, generator=draw, dtype=torch.float64) + at for at in (40.0, 37.0))
    shift = best_shift(real, fake)
    assert float(torch.sigmoid(shift - real).mean() - torch.sigmoid(fake - shift).mean()) == pytest.approx(0, abs=1e-9)


def streams(model: GAN, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of the codes that will be asked for."""
    asked, codes = [], model.codes

    def spied(stream: str, *rest: Any) -> Tensor:
        asked.append(stream)
        return codes(stream, *rest)

    monkeypatch.setattr(model, "codes", spied)
    return asked


def test_what_is_fitted_is_fitted_on_fakes_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """c on others than V is read from, the density of P_G on others than D is compared at."""
    model = optimal(Wasserstein())
    model.updates = 200
    asked = streams(model, monkeypatch)
    read(model)
    assert set(asked) == {"value", "value shift"}
    asked.clear()
    model.loss = Minimax()
    optimum_distance(model)
    assert set(asked) == {"optimum", "optimum fake"}


def test_a_loss_with_another_threshold_is_read_from_there() -> None:
    """Least squares with labels 0 and 1: a D of 1/2 everywhere is undecided, and V = -2 log 2."""
    loss = build("loss", "least_squares")
    assert isinstance(loss, LeastSquares)
    assert loss.threshold is not None
    found = read(optimal(loss, slope=0.0, constant=loss.threshold))
    assert found["value"] == pytest.approx(-2 * math.log(2), abs=1e-6)
    assert found["jsd_bound"] == pytest.approx(0, abs=1e-6)


# What D knows by heart


class Few(Toy):
    """48 points of N(0, I) in 64 dimensions, in the shape of a toy image; as many as one likes are held out."""

    kind = "few"
    held_out = 2**62

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        rows = visited(seed, positions, 48)
        return self._points(0, range(48))[torch.from_numpy(rows)]

    def unseen(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return self._points(1, positions)

    def _points(self, seed: int, positions: range) -> Tensor:
        normal = GaussianMixture(means=torch.zeros(1, 64), deviations=torch.ones(1), weights=torch.ones(1))
        return normal.sample(positions, seed).float().reshape(-1, 1, 8, 8)


class Same(nn.Module):
    """x = z: with codes from N(0, I) P_G is P_data."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(()))

    def forward(self, codes: Tensor) -> Tensor:
        return codes.reshape(-1, 1, 8, 8) + 0 * self.nothing


def test_what_d_knows_by_heart_is_no_distance() -> None:
    """At P_G = P_data: large on the reals that D was trained on, at most 0 on others."""
    networks = lambda: (Same(), mlp()[1])
    model = play(game(networks, code_size=64, batch_size=32, d_steps=4), 60, data=Few(), every=60)
    found = read(model, 2048)
    assert (found["value_train"] + 2 * math.log(2)) / 2 > 0.1
    assert found["jsd_bound"] < 2 * found["value_error"]
    assert found["value_train"] - found["value"] > 0.3


def test_reals_of_value_train_are_those_that_d_has_seen() -> None:
    data = Toy(500)
    model = game()
    model.data, model.updates = data, 7
    found = read(model, 60)
    seen = 7 * model.d_steps * model.batch_size
    assert len(data.asked) == 10
    assert all(0 <= positions.start < positions.stop <= seen for positions in data.asked)
    data.asked.clear()
    model.updates = 100
    read(model, 60)
    assert max(positions.stop for positions in data.asked) > 0.8 * 100 * model.d_steps * model.batch_size
    model.updates = 0
    assert set(found) - set(read(model, 60)) == {"value_train"}


def test_where_nothing_is_held_out_only_value_train_is_left() -> None:
    class Whole(Toy):
        @property
        def test(self) -> None:  # type: ignore[override]  # as of a folder
            return None

    class One(Toy):
        held_out = 6

    model = game()
    for data in (Whole(), One()):  # of one batch there is no error
        model.data, model.updates = data, 7
        assert set(read(model)) == {"value_train"}


# Modes


class CoupledD(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def test_d_is_asked_as_it_plays() -> None:
    """Batch normalisation by the statistics of batches of the game's size; its running ones stay where they were."""
    model = game(lambda: (mlp()[0], CoupledD()))
    model.data = Toy(60)
    before = {name: tensor.clone() for name, tensor in model.discriminator.state_dict().items()}
    found = read(model, 60)
    sides = []
    with torch.no_grad():
        for stream in ("real", "fake"):
            logits = []
            for batch in range(10):
                positions = range(6 * batch, 6 * batch + 6)
                codes = model.codes("value", batch, 6)
                x = model.data.unseen(0, positions, torch.device("cpu")) if stream == "real" else model.generator(codes)
                logits.append(model.discriminator(x).squeeze(1).double())
            sides.append(torch.stack(logits))  # [batches, batch_size]
    real, fake = sides
    terms = [torch.nn.functional.logsigmoid(each).mean(1) for each in (real, -fake)]  # D couples a batch
    assert found["value"] == pytest.approx(float(terms[0].mean() + terms[1].mean()), abs=1e-12)
    assert found["value_error"] == pytest.approx(float((terms[0].var() + terms[1].var()) / 10) ** 0.5, abs=1e-12)
    model.discriminator.load_state_dict(before)
    assert read(model, 60) == found
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.discriminator.named_buffers())
    model.discriminator.eval()  # another function
    assert read(model, 60)["value"] != pytest.approx(found["value"], abs=1e-3)


def test_one_batch_has_a_value_without_an_error(recwarn: pytest.WarningsRecorder) -> None:
    """D took one step: `value_train` is of one batch of coupled samples, whose spread nobody knows."""
    model = game(lambda: (mlp()[0], CoupledD()), d_steps=1)
    model.data, model.updates = Toy(60), 1
    assert set(read(model, 60)) == {"value", "value_error", "jsd_bound", "value_train"}
    assert not recwarn.list


class Recording(Augment):
    """Moves x by its number, and remembers how often it was asked."""

    numbers = 1

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        self.calls += 1
        return x + uniform[:, :, None, None]


def test_both_sides_are_augmented() -> None:
    augment = Recording()
    model = game(augment=augment)
    model.data = Toy(60)
    read(model, 60)
    assert augment.calls == 20
    model.augment = None
    plain = read(model, 60)
    model.augment = augment
    assert read(model, 60)["value"] != plain["value"]


GAMES: dict[str, Any] = {
    "mlp": (mlp, {}),
    "batch norm": (lambda: dcgan("batch"), {}),
    "spectral": (lambda: dcgan("spectral"), {"average_half_life": None}),
    "labels": (lambda: mlp(3), {"classes": LabelledToy().classes}),
    "wasserstein, augmented": (mlp, {"loss": Wasserstein(), "augment": Recording()}),
}


@pytest.fixture(params=GAMES)
def settings(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any]]:
    return GAMES[request.param]


def test_a_run_has_the_same_bits_with_and_without(settings: tuple[Any, dict[str, Any]]) -> None:
    networks, changed = settings
    instrument = Value(every=2, count=24)
    models, states = [], []
    for instruments in ([], [instrument]):
        torch.manual_seed(5)
        model = play(
            game(networks, **changed), 7, Measure(instruments=instruments, updates=7), data=LabelledToy(), every=1
        )
        models.append(model)
        states.append(torch.get_rng_state())
    first, second = (model.state_dict() for model in models)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert torch.equal(*states)
    found = instrument.measure(models[1])
    assert {"value", "value_error", "jsd_bound", "value_train"} == set(found)
    assert found == instrument.measure(models[1])


def test_held_out_reals_of_a_set_are_its_test_part() -> None:
    """Each once, none of those to train on, and with its own label."""
    cpu = torch.device("cpu")
    data = Digits(shape=(1, 8, 8), test_count=100, label="digit", reference="test")
    assert data.held_out == 100
    unseen = to_uint8(data.unseen(0, range(100), cpu))
    assert torch.equal(unseen, data.test[visited(0, range(100), 100)])
    rows = {name: set(data._rows[name].tolist()) for name in ("train", "test")}
    assert not rows["train"] & rows["test"]
    labels, known = data.unseen_labels(0, range(100), cpu), data.split_labels("test")
    assert labels is not None
    assert known is not None
    assert labels.tolist() == known.values[visited(0, range(100), 100)].tolist()
