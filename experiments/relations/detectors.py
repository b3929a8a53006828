"""D alone against faces whose two sides do not belong together: each part is right, their relation is wrong."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from saddle.data.faces.dataset import CATEGORIES, draw_factors, render_faces
from saddle.data.pixels import from_uint8, grid
from saddle.losses.minimax import Minimax
from saddle.models.discriminating import as_logits, scoring
from saddle.networks.base import initialised
from saddle.networks.dcgan import DCGANDiscriminator
from saddle.networks.mlp import MLPDiscriminator
from saddle.noise import generator

SIDE, HELD_OUT, BATCH, UPDATES = 32, 1_000, 64, 200
"""Pixels, held-out faces, faces in a step (each whole and spoilt), steps."""
COUNTS = (300, 3_000)
SEEDS = (0, 1, 2)
RATE = 1e-3
"""Learning rate of Adam, of both networks."""
RELATIONS = {
    "eyes of two colours": "eye_colour",
    "hair of two colours": "hair_colour",
}
"""Relation -> the factor in which the left side is another face's. Eyes are apart; hair touches."""
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "CNN": lambda: DCGANDiscriminator(
        channels=3, resolution=SIDE, width=32, widest=512, norm="none", classes=None, biases=True, outputs=1
    ),
    "MLP": lambda: MLPDiscriminator(shape=[3, SIDE, SIDE], width=256, depth=2, classes=None, outputs=1),
}
Reading = dict[str, Any]
"""Relation, network, number of faces, seed, and in which share of held-out pairs D prefers the whole face."""


def measured(most: int) -> list[Reading]:
    """Every relation, network, number of faces and seed, after at most `most` steps."""
    readings = []
    for relation in RELATIONS:
        for network in NETWORKS:
            for count in COUNTS:
                for seed in SEEDS:
                    share = _preferred(network, relation, count, seed, min(UPDATES, most))
                    readings.append(
                        {"relation": relation, "network": network, "faces": count, "seed": seed, "share": share}
                    )
                print(f"{relation}, {network}, {count} faces: {share:.2f}", flush=True)
    return readings


@cache
def pairs(relation: str, stream: str, count: int) -> tuple[Tensor, Tensor]:
    """Whole faces and the same with another colour on the left: uint8 [count, 3, SIDE, SIDE] each."""
    factors = draw_factors(0, f"relations {stream}", range(count))
    others = draw_factors(0, f"relations, other sides, {stream}", range(count))
    name = RELATIONS[relation]
    colours = len(CATEGORIES[name])
    shift = others[name] % (colours - 1) + 1  # the next colour or a later one, never the same
    others = {**factors, name: (factors[name] + shift) % colours}
    whole, spoilt = render_faces(factors, SIDE), render_faces(others, SIDE)
    spoilt[..., SIDE // 2 :] = whole[..., SIDE // 2 :]
    return torch.from_numpy(whole), torch.from_numpy(spoilt)


def _preferred(network: str, relation: str, count: int, seed: int, updates: int) -> float:
    discriminator = initialised(NETWORKS[network], seed, "discriminator")
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=RATE, betas=(0.9, 0.99))
    whole, spoilt = (side[:count] for side in pairs(relation, "train", max(COUNTS)))
    draw, loss = generator(seed, "relations", count), Minimax()
    for _ in range(updates):
        rows, others = (torch.from_numpy(draw.integers(0, count, BATCH)) for _ in range(2))
        x = from_uint8(torch.cat([whole[rows], spoilt[others]]))  # [2 BATCH, 3, SIDE, SIDE]
        logits = as_logits(discriminator(x))
        optimizer.zero_grad()
        loss.discriminator(logits[:BATCH], logits[BATCH:]).backward()
        optimizer.step()
    with torch.no_grad(), scoring(discriminator) as critic:
        right, wrong = (critic(from_uint8(side)) for side in pairs(relation, "held out", HELD_OUT))
    return float((right > wrong).double().mean())


def examples(columns: int) -> Image.Image:
    """A row of whole faces, and one for each relation."""
    rows = [pairs(next(iter(RELATIONS)), "held out", HELD_OUT)[0][:columns].numpy()]
    rows += [pairs(relation, "held out", HELD_OUT)[1][:columns].numpy() for relation in RELATIONS]
    return grid(torch.from_numpy(np.concatenate(rows)), columns)
