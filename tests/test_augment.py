"""Every augmentation in conf/augment: exact on images made by hand, a function of the index, the same on every rank."""

import re
from typing import Any

import pytest
import torch
from torch import Tensor

from members import build, composed, members
from saddle.augment.ada import ADA
from saddle.augment.base import Augment
from saddle.augment.color import Color
from saddle.augment.diffaugment import DiffAugment, moved
from saddle.augment.draws import normal, shares, whole
from saddle.augment.geometry import Geometry, resampled
from saddle.config import ConfigError, check
from saddle.losses.nonsaturating import NonSaturating
from saddle.losses.rpgan import RelativisticPairing
from saddle.models.gan import GAN
from saddle.noise import noise
from toy import Toy, dcgan, game, play

AUGMENTS = [name for name in members("augment") if name != "none"]
COLOR = {"brightness": 0.0, "contrast": 0.0, "invert": False, "hue": 0.0, "saturation": 0.0}
GEOMETRY = {"flip": False, "turn": False, "shift": 0, "scale": 0, "rotation": 0, "stretch": 0, "translation": 0}
STILL = {"brightness": 0, "saturation": 0, "contrast": 0, "translation": 0, "cutout": 0}
CERTAIN = torch.tensor(1.0)


@pytest.fixture(params=AUGMENTS)
def augment(request: pytest.FixtureRequest) -> Augment:
    return build("augment", request.param, **({"probability": 0.7} if request.param == "ada" else {}))


def images(count: int, channels: int = 3, height: int = 8, width: int = 8) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    return 2 * torch.rand(count, channels, height, width, generator=draw) - 1


def numbers(augment: Augment | Geometry | Color, indices: range, step: int = 0) -> Tensor:
    return noise(0, "test augment", step, indices, (augment.numbers,), "uniform")


def geometry(**changed: Any) -> Geometry:
    return Geometry(**{**GEOMETRY, **changed})


def color(**changed: Any) -> Color:
    return Color(**{**COLOR, **changed})


def only(transform: str) -> DiffAugment:
    """One transform of the paper's policy, as it is shipped."""
    return build("augment", "diffaugment", **{name: 0 for name in STILL if name != transform})


# ---- every member


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 12])
def test_without_strength_an_image_stays_as_it_is(channels: int, side: int) -> None:
    """To the last bit, for probability 0, for strengths of 0, and in bfloat16 for what that can hold."""
    x = images(20, channels, side, side)
    never = build("augment", "ada")
    plain = ADA(probability=1, target=None, kimg=1, every=1, geometry=geometry(), color=color())
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


# ---- the geometry of ADA


def linear(*rows: list[float]) -> tuple[Tensor, Tensor]:
    return torch.tensor([[row[:2] for row in rows]]), torch.tensor([[row[2] for row in rows]])


@pytest.mark.parametrize("side", [8, 7])
def test_resampling_by_hand(side: int) -> None:
    """Turns, flips and shifts move pixels as they are; half a pixel is the mean of two; edges mirror."""
    x = images(1, 3, side, side)
    exact: Any = {"rtol": 0, "atol": 0 if side == 8 else 1e-6}
    flipped = resampled(x, *linear([-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]))
    torch.testing.assert_close(flipped, x.flip(3), **exact)
    turned = resampled(x, *linear([0.0, -1.0, 0.0], [1.0, 0.0, 0.0]))
    torch.testing.assert_close(turned, torch.rot90(x, 1, (2, 3)), **exact)
    shifted = resampled(x, *linear([1.0, 0.0, -2.0], [0.0, 1.0, 1.0]))  # 2 to the right, 1 up
    expected = torch.cat([x[..., :2].flip(3), x[..., :-2]], dim=3)
    expected = torch.cat([expected[:, :, 1:], expected[:, :, -1:]], dim=2)
    torch.testing.assert_close(shifted, expected, **exact)
    halfway = resampled(x, *linear([1.0, 0.0, 0.5], [0.0, 1.0, 0.0]))
    torch.testing.assert_close(halfway[..., :-1], (x[..., 1:] + x[..., :-1]) / 2, rtol=0, atol=1e-6)


def test_a_ramp_stays_a_ramp() -> None:
    """Linear interpolation is exact on a linear image: where nothing was mirrored the result is known everywhere."""
    made = geometry(scale=0.1, rotation=1.0, stretch=0.1, translation=0.02)
    side, count = 32, 20
    place = torch.arange(side) - (side - 1) / 2
    ramp = (0.3 * place[None, :] - 0.7 * place[:, None]).expand(count, 1, side, side)
    uniform = numbers(made, range(count))
    matrix, offset = made.places(uniform, CERTAIN, side, side)
    found = made(ramp, uniform, CERTAIN)[..., 12:20, 12:20]
    v = torch.stack(torch.meshgrid(place, place, indexing="xy"), dim=2)  # (right, down)
    u = torch.einsum("nij,yxj->nyxi", matrix, v) + offset[:, None, None]
    expected = (0.3 * u[..., 0] - 0.7 * u[..., 1])[:, None, 12:20, 12:20]
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("shape", [(8, 8), (6, 8)])
def test_blitting_moves_pixels_as_they_are(shape: tuple[int, int]) -> None:
    """Each of 2 flips, 4 turns and 9 shifts, to the bit; flips and turns are all alike."""
    x = images(1, 1, *shape).expand(2000, -1, -1, -1)
    flips, turns = geometry(flip=True), geometry(turn=True)
    found = flips(x, numbers(flips, range(2000)), CERTAIN)
    mirrored = (found == x.flip(3)).flatten(1).all(1)
    assert ((found == x).flatten(1).all(1) | mirrored).all()
    assert mirrored.float().mean().item() == pytest.approx(0.5, abs=0.05)
    if shape == (8, 8):
        found = turns(x, numbers(turns, range(2000)), CERTAIN)
        hits = torch.stack([(found == torch.rot90(x, k, (2, 3))).flatten(1).all(1) for k in range(4)])
        assert (hits.sum(0) == 1).all()
        torch.testing.assert_close(hits.float().mean(1), torch.full((4,), 0.25), rtol=0, atol=0.05)
    shifts = geometry(shift=0.125)
    _, offset = shifts.places(numbers(shifts, range(2000)), CERTAIN, *shape)
    assert {tuple(place) for place in offset.tolist()} == {(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)}


def test_the_order_of_the_geometry() -> None:
    """The product of the seven inverses in homogeneous coordinates, as the paper writes it."""
    made = build("augment", "ada").geometry
    uniform = numbers(made, range(50))
    matrix, offset = made.places(uniform, CERTAIN, 8, 16)
    side, quarter, right, down, size, shape, to_right, to_down, angle, other = uniform[:, 8:].double().unbind(1)

    def inverse(i: int, a: Any, b: Any, c: Any, d: Any, tx: Any = 0, ty: Any = 0) -> Tensor:
        return torch.linalg.inv(torch.tensor([[a, b, tx], [c, d, ty], [0, 0, 1]], dtype=torch.float64))

    def turn(i: int, theta: Tensor) -> Tensor:  # theta > 0 turns towards the left, on the screen
        c, s = theta.cos(), theta.sin()
        return inverse(i, c, s, -s, c)

    for i in range(50):
        s, a = (torch.exp2(0.2 * normal(value[i])) for value in (size, shape))
        steps = [
            inverse(i, 1 - 2 * (side[i] < 0).double(), 0, 0, 1),
            turn(i, torch.pi / 2 * whole(quarter[i], 4)),
            inverse(i, 1, 0, 0, 1, (2 * right[i]).round(), (1 * down[i]).round()),
            inverse(i, s, 0, 0, s),
            turn(i, torch.pi * angle[i]),
            inverse(i, a, 0, 0, 1 / a),
            turn(i, torch.pi * other[i]),
            inverse(i, 1, 0, 0, 1, 2 * normal(to_right[i]), 1 * normal(to_down[i])),
        ]
        whole_way = torch.linalg.multi_dot(steps)
        torch.testing.assert_close(matrix[i].double(), whole_way[:2, :2], rtol=0, atol=1e-5)
        torch.testing.assert_close(offset[i].double(), whole_way[:2, 2], rtol=0, atol=1e-4)


# ---- the colours of ADA


def test_colours_are_the_paper_s_matrix() -> None:
    """Brightness, contrast, inversion, hue and saturation, one 4 x 4 matrix after the other, with v v^T for grey."""
    made = build("augment", "ada").color
    x, uniform = images(50).double(), numbers(made, range(50)).double()
    found = made(x, uniform, CERTAIN)
    brightness, contrast, invert, hue, saturation = uniform[:, 5:].unbind(1)
    v = torch.full((3,), 3**-0.5, dtype=torch.float64)
    grey, eye = torch.outer(v, v), torch.eye(3, dtype=torch.float64)
    cross = torch.tensor([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]], dtype=torch.float64)
    for i in range(50):
        turn = torch.matrix_exp(torch.pi * hue[i] * cross)
        keep = grey + torch.exp2(normal(saturation[i])) * (eye - grey)
        flip = eye - 2 * (invert[i] < 0).double() * grey
        matrix = keep @ turn @ flip * torch.exp2(0.5 * normal(contrast[i]))
        expected = torch.einsum("ij,jhw->ihw", matrix, x[i] + 0.2 * normal(brightness[i]))
        torch.testing.assert_close(found[i], expected, rtol=0, atol=1e-6)


def test_hue_and_saturation_leave_grey_alone() -> None:
    x = images(50, 1)
    for made in (color(hue=1.0), color(saturation=1.0)):
        uniform = numbers(made, range(50))
        torch.testing.assert_close(made(x, uniform, CERTAIN), x)
        torch.testing.assert_close(made(x.expand(-1, 3, -1, -1), uniform, CERTAIN), x.expand(-1, 3, -1, -1))
        assert not torch.allclose(made(images(50), uniform, CERTAIN), images(50), atol=0.1)
    third = color(hue=1.0)
    uniform = torch.full((1, 10), -1.0)
    uniform[:, 8] = 2 / 3  # a third of the circle: red becomes green, green blue
    torch.testing.assert_close(third(images(1), uniform, CERTAIN), images(1).roll(1, dims=1))


def test_what_a_grey_image_becomes_all_its_channels_become() -> None:
    """One channel is transformed as the same grey in three."""
    made, x = build("augment", "ada").color, images(50, 1)
    uniform = numbers(made, range(50))
    alone, three = made(x, uniform, CERTAIN), made(x.expand(-1, 3, -1, -1), uniform, CERTAIN)
    torch.testing.assert_close(three, alone.expand(-1, 3, -1, -1), rtol=0, atol=1e-5)


# ---- the numbers they are made of


def test_draws_at_the_ends_and_in_between() -> None:
    ends = torch.tensor([-1.0, 1 - 2**-23])
    assert shares(ends)[0] == 0
    assert shares(ends)[1] < 1
    for count in (1, 2, 3, 5, 9, 17, 31, 33):
        assert whole(ends, count).tolist() == [0, count - 1]
    assert normal(ends)[0] == -normal(ends)[1]
    assert torch.isfinite(normal(ends)).all()
    drawn = normal(noise(0, "test normal", 0, range(4000), (), "uniform")).sort().values
    quantiles = torch.erfinv((2 * torch.arange(4000) + 1) / 4000 - 1) * 2**0.5
    assert (drawn - quantiles)[200:-200].abs().max() < 0.1


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_each_transform_happens_with_probability_p(probability: float) -> None:
    """Of rotations one of two does: p = 1 - (1 - p_each)^2."""
    count = 4000
    for setting in ("shift", "scale", "rotation", "stretch", "translation"):
        made = geometry(**{setting: 1.0})
        matrix, offset = made.places(numbers(made, range(count)), torch.tensor(probability), 512, 512)
        still = (matrix == torch.eye(2)).flatten(1).all(1) & (offset == 0).all(1)
        assert 1 - still.float().mean().item() == pytest.approx(probability, abs=0.03), setting
    x = images(count, 3, 1, 1)
    for setting in ("brightness", "contrast", "hue", "saturation"):
        made_color = color(**{setting: 1.0})
        found = made_color(x, numbers(made_color, range(count)), torch.tensor(probability))
        changed = (found != x).flatten(1).any(1).float().mean().item()
        assert changed == pytest.approx(probability, abs=0.03), setting


# ---- ADA's controller


def controller(**changed: Any) -> ADA:
    return build("augment", "ada", **{"every": 2, "kimg": 0.1, "target": 0.5, **changed})


def test_the_probability_by_hand() -> None:
    """After every 2 steps of 10 reals p moves by 10 x 2 / 100 = 0.2 towards more while D is too sure, in [0, 1]."""
    ada = controller()
    sure, lost = torch.ones(10), torch.tensor([3.0, -1.0] * 5)  # signs 1 and 0
    steps = [sure, sure, sure, lost, sure, sure, sure, sure, sure, sure, sure, sure, sure, sure, lost, lost, lost, sure]
    expected = [0, 0.2, 0.2, 0.2, 0.2, 0.4, 0.4, 0.6, 0.6, 0.8, 0.8, 1, 1, 1, 1, 0.8, 0.8, 0.8]
    found = []
    for step, logits in enumerate(steps):
        ada.observe(step, logits, 0.0)
        found.append(ada.readings()["augment_probability"].item())
    assert found == pytest.approx(expected, abs=1e-6)  # a mean of exactly the target changes nothing
    for step in range(100):
        ada.observe(step, lost, 0.0)
    assert ada.probability == 0


def test_signs_are_taken_about_the_loss_s_threshold() -> None:
    for threshold, expected in ((0.0, 0.2), (1.0, 0.0)):
        ada = controller(every=1)
        ada.observe(0, torch.full((20,), 0.5), threshold)
        assert ada.probability.item() == pytest.approx(expected)


def test_logits_without_a_threshold_are_refused_unless_p_is_fixed() -> None:
    with pytest.raises(ValueError, match=r"up to a constant: set augment\.target=null"):
        controller().observe(0, torch.ones(4), RelativisticPairing().threshold)
    fixed = controller(target=None, probability=0.3)
    for step in range(8):
        fixed.observe(step, torch.ones(4), RelativisticPairing().threshold)
    assert fixed.probability.item() == pytest.approx(0.3)


def test_the_controller_goes_on_from_its_state() -> None:
    """Between two changes, too: what was summed up belongs to it, and decides what comes next."""
    settings = {"every": 4, "target": -0.25, "probability": 0.5}
    whole_way, first, second = controller(**settings), controller(**settings), controller(**settings)
    for step, sign in enumerate([1.0, 1.0, -1.0, -1.0]):  # a mean of 0, above the target; of the last two below it
        logits = torch.full((5,), sign)
        whole_way.observe(step, logits, 0.0)
        (first if step < 2 else second).observe(step, logits, 0.0)
        if step == 1:
            second.load_state_dict(first.state_dict())
    assert second.state_dict() == whole_way.state_dict()
    assert whole_way.probability.item() == pytest.approx(0.7)


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
    noted = blind.noted()
    assert noted["gradient_generator"] == 0
    assert play(game(), 2).noted()["gradient_generator"] > 0


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
    assert 0 < model.noted()["augment_probability"] <= ada.probability.item()
    assert set(model.sizes()) == {"generator", "discriminator"}
