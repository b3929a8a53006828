"""A tiny game that trains in milliseconds."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from pytorch_lightning import Callback, Trainer
from torch import Tensor, nn

from saddle.data.base import Data
from saddle.data.disk.imageset import StoredImages
from saddle.data.images import Images
from saddle.data.labels import Labels
from saddle.engine.training import train
from saddle.losses.base import Loss
from saddle.losses.nonsaturating import NonSaturating
from saddle.models.base import GenerativeModel
from saddle.models.gan import GAN
from saddle.models.learning import Player
from saddle.networks.base import initialised
from saddle.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from saddle.networks.mlp import MLPDiscriminator, MLPGenerator
from saddle.schedules.constant import Constant

SHAPE = [1, 8, 8]


class Toy(Images):
    """Random images that remember who asked for them."""

    name = "toy"
    shape = tuple(SHAPE)
    reference = "test"

    def __init__(self, count: int = 37) -> None:
        draw = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (count, *SHAPE), dtype=torch.uint8, generator=draw)
        self._images = StoredImages(digest="toy", shape=images.shape, load=lambda: images)
        self.asked: list[range] = []

    @property
    def train(self) -> StoredImages:
        return self._images

    @property
    def test(self) -> StoredImages:
        return self._images

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        self.asked.append(positions)
        return super().sample(seed, positions, device)


class LabelledToy(Toy):
    """The same with three classes, of 19, 12 and 6 images."""

    def labelled(self, part: str) -> Labels:
        return Labels(("cat", "dog", "1"), np.array([0, 1, 0, 2, 0, 1] * 6 + [0])[: len(self.train)])


def mlp(classes: int | None = None) -> tuple[nn.Module, nn.Module]:
    generator = MLPGenerator(shape=SHAPE, code_size=4, classes=classes, width=16, depth=1, bounded=True)
    return generator, MLPDiscriminator(shape=SHAPE, width=16, depth=1, classes=classes, outputs=1)


def dcgan(norm: Any = "none", resolution: Any = 8, classes: int | None = None) -> tuple[nn.Module, nn.Module]:
    sizes: dict[str, Any] = {"channels": 1, "resolution": resolution, "classes": classes, "width": 4, "widest": 8}
    sizes["biases"] = True
    return DCGANGenerator(code_size=4, **sizes), DCGANDiscriminator(norm=norm, outputs=1, **sizes)


def game(networks: Callable[[], tuple[nn.Module, nn.Module]] = mlp, **changed: Any) -> GAN:
    generator, discriminator = initialised(lambda: nn.ModuleList(networks()), 0, "toy")
    loss: Loss = NonSaturating()
    arguments: dict[str, Any] = {
        "loss": loss,
        "penalty": None,
        "augment": None,
        "classes": None,
        "batch_size": 6,
        "generator_batch_size": None,
        "d_steps": 2,
        "g_steps": 1,
        "code_size": 4,
        "prior": "normal",
        "seed": 0,
        "average_half_life": 40.0,
        "average_ramp": 0.5,
    }
    learning = {name: changed.pop(name) for name in list(changed) if name not in arguments}
    return GAN(
        generator=player("generator", generator, **learning),
        discriminator=player("discriminator", discriminator, **learning),
        **{**arguments, **changed},
    )


def player(name: Any, network: nn.Module, **learning: Any) -> Player:
    """Learns as told: make_generator_optimizer, generator_schedule, generator_clip_norm, compiled."""
    adam = functools.partial(torch.optim.Adam, lr=1e-3, betas=(0.5, 0.999))
    return Player(
        name=name,
        network=network,
        make_optimizer=learning.get(f"make_{name}_optimizer", adam),
        schedule=learning.get(f"{name}_schedule", Constant(warm_up=0)),
        clip_norm=learning.get(f"{name}_clip_norm"),
        compiled=learning.get("compiled", False),
    )


Model = TypeVar("Model", bound=GenerativeModel)


def play(model: Model, updates: int, *callbacks: Callback, data: Data | None = None, every: int = 3) -> Model:
    """Train for `updates` on the CPU in float32."""
    trainer = Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=1,
        logger=False,
        callbacks=list(callbacks),
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    train(model=model, data=data or Toy(), trainer=trainer, updates=updates, every=[every])
    return model
