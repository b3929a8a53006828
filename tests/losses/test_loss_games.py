"""Every loss in conf/loss in the game, and what a loss that compares fakes with reals is shown."""

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from options import build, options
from saddle.data.pixels import from_uint8
from saddle.losses.rpgan import RelativisticPairing
from saddle.noise import noise, visited
from toy import Toy, dcgan, game, mlp, play


@pytest.mark.parametrize("networks", [mlp, lambda: dcgan("spectral")], ids=["mlp", "dcgan"])
@pytest.mark.parametrize("name", options("loss"))
def test_every_loss_plays(name: str, networks: Any) -> None:
    model = play(game(networks, loss=build("loss", name)), 6)
    for network in (model.generator, model.discriminator):
        assert all(parameter.isfinite().all() for parameter in network.parameters())
    noted = model.pop_means()
    assert all(math.isfinite(noted[name]) for name in ("loss_discriminator", "loss_generator"))
    assert noted["gradient_generator"] > 0


@pytest.mark.parametrize("g_steps", [1, 2])
def test_a_relative_game_is_the_plain_loop(g_steps: int) -> None:
    """Bit for bit the loop of R3GAN's game: G's step sees reals of its own, and no gradient goes through them."""
    updates, batch, softplus = 5, 6, nn.functional.softplus
    model = game(loss=RelativisticPairing(), d_steps=1, g_steps=g_steps)
    g, d = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    of_d, of_g = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (d, g))
    images = from_uint8(Toy().train.pixels)

    def reals(start: int) -> Tensor:
        return images[torch.from_numpy(visited(0, range(start, start + batch), len(images)))]

    for update in range(updates):
        fake = g(noise(0, "discriminator", update, range(batch), (4,))).detach()
        logits = d(torch.cat([reals(update * batch), fake]))
        of_d.zero_grad()
        softplus(logits[batch:] - logits[:batch]).mean().backward()
        of_d.step()
        for step in range(update * g_steps, (update + 1) * g_steps):
            logits_fake = d(g(noise(0, "generator", step, range(batch), (4,))))
            logits_real = d(reals(-(step + 1) * batch)).detach()
            of_g.zero_grad()
            softplus(logits_real - logits_fake).mean().backward()
            of_g.step()
    play(model, updates)
    for played, plain in ((model.generator, g), (model.discriminator, d)):
        assert all(torch.equal(a, b) for a, b in zip(played.parameters(), plain.parameters(), strict=True))


def test_reals_of_both_players() -> None:
    """G asks for positions that D never sees, and D for the same whether or not G asks for any."""
    plain, relative = Toy(), Toy()
    play(game(d_steps=2, g_steps=2), 3, data=plain)
    play(game(d_steps=2, g_steps=2, loss=RelativisticPairing()), 3, data=relative)
    of_d, of_g = ([asked for asked in relative.asked if (asked.start >= 0) == first] for first in (True, False))
    assert of_d == plain.asked
    assert of_g == [range(-6 * step, -6 * (step - 1)) for step in range(1, 7)]


def test_the_sequence_of_epochs_has_no_beginning() -> None:
    """Before position 0 there are epochs, too, each a permutation of its own."""
    epochs = [visited(0, range(start, start + 50), 50) for start in (-100, -50, 0)]
    assert all(np.array_equal(np.sort(epoch), np.arange(50)) for epoch in epochs)
    assert not any(np.array_equal(epochs[i], epochs[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert np.array_equal(visited(0, range(-60, -40), 50), np.concatenate([epochs[0][-10:], epochs[1][:10]]))


def test_logits_of_reals_do_not_depend_on_fakes_under_batch_normalisation() -> None:
    """D's statistics of reals and of fakes stay apart in G's step, as they do in D's."""
    model = game(lambda: dcgan("batch", 16), loss=RelativisticPairing())
    images = torch.randn(2, 6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    real, fakes = images[0], images[1].requires_grad_()
    model.reals = lambda batch, size: real  # type: ignore[method-assign]  # a stand-in
    logits_real, logits_fake = model.generator_logits(fakes, None, 0)
    assert logits_real is not None
    assert not logits_real.requires_grad
    assert torch.allclose(logits_real, model.discriminator(real).squeeze(1))
    assert torch.allclose(logits_fake, model.discriminator(fakes).squeeze(1))
    other, _ = model.generator_logits(2 * fakes, None, 0)
    assert torch.equal(logits_real, other)  # type: ignore[arg-type]  # a tensor, for a relative loss
