"""Augmentations: what every option promises, DiffAugment, and augmentation in the game."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor

from options import build, composed, options
from saddle.augment.ada import ADA
from saddle.augment.base import Augment
from saddle.augment.diffaugment import DiffAugment, moved
from saddle.config import ConfigError, check
from saddle.losses.nonsaturating import NonSaturating
from saddle.losses.rpgan import RelativisticPairing
from saddle.models.gan import GAN
from test_ada import controller
from toy import Toy, dcgan, game, play
from transformed import color, geometry, images, numbers

AUGMENTS = [name for name in options("augment") if name != "none"]
STILL = {"brightness": 0, "saturation": 0, "contrast": 0, "translation": 0, "cutout": 0}


@pytest.fixture(params=AUGMENTS)
def augment(request: pytest.FixtureRequest) -> Augment:
    return build("augment", request.param, **({"probability": 0.7} if request.param == "ada" else {}))


def only(transform: str) -> DiffAugment:
    """One transform of the paper's policy, as it is shipped."""
    return build("augment", "diffaugment", **{name: 0 for name in STILL if name != transform})


# ---- every option


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 12])
def test_without_strength_an_image_stays_as_it_is(channels: int, side: int) -> None:
    """To the last bit, for probability 0, for strengths of 0, and in bfloat16 for what that can hold."""
    x = images(20, channels, side, side)
    never = build("augment", "ada")
    plain = ADA(probability=1, target=None, kimg=1, every=1, geometry=geometry(), color=color(), cutout=None)
    for made in (never, plain, DiffAugment(**STILL)):
        assert torch.equal(made(x, numbers(made, range(20))), x)
        assert torch.equal(made(x.bfloat16(), numbers(made, range(20))), x.bfloat16().float())


def test_an_image_is_transformed_by_its_index_alone(augment: Augment) -> None:
    """The same in the whole batch, in a rank's share of it and alone, up to rounding; in another step another one."""
    x = images(96)
    together = augment(x, numbers(augment, range(96)))
    for part in (range(48, 96), range(70, 71)):
        own = slice(part.start, part.stop)
        torch.testing.assert_close(augment(x[own], numbers(augment, part)), together[own], rtol=0, atol=1e-5)
    assert not torch.equal(augment(x, numbers(augment, range(96), step=1)), together)
    alike = augment(x[:1].expand(96, -1, -1, -1), numbers(augment, range(96)))
    assert len({tuple(image.flatten().tolist()) for image in alike}) > 90


@pytest.mark.parametrize("channels", [1, 3])
def test_the_gradient_passes(augment: Augment, channels: int) -> None:
    """The Jacobian in x by finite differences, and a gradient in most pixels."""
    x = images(4, channels, 6, 6).double().requires_grad_()
    uniform = numbers(augment, range(4)).double()
    assert torch.autograd.gradcheck(lambda x: augment(x, uniform), (x,))
    (gradient,) = torch.autograd.grad(augment(x, uniform).square().sum(), x)
    assert (gradient != 0).float().mean() > 0.5


def test_autocast_changes_nothing(augment: Augment) -> None:
    """A place in bfloat16 has 8 bits: at 256 pixels it is off by one."""
    x = images(4)
    plain = augment(x, numbers(augment, range(4)))
    with torch.autocast("cpu", torch.bfloat16):
        found = augment(x, numbers(augment, range(4)))
    assert found.dtype == torch.float32
    assert torch.equal(found, plain)


@pytest.mark.parametrize("shape", [(6, 2), (6, 2, 8, 8), (3, 8, 8)])
def test_what_is_no_image_is_refused(augment: Augment, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"transforms images .* of 1 or 3 channels, not x of \[.*augment=none"):
        augment(torch.zeros(shape), numbers(augment, range(shape[0])))


# ---- DiffAugment


def test_colours_of_diffaugment() -> None:
    """The mean moves by U[-0.5, 0.5]; the distances to grey and to the mean are multiplied by U[0, 2], U[0.5, 1.5]."""
    x = images(4000, 3, 2, 2)
    uniform = numbers(DiffAugment(**STILL), range(4000))
    moves = (only("brightness")(x, uniform) - x).flatten(1)
    torch.testing.assert_close(moves, moves[:, :1].expand_as(moves), rtol=0, atol=1e-6)
    assert_uniform(moves[:, 0], -0.5, 0.5)
    for strength, mean, low, high in (("saturation", (1,), 0, 2), ("contrast", (1, 2, 3), 0.5, 1.5)):
        made = only(strength)(x, uniform)
        torch.testing.assert_close(made.mean(mean), x.mean(mean), rtol=0, atol=1e-5)
        before, after = ((image - image.mean(mean, keepdim=True)).flatten(1) for image in (x, made))
        factors = (before * after).sum(1) / before.square().sum(1)
        torch.testing.assert_close(after, factors[:, None] * before, rtol=0, atol=1e-5)
        assert_uniform(factors, low, high)
    grey = x[:, :1]
    torch.testing.assert_close(only("saturation")(grey, uniform), grey)


def assert_uniform(found: Tensor, low: float, high: float) -> None:
    assert low <= found.min()
    assert found.max() <= high
    quartiles = torch.quantile(found, torch.tensor([0.25, 0.5, 0.75]))
    expected = torch.tensor([low + share * (high - low) for share in (0.25, 0.5, 0.75)])
    torch.testing.assert_close(quartiles, expected, rtol=0, atol=0.03 * (high - low))


def test_translation_of_diffaugment() -> None:
    """Down by 1 and to the left by 2 by hand; up to an eighth of the side in each direction, all alike."""
    x = images(1, 2, 4, 4)
    expected = torch.zeros_like(x)
    expected[:, :, 1:, :2] = x[:, :, :3, 2:]
    place = torch.arange(4)[None]
    assert torch.equal(moved(x, place - 1, place + 2), expected)
    made = only("translation")
    point = torch.zeros(2000, 1, 16, 16)
    point[:, :, 8, 8] = 1
    places = made(point, numbers(made, range(2000))).flatten(1).argmax(1)
    counts = torch.bincount(places, minlength=256).view(16, 16)
    assert counts[6:11, 6:11].sum() == 2000
    assert counts[6:11, 6:11].min() > 2000 / 25 / 2


def test_cutout_of_diffaugment() -> None:
    """A rectangle of half the sides, its centre anywhere: clipped at the edges, at least a quarter of it remains."""
    made = only("cutout")
    cut = made(torch.ones(2000, 1, 8, 8), numbers(made, range(2000)))[:, 0] == 0  # [2000, 8, 8]
    rows, columns = cut.any(2), cut.any(1)
    assert torch.equal(cut, rows[:, :, None] & columns[:, None, :])
    assert (rows.float().diff(dim=1).abs().sum(1) <= 2).all()  # in one piece
    for lengths in (rows.sum(1), columns.sum(1)):
        found = torch.bincount(lengths) / 2000  # centres at the 9 places between pixels: 2, 3, 4 x 5, 3, 2 pixels
        torch.testing.assert_close(found[2:], torch.tensor([2, 2, 5]) / 9, rtol=0, atol=0.04)
    odd = DiffAugment(**{**STILL, "cutout": 0.4})(torch.ones(500, 1, 8, 8), numbers(made, range(500)))[:, 0] == 0
    assert set(odd.any(2).sum(1).tolist()) == {2, 3}


@pytest.mark.parametrize(("side", "share", "pixels"), [(28, 0.125, 4), (30, 0.125, 4), (32, 0.125, 4), (100, 0.29, 29)])
def test_shares_of_diffaugment_are_rounded(side: int, share: float, pixels: int) -> None:
    """As in the authors' code, so that 28 pixels move by 4 and not by 3."""
    made = DiffAugment(**{**STILL, "translation": share})
    shown = made(torch.ones(500, 1, side, side), numbers(made, range(500)))[:, 0] != 0
    assert (side - shown.any(2).sum(1)).max() == pixels
    cut = (
        DiffAugment(**{**STILL, "cutout": share})(torch.ones(500, 1, side, side), numbers(made, range(500)))[:, 0] == 0
    )
    assert cut.any(2).sum(1).max() == pixels


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("augment=diffaugment augment.cutout=3", "augment.cutout takes a number from 0 and up to 1"),
        ("augment=ada augment.geometry.shift=50", "augment.geometry.shift takes a number from 0 and up to 1"),
        ("augment=ada augment.target=null", "nothing would be augmented; set augment.probability=0.3"),
        ("augment=ada loss=wasserstein", "set augment.target=null augment.probability=0.3"),
    ],
)
def test_settings_without_sense_are_refused(overrides: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        check(composed(*overrides.split()))


# ---- in the game


class Watched(Augment):
    """Remembers what it was given, and adds 100 to x."""

    numbers = 2

    def __init__(self) -> None:
        super().__init__()
        self.given: list[tuple[Tensor, Tensor]] = []

    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        self.given.append((x.detach().clone(), uniform))
        return x + 100


def watched(**changed: Any) -> tuple[GAN, Watched, list[Tensor]]:
    """A game of two updates, and what D has seen in it."""
    augment, seen = Watched(), []
    model = game(dcgan, augment=augment, d_steps=1, **changed)
    model.discriminator.register_forward_pre_hook(lambda _, x: seen.append(x[0].detach()))
    return play(model, 2), augment, seen


def test_the_discriminator_sees_nothing_else() -> None:
    """Reals and fakes in its own step, fakes in the generator's, where a relativistic loss sees reals besides."""
    for loss, calls in ((NonSaturating(), 3), (RelativisticPairing(), 4)):
        _, augment, seen = watched(loss=loss)
        assert len(augment.given) == 2 * calls
        assert all((x > 90).all() for x in seen)
        assert torch.equal(seen[0], torch.cat([x for x, _ in augment.given[:2]]) + 100)
        drawn = [tuple(uniform.flatten().tolist()) for _, uniform in augment.given]
        assert len(set(drawn)) == len(drawn)  # each batch has numbers of its own


def test_a_penalty_is_on_what_the_discriminator_sees() -> None:
    _, augment, seen = watched(penalty=build("penalty", "r1"))
    assert torch.equal(seen[1], augment.given[0][0] + 100)


def test_the_generator_learns_through_the_transform() -> None:
    """T = 0: G gets no gradient, though D would have given one without."""

    class Nothing(Watched):
        def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
            return 0 * x

    blind = play(game(augment=Nothing()), 2)
    noted = blind.pop_means()
    assert noted["gradient_generator"] == 0
    assert play(game(), 2).pop_means()["gradient_generator"] > 0


def test_reals_are_the_same_reals() -> None:
    """An augmentation that does nothing leaves the game as it is, bit for bit."""
    plain, still = play(game(), 3), play(game(augment=DiffAugment(**STILL)), 3)
    assert all(map(torch.equal, plain.state_dict().values(), still.state_dict().values()))


def test_the_probability_is_in_the_log_and_in_the_state() -> None:
    """D is beaten by nobody here: p rises by 6 x 2 / 1000 every second step."""
    ada = controller(kimg=1, every=2, target=-1.0)
    model = play(game(augment=ada), 5, data=Toy())
    assert model.state_dict()["augment.probability"] == ada.probability
    assert ada.probability.item() == pytest.approx(5 * 6 * 2 / 1000)
    assert 0 < model.pop_means()["augment_probability"] <= ada.probability.item()
    assert set(model.sizes()) == {"generator", "discriminator"}
