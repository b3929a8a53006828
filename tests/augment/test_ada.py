"""ADA: its geometry, its colours, its controller."""

from typing import Any

import pytest
import torch
from torch import Tensor

from options import build
from saddle.augment.ada import ADA
from saddle.augment.draws import normal, shares, whole
from saddle.augment.geometry import resampled
from saddle.losses.rpgan import RelativisticPairing
from saddle.noise import noise
from transformed import color, geometry, images, numbers

CERTAIN = torch.tensor(1.0)


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
    expected = torch.cat([x[..., 1:3].flip(3), x[..., :-2]], dim=3)  # the pixel at the edge is not repeated
    expected = torch.cat([expected[:, :, 1:], expected[:, :, -2:-1]], dim=2)
    torch.testing.assert_close(shifted, expected, **exact)
    halfway = resampled(x, *linear([1.0, 0.0, 0.5], [0.0, 1.0, 0.0]))
    torch.testing.assert_close(halfway[..., :-1], (x[..., 1:] + x[..., :-1]) / 2, rtol=0, atol=1e-6)


@pytest.mark.parametrize("shift", [3.0, -5.25, 7.0, 9.0, 10.5, 40.0])
def test_edges_are_those_of_torch_s_reflection_and_then_of_zeros(shift: float) -> None:
    """As the authors' code pads: mirrored by side - 1 pixels, then looked up with zeros beyond."""
    x = images(2, 3, 8, 8)
    wide = torch.nn.functional.pad(x, (7, 7, 7, 7), mode="reflect")  # [2, 3, 22, 22]
    down, right = torch.meshgrid(torch.arange(8.0) - 3.5, torch.arange(8.0) - 3.5 + shift, indexing="ij")
    sources = torch.stack([right, down], dim=2).expand(2, 8, 8, 2) * (2 / 22)
    expected = torch.nn.functional.grid_sample(wide, sources, padding_mode="zeros", align_corners=False)
    matrix, offset = linear([1.0, 0.0, shift], [0.0, 1.0, 0.0])
    found = resampled(x, matrix.expand(2, 2, 2), offset.expand(2, 2))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    if shift == 40:
        assert not found.any()


def test_a_ramp_stays_a_ramp() -> None:
    """Linear interpolation is exact on a linear image: where nothing was mirrored the result is known everywhere."""
    made = geometry(scale=0.1, rotation=1.0, stretch=0.1, translation=0.02)
    side, count = 32, 20
    place = torch.arange(side) - (side - 1) / 2
    ramp = (0.3 * place[None, :] - 0.7 * place[:, None]).expand(count, 1, side, side)
    uniform = numbers(made, range(count))
    matrix, offset = made.affine_map(uniform, CERTAIN, side, side)
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
    _, offset = shifts.affine_map(numbers(shifts, range(2000)), CERTAIN, *shape)
    assert {tuple(place) for place in offset.tolist()} == {(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)}


def test_the_order_of_the_geometry() -> None:
    """The product of the seven inverses in homogeneous coordinates, as the paper writes it."""
    made = build("augment", "ada").geometry
    uniform = numbers(made, range(50))
    matrix, offset = made.affine_map(uniform, CERTAIN, 8, 16)
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
        matrix, offset = made.affine_map(numbers(made, range(count)), torch.tensor(probability), 512, 512)
        still = (matrix == torch.eye(2)).flatten(1).all(1) & (offset == 0).all(1)
        assert 1 - still.float().mean().item() == pytest.approx(probability, abs=0.03), setting
    x = images(count, 3, 1, 1)
    for setting in ("brightness", "contrast", "hue", "saturation"):
        made_color = color(**{setting: 1.0})
        found = made_color(x, numbers(made_color, range(count)), torch.tensor(probability))
        changed = (found != x).flatten(1).any(1).float().mean().item()
        assert changed == pytest.approx(probability, abs=0.03), setting


def r3gan(**changed: Any) -> ADA:
    return build("augment", "ada_r3gan_cifar10", **changed)


def test_r3gan_s_colours_happen_with_half_of_p_and_its_cutout_with_p() -> None:
    """Geometry with p = 0.55, each colour transform with 0.275, cutout with 0.55; of a quarter of the image at most."""
    augment: Any = r3gan()
    count = 4000
    geometry_, color_, cutout = augment.transforms
    p = augment.probability
    assert p.item() == pytest.approx(0.55)
    x = images(count, 3, 1, 1)
    still = {"brightness": 0, "contrast": 0, "hue": 0, "saturation": 0, "share": color_.share}
    for setting in ("brightness", "contrast", "hue", "saturation"):
        one = color(**{**still, setting: 1.0})
        changed = (one(x, numbers(one, range(count)), p) != x).flatten(1).any(1).float().mean().item()
        assert changed == pytest.approx(0.275, abs=0.02), setting
    ones = torch.ones(count, 1, 16, 16)
    cut = cutout(ones, noise(0, "test cutout", 0, range(count), (3,), "uniform"), p) == 0  # [count, 1, 16, 16]
    assert cut.flatten(1).any(1).float().mean().item() == pytest.approx(0.55, abs=0.03)
    sizes = cut.flatten(1).sum(1)
    assert sizes.max() == 8 * 8
    inside = cut[sizes == 64][0, 0].nonzero()
    assert (inside.max(0).values - inside.min(0).values == 7).all()  # a rectangle of half of the sides
    assert augment.target is None
    shift = geometry_.affine_map(numbers(geometry_, range(count)), p, 512, 512)[0]
    assert (shift != torch.eye(2)).flatten(1).any(1).float().mean() > 0.7  # one of flip, turn, scale, rotation, stretch


def test_ada_as_it_was_draws_the_same_numbers() -> None:
    """Without cutout nothing is drawn for it, so that runs with augment=ada keep their transforms."""
    assert build("augment", "ada").numbers == 28
    assert r3gan().numbers == 31
    assert build("augment", "ada").color.share == 1


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
