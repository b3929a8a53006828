"""The loop with a discriminator that is solved exactly: when the JSD falls, and when it does not."""

from typing import Any

import pytest
import torch
from torch import Tensor

from options import build
from saddle.losses.base import Loss
from saddle.losses.minimax import Minimax
from saddle.losses.nonsaturating import NonSaturating
from saddle.theory.divergences import chi_squared, jsd, kl, squared_hellinger, total_variation
from saddle_studies.figures import ideal_loop as ideal_loop_figure
from saddle_studies.theory import ideal_loop as module
from saddle_studies.theory.ideal_loop import held_optimum, ideal_loop


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


DATA, START = numbers(0.1, 0.2, 0.4, 0.2, 0.1), numbers(2, 1, 0, 0, 0)


def along(loss: Loss, *, steps: int, learning_rate: float, g_steps: int) -> Tensor:
    """The JSD after every step of G, [steps + 1]."""
    made = ideal_loop(loss, DATA, START, steps=steps, learning_rate=learning_rate, g_steps=g_steps)
    return jsd(DATA.expand_as(made), made)


STEP_SIZES = {rate: along(Minimax(), steps=60, learning_rate=rate, g_steps=1) for rate in (0.5, 2.0, 16.0, 32.0)}
HELD = {g: along(Minimax(), steps=200, learning_rate=1.0, g_steps=g) for g in (1, 5, 20, 50)}


@pytest.mark.parametrize("rate", [0.5, 2.0])
def test_small_steps_lower_the_jsd(rate: float) -> None:
    """Every one of them, to P_data."""
    found = STEP_SIZES[rate]
    assert found[0].item() == pytest.approx(0.164846, abs=1e-6)
    assert (found.diff() < 0).all()
    assert found[-1] < 1e-3


def test_the_example_of_the_docstring() -> None:
    """It is carried out as it stands there, and the JSD falls at every step, to 0."""
    example = [line[4:] for line in (module.__doc__ or "").splitlines() if line.startswith("    ")]
    names: dict[str, Any] = {"torch": torch, "ideal_loop": ideal_loop, "Minimax": Minimax, "jsd": jsd}
    exec("\n".join(example[:-1]), names)
    found = eval(example[-1], names)
    assert found.shape == (101,)
    assert (found.diff() < 0).all() or found[-1] < 1e-12
    assert found[-1] < 1e-6 < 0.01 < found[0]


def test_large_steps_need_not() -> None:
    """16: the first step lowers it to 0.023, then it swings about 0.02 for ever. 32: it ends above half of its start,
    and has been above the start on its way."""
    swings, worse = STEP_SIZES[16.0], STEP_SIZES[32.0]
    assert swings[1] < 0.025
    assert swings[20:].min() > 0.01
    assert (swings.diff() > 0).sum() > 20
    assert worse.max() > 1.5 * worse[0]
    assert worse[-1] > 0.5 * worse[0]


def test_many_steps_against_one_discriminator_need_not() -> None:
    """The same small steps: 5 for each D still lower the JSD every time; 20 lower it, then undo all of it; with 50 it
    ends at twice its start."""
    assert (HELD[1].diff() < 0).all() or HELD[1][-1] < 1e-8
    assert (HELD[5][:100].diff() < 0).all()
    twenty = HELD[20][:21]
    assert twenty.min() < 0.05
    assert twenty[20] > 0.9 * twenty[0]
    assert HELD[50][-1] > 1.8 * HELD[50][0]
    figure = ideal_loop_figure.draw(
        step_sizes={f"step {rate:g}": found for rate, found in STEP_SIZES.items()},
        held={f"g_steps {g}": found for g, found in HELD.items()},
    )
    assert [panel.get_xlabel() for panel in figure.axes] == ["steps of G", "steps of G"]


def test_against_a_held_discriminator_all_mass_goes_to_one_point() -> None:
    """L_G is linear in P_G: its minimum is the point that D likes best, here the middle."""
    made = ideal_loop(Minimax(), DATA, START, steps=3000, learning_rate=1.0, g_steps=3000)
    ratio = DATA / START.softmax(0)
    assert made[-1].argmax() == ratio[:3].argmax() == 2
    assert made[-1][:2].max() < 1e-3


def test_the_nonsaturating_game_may_raise_the_jsd_with_the_smallest_steps() -> None:
    """It descends KL(P_G || P_data) - 2 JSD: where P_G holds much that the data lack, that can cost JSD."""
    data, made = numbers(0.06, 2e-5, 0.93998), numbers(0.78, 0.19, 0.03)
    for rate in (1e-2, 1e-3, 1e-4):
        slope = {}
        for loss in (NonSaturating(), Minimax()):
            q = ideal_loop(loss, data, made.log(), steps=1, learning_rate=rate, g_steps=1)
            slope[type(loss)] = (jsd(data, q[1]) - jsd(data, q[0])).item() / rate
            descended = [(kl(each, data) - 2 * jsd(data, each)).item() for each in q]
            if isinstance(loss, NonSaturating):
                assert descended[1] < descended[0]
        assert slope[NonSaturating] > 1e-3
        assert slope[Minimax] < -1e-3


DESCENDED = {
    "minimax": lambda p, q: 2 * jsd(p, q),
    "nonsaturating": lambda p, q: kl(q, p) - 2 * jsd(p, q),
    "rpgan": lambda p, q: kl(q, p) - jsd(torch.outer(p, q).flatten(), torch.outer(q, p).flatten()),
    "hinge": lambda p, q: 2 * total_variation(p, q),
    "f_total_variation": total_variation,
    "f_kl": kl,
    "f_reverse_kl": lambda p, q: kl(q, p),
    "f_squared_hellinger": squared_hellinger,
    "f_pearson": chi_squared,
    "f_js": lambda p, q: 2 * jsd(p, q),
}


@pytest.mark.parametrize("name", DESCENDED)
def test_one_step_goes_down_what_the_loss_descends(name: str) -> None:
    """The step is -eta times the gradient of the claimed divergence in the logits, to 1e-12."""
    logits = START.clone().requires_grad_()
    (slope,) = torch.autograd.grad(DESCENDED[name](DATA, logits.softmax(0)), logits)
    made = ideal_loop(build("loss", name), DATA, START, steps=1, learning_rate=0.01, g_steps=1)
    torch.testing.assert_close(made[1], (START - 0.01 * slope).softmax(0), rtol=0, atol=1e-12)


def test_what_cannot_be_solved_is_refused() -> None:
    """No optimum of the ratio; an objective that is infinite at it; shapes."""
    half, lacking = numbers(0.5, 0.5), numbers(0, 1)
    for name in ("wasserstein", "relativistic_average"):
        with pytest.raises(ValueError, match="no optimum that is a function"):
            held_optimum(build("loss", name), half, half)
    with pytest.raises(ValueError, match="G's objective with it"):
        held_optimum(NonSaturating(), lacking, half)  # KL(P_G || P_data) is infinite
    assert held_optimum(Minimax(), lacking, half)[0] == -40  # 2 JSD is not
    assert held_optimum(build("loss", "hinge"), half, half).tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"\[points\]"):
        ideal_loop(Minimax(), half, START, steps=1, learning_rate=1.0, g_steps=1)
