"""Randomness is a function of (seed, stream, counter, index)."""

import numpy as np
import pytest
import torch

from saddle.noise import BLOCK, noise, visited


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
def test_a_sample_does_not_depend_on_who_is_asked_with_it(distribution: str) -> None:
    """The prefix property, which torch.randn lacks: 130 values are not the beginning of 260."""
    everything = noise(0, "test", 3, range(300), (5,), distribution)
    for indices in (range(8), range(130), [299, 0, 64, 63], range(BLOCK, BLOCK + 1)):
        torch.testing.assert_close(
            noise(0, "test", 3, indices, (5,), distribution), everything[list(indices)], rtol=0, atol=0
        )
    assert not torch.equal(
        torch.randn(130, generator=torch.manual_seed(0)), torch.randn(260, generator=torch.manual_seed(0))[:130]
    )


def test_every_part_of_the_key_counts() -> None:
    """Large seeds too: torch's CPU generator uses 32 bits of a seed only."""
    keys = [(0, "a", 0), (1, "a", 0), (2**32, "a", 0), (0, "b", 0), (0, "a", 1)]
    drawn = [noise(*key, range(4), (3,)) for key in keys]
    assert all(not torch.equal(a, b) for i, a in enumerate(drawn) for b in drawn[:i])


def test_moments() -> None:
    normal, uniform = (noise(0, "m", 0, range(4000), (25,), kind).double() for kind in ("normal", "uniform"))
    assert abs(normal.mean()) < 0.01
    assert normal.var().item() == pytest.approx(1, abs=0.02)
    assert uniform.var().item() == pytest.approx(1 / 3, abs=0.01)
    assert uniform.abs().max() <= 1


@pytest.mark.parametrize("batch", [1, 7, 64, 250])
def test_each_epoch_visits_every_sample_once_whatever_the_batch(batch: int) -> None:
    count, epochs = 100, 5
    steps = range(0, count * epochs, batch)
    batches = [visited(3, range(at, min(at + batch, count * epochs)), count) for at in steps]
    seen = np.concatenate(batches).reshape(epochs, count)
    assert (np.sort(seen, axis=1) == np.arange(count)).all()
    assert not (seen[0] == seen[1]).all()
    np.testing.assert_array_equal(seen.ravel(), visited(3, range(count * epochs), count))


def test_the_order_is_a_function_of_the_seed() -> None:
    assert not (visited(0, range(50), 50) == visited(1, range(50), 50)).all()


def test_numbers_of_numpy_are_numbers() -> None:
    expected = noise(3, "a", 2, range(5), (2,))
    assert torch.equal(noise(np.int64(3), "a", np.int64(2), list(np.arange(5)), (2,)), expected)  # type: ignore[arg-type]  # right at run time, wider on paper
