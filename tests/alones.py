"""A tiny discriminator that generates by itself, which trains in milliseconds."""

from typing import Any

from torch import nn

from saddle.losses.nonsaturating import NonSaturating
from saddle.models.discriminator import DiscriminatorAlone
from saddle.networks.base import initialised
from saddle.networks.mlp import MLPDiscriminator
from saddle.search.langevin import Langevin
from saddle.search.replay_buffer import ReplayBuffer
from toy import SHAPE, player

BATCH = 6


def found(shape: list[int] = SHAPE, **changed: Any) -> ReplayBuffer:
    """Negatives that are searched for."""
    arguments: dict[str, Any] = {"steps": 3, "buffer": 20, "fresh": 0.2, "batch_size": BATCH, "seed": 0}
    return ReplayBuffer(shape=shape, **{**arguments, **changed})


def alone(shape: list[int] = SHAPE, width: int = 16, network: nn.Module | None = None, **changed: Any) -> Any:
    """The model with a tiny network; `negatives` are of its batch size unless they are given."""
    made = network or initialised(
        lambda: MLPDiscriminator(shape=shape, width=width, depth=2, classes=None, outputs=1), 0, "toy"
    )
    learning = {name: changed.pop(name) for name in list(changed) if "discriminator_" in name}
    batch_size = changed.get("batch_size", BATCH)
    arguments: dict[str, Any] = {
        "loss": NonSaturating(),
        "penalty": None,
        "search": Langevin(step=0.5, temperature=1e-3, limit=None, bounded=True),
        "negatives": found(shape, batch_size=batch_size) if "negatives" not in changed else None,
        "sample_steps": 7,
        "shape": shape,
        "batch_size": batch_size,
        "d_steps": 1,
        "seed": 0,
        "average_half_life": 40.0,
        "average_ramp": 0.5,
    }
    return DiscriminatorAlone(discriminator=player("discriminator", made, **learning), **{**arguments, **changed})
