"""Extractors small enough to ship with the package: one safetensors file each, under 1 MB."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.nn.functional import interpolate

from saddle.metrics.extractors.base import Extractor
from saddle.metrics.extractors.trunk import Trunk
from saddle.storage import weights_file

COUNTER = "num_batches_tracked"
"""A buffer of batch normalisation that only training reads; it is not stored."""


class _Architecture(BaseModel):
    """What a file may state; a network outside these bounds is not small, and may not fit into memory."""

    model_config = ConfigDict(strict=True, extra="forbid")
    channels: Literal[1, 3]
    size: Annotated[int, Field(ge=4, le=512)]
    widths: Annotated[list[Annotated[int, Field(ge=1, le=2048)]], Field(min_length=2, max_length=8)]
    num_features: Annotated[int, Field(ge=1, le=4096)]


class _Stated(BaseModel):
    architecture: _Architecture


class SmallExtractor(Extractor):
    """A `Trunk` with the weights, and of the architecture, that its file states.

    Images of another size than the trunk's own are resized by antialiased bilinear interpolation, in float, without
    rounding. `experiments/extractors/train.py` makes the files that ship; `information` is what it wrote into them.

    Args:
        name: suffix of the metrics measured with it.
        weights: a bare file name ships with the package; a path with a folder in it is the user's.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not say which architecture it holds, or holds another.
    """

    def __init__(self, *, name: str, weights: str) -> None:
        super().__init__()
        path = weights_file(weights)
        self.name = name
        self.frechet_name, self.kernel_name = f"fd_{name}", f"kd_{name}"
        self.digest = sha256(path.read_bytes()).hexdigest()[:16]
        self.information, tensors = _read(path)
        architecture = self.information["architecture"]
        self.channels = architecture["channels"]
        self.num_features = architecture["num_features"]
        self.resize = f"bilinear, antialiased, to {architecture['size']} x {architecture['size']}"
        trunk = _filled(architecture, tensors, path)
        self.trunk = trunk.to(memory_format=torch.channels_last)  # a third faster on a CPU
        self.requires_grad_(False)
        self.eval()

    def features(self, images: Tensor) -> Tensor:
        size = self.trunk.size
        if images.shape[-2:] != (size, size):
            images = interpolate(images, size=(size, size), mode="bilinear", align_corners=False, antialias=True)
        images = images.contiguous(memory_format=torch.channels_last)
        return self.trunk(images / 127.5 - 1)  # [count, num_features]


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What the file says of itself, and its tensors as float32."""
    try:
        with safe_open(path, framework="pt") as file:
            stated = (file.metadata() or {})["extractor"]
            _Stated.model_validate_json(stated)
            return json.loads(stated), {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118  # a file is no mapping
    except (SafetensorError, KeyError, ValueError) as error:
        raise ValueError(
            f"extractor.weights: {path} does not say which network it holds ({_reason(error)}); "
            "experiments/extractors/train.py writes safetensors files with an entry `extractor` in their metadata"
        ) from None


def _reason(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return repr(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc'])) or 'extractor'}: {first['msg']}"


def _filled(architecture: dict[str, Any], tensors: dict[str, Tensor], path: Path) -> Trunk:
    with torch.device("meta"):  # no memory and, above all, no draw from the global generator
        trunk = Trunk(**architecture)
    try:
        counters = {key: torch.zeros((), dtype=torch.long) for key in trunk.state_dict() if key.endswith(COUNTER)}
        trunk.load_state_dict(tensors | counters, strict=True, assign=True)
    except RuntimeError as error:
        raise ValueError(f"extractor.weights: {path} does not hold the network that it announces: {error}") from error
    return trunk
