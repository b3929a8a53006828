"""Images to transform, numbers to transform them by, and transformations of ADA that do nothing but what is asked."""

from typing import Any

import torch
from torch import Tensor

from saddle.augment.base import Augment
from saddle.augment.color import Color
from saddle.augment.geometry import Geometry
from saddle.noise import noise

COLOR = {"brightness": 0.0, "contrast": 0.0, "invert": False, "hue": 0.0, "saturation": 0.0, "share": 1.0}
GEOMETRY = {"flip": False, "turn": False, "shift": 0, "scale": 0, "rotation": 0, "stretch": 0, "translation": 0}


def images(count: int, channels: int = 3, height: int = 8, width: int = 8) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    return 2 * torch.rand(count, channels, height, width, generator=draw) - 1


def numbers(augment: Augment | Geometry | Color, indices: range, step: int = 0) -> Tensor:
    return noise(0, "test augment", step, indices, (augment.numbers,), "uniform")


def geometry(**changed: Any) -> Geometry:
    return Geometry(**{**GEOMETRY, **changed})


def color(**changed: Any) -> Color:
    return Color(**{**COLOR, **changed})
