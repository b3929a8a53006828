"""Every penalty in conf/penalty in the game: when it counts, how much, with which numbers, and what it leaves of D."""

import copy
import functools

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from options import CONF, build, options
from saddle.data.pixels import from_uint8
from saddle.noise import noise, visited
from saddle.penalties.base import Penalty
from saddle.penalties.weight_clipping import WeightClipping
from toy import Toy, game, play

PENALTIES = [name for name in options("penalty") if name != "none"]
K, BATCH = 3, 6


@pytest.mark.parametrize("name", PENALTIES)
def test_a_game_with_a_penalty_is_the_plain_loop(name: str) -> None:
    """Bit for bit, with the penalty in every second of D's steps, counted over all updates, where it can be lazy.

    It then counts twice, so that its mean gradient stays; its numbers are those of the step; after each of D's steps
    the weights are brought back. An odd k tells the steps of a run from those of an update.
    """
    updates, softplus = 3, nn.functional.softplus
    every = 2 if "every" in OmegaConf.load(CONF / "penalty" / f"{name}.yaml") else 1
    penalty: Penalty = build("penalty", name, **({"every": every} if every > 1 else {}))
    model = game(penalty=copy.deepcopy(penalty), d_steps=K)
    g, d = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    of_d, of_g = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (d, g))
    images = from_uint8(Toy().train.pixels)

    def draw(step: int, stream: str, shape: tuple[int, ...], distribution: str) -> Tensor:
        return noise(0, f"penalty {stream}", step, range(BATCH), shape, distribution)

    for update in range(updates):
        for step in range(update * K, (update + 1) * K):
            real = images[torch.from_numpy(visited(0, range(step * BATCH, (step + 1) * BATCH), len(images)))]
            fake = g(noise(0, "discriminator", step, range(BATCH), (4,))).detach()
            logits_real, logits_fake = d(torch.cat([real, fake])).squeeze(1).split(BATCH)
            loss = softplus(-logits_real).mean() + softplus(logits_fake).mean()
            if step % every == 0:
                numbers = functools.partial(draw, step)
                loss = loss + every * penalty(lambda x: d(x).squeeze(1), real, fake, logits_real, logits_fake, numbers)
            of_d.zero_grad()
            loss.backward()
            of_d.step()
            penalty.project(d)
        of_g.zero_grad()
        softplus(-d(g(noise(0, "generator", update, range(BATCH), (4,))))).mean().backward()
        of_g.step()
    play(model, updates)
    for played, plain in ((model.generator, g), (model.discriminator, d), (model.penalty, penalty)):
        assert played is not None
        assert all(map(torch.equal, played.state_dict().values(), plain.state_dict().values()))


def test_clipped_weights_lie_in_the_box_and_some_on_its_border() -> None:
    """After every update; they begin in a box of twice the size and more."""
    for updates in (1, 2, 3):
        model = play(game(penalty=WeightClipping(limit=2**-4), d_steps=1), updates)
        extremes = [parameter.abs().max().item() for parameter in model.discriminator.parameters()]
        assert extremes[:-1] == 3 * [2**-4]  # two layers, less the last bias, a single number
        assert extremes[-1] <= 2**-4
