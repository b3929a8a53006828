"""Tiny models of the generator alone, which train in milliseconds."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from saddle.models.autoencoder import Autoencoder
from saddle.models.fixed_code import FixedCode
from saddle.models.likelihood import Bernoulli, Gaussian
from saddle.models.regression import RegressionModel
from saddle.models.vae import VAE
from saddle.networks.base import initialised
from saddle.networks.mlp import MLPDiscriminator, MLPGenerator
from toy import SHAPE, player

CODE, BATCH = 4, 6


def built(make: Callable[..., RegressionModel], outputs: int = 0, classes: Any = None, **changed: Any) -> Any:
    """A model with tiny networks."""

    def networks() -> tuple[nn.Module, nn.Module]:
        told = None if classes is None else len(classes)
        generator = MLPGenerator(shape=SHAPE, code_size=CODE, classes=told, width=16, depth=1, bounded=True)
        encoder = MLPDiscriminator(shape=SHAPE, width=16, depth=1, classes=None, outputs=outputs or 1)
        return generator, encoder

    generator, encoder = initialised(lambda: nn.ModuleList(networks()), 0, "toy")
    adam = functools.partial(torch.optim.Adam, lr=3e-3, betas=(0.0, 0.99))
    learning = {"make_generator_optimizer": adam, "make_encoder_optimizer": adam}
    arguments: dict[str, Any] = {
        "generator": player("generator", generator, **learning),
        "classes": classes,
        "batch_size": BATCH,
        "code_size": CODE,
        "seed": 0,
        "average_half_life": 40.0,
        "average_ramp": 0.5,
    }
    if outputs:
        arguments["encoder"] = player("encoder", encoder, **learning)
    return make(**{**arguments, **changed})


FIXED: dict[str, Any] = {"samples": 37, "prior": "normal", "code_rate": 10.0, "codes_half_life": 100.0}
MODELS: dict[str, Callable[..., Any]] = {
    "random codes": functools.partial(built, FixedCode, **FIXED, codes="random"),
    "learned codes": functools.partial(built, FixedCode, **FIXED, codes="learned"),
    "autoencoder": functools.partial(built, Autoencoder, CODE, codes_half_life=100.0),
    "vae": functools.partial(built, VAE, 2 * CODE, likelihood=Gaussian(deviation=0.3), beta=1.0, constraint="kl"),
    "lecture's vae": functools.partial(
        built, VAE, 2 * CODE, likelihood=Bernoulli(margin=1e-4), beta=1.0, constraint="lecture"
    ),
}
