"""What the parts of a run promise one another, tried on two samples before training.

Nothing is drawn from a global generator, and no buffer changes: the networks are in evaluation mode.
"""

import torch
from omegaconf import DictConfig
from torch import Tensor

from saddle.callbacks.tracker import brief
from saddle.config.options import chosen
from saddle.data.base import Data
from saddle.models.base import CodedModel, GenerativeModel, evaluating
from saddle.models.learning import LearningModel, Player, call_network

COUNT = 2
"""Number of samples."""


def require_data(cfg: DictConfig, data: Data) -> None:
    """Refuse a data set whose samples are not those that it promises.

    Raises:
        ValueError: they are not float32 [2, *shape] and finite.
    """
    what = f"{chosen('data', cfg)}: {type(data).__name__}"
    try:
        x, shape = _reals(cfg, data), (COUNT, *data.shape)
    except AttributeError as error:
        if error.obj is not data:
            raise
        raise ValueError(
            f"{what} has no {error.name}: its constructor calls super().__init__(...), or sets it"
        ) from error
    _require(f"{what}.sample of 2 positions", x, shape, "x")
    if x.dtype != torch.float32:
        raise ValueError(f"{what}.sample returns {x.dtype}: convert it to float32")


def require_networks(cfg: DictConfig, model: GenerativeModel, data: Data) -> None:
    """Refuse a G that does not draw x, and a D that does not return one logit for each x.

    Raises:
        ValueError: a network fails, or its output has another shape, is no floating-point number, or is not finite.
    """
    for player in model.players if isinstance(model, LearningModel) else ():
        what = f"{chosen('network', cfg)}: the {player.name}"
        if player.name == "generator" and isinstance(model, CodedModel):
            codes = model.base_noise(range(COUNT), cfg.seed).cpu()
            _require(what, _output(what, player, model, codes), (COUNT, *data.shape), "x")
        elif player.name == "discriminator":
            _require(what, _output(what, player, model, _reals(cfg, data)), (COUNT, 1), "one logit for each x,")


def _reals(cfg: DictConfig, data: Data) -> Tensor:
    return data.sample(cfg.seed, range(COUNT), torch.device("cpu"))


def _output(what: str, player: Player, model: GenerativeModel, x: Tensor) -> Tensor:
    """The output of a network in evaluation mode; a layer that draws random numbers leaves no trace."""
    labels = None if model.classes is None else torch.zeros(COUNT, dtype=torch.int64)
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad(), evaluating(player.network):
            return call_network(player.network, x, labels)
    except Exception as error:  # torch has many, none of which names the network
        raise ValueError(f"{what} fails on an input {list(x.shape)}: {type(error).__name__}: {brief(error)}") from error


def _require(what: str, x: Tensor, shape: tuple[int, ...], meaning: str) -> None:
    if not isinstance(x, Tensor) or not x.is_floating_point():
        kind = x.dtype if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{what} returns {kind}: it must return a tensor of floating-point numbers")
    if x.shape != shape:
        raise ValueError(f"{what} returns {list(x.shape)}: it must return {meaning} {list(shape)}")
    if not x.isfinite().all():
        raise ValueError(f"{what} returns numbers that are not finite")
