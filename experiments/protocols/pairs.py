"""The pair of image sets that every protocol measures, and the ways in which protocols change it."""

from io import BytesIO

import numpy as np
import torch
from degrade import blur
from omegaconf import DictConfig
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from saddle.data.faces.dataset import Faces
from saddle.data.pixels import from_uint8
from saddle.noise import noise

SIDE = 299
"""Of the images that Inception computes on."""


def faces(size: int, count: int) -> tuple[Tensor, Tensor]:
    """Two sets of other faces, uint8 [count, 3, size, size] each: the reference, and what `spoilt` makes samples of."""
    data = Faces(shape=(3, size, size), train_count=count, test_count=count, seed=0, label=None, reference="test")
    return data.test.pixels, data.train.pixels


def spoilt(images: Tensor, settings: DictConfig) -> Tensor:
    """As a model may draw them: a little blurred and noisy, float in [-1, 1], not on the 256 levels of a file."""
    grain = noise(0, "grain", 0, range(len(images)), images.shape[1:]) * (settings.grain / 127.5)
    return (from_uint8(blur(images, settings.blur)) + grain).clamp(-1, 1)


def truncated(x: Tensor) -> Tensor:
    """To uint8 as a cast does it, half a level darker on average than rounded."""
    return ((x + 1) * 127.5).to(torch.uint8)


def compressed(images: Tensor, quality: int) -> Tensor:
    """Written as JPEG and read again."""
    return torch.stack([_through_jpeg(image, quality) for image in images])


def padded(images: Tensor, ranks: int) -> Tensor:
    """As torch's DistributedSampler deals `images` to ranks: the first ones again until every rank has as many."""
    return torch.cat([images, images[: -len(images) % ranks]])


def antialiased(images: Tensor) -> Tensor:
    """To 299 x 299 as torchmetrics does it by default: bilinear, antialiased, pixel centres on pixel centres."""
    size = (SIDE, SIDE)
    return interpolate(images.float(), size=size, mode="bilinear", align_corners=False, antialias=True)


def clean(images: Tensor) -> Tensor:
    """To 299 x 299 as clean-fid does it: PIL's bicubic filter on each channel in float (Parmar et al. 2022)."""
    resized = [[_bicubic(channel) for channel in image] for image in images.numpy()]
    return torch.from_numpy(np.array(resized)).clamp(0, 255)


def _bicubic(channel: np.ndarray) -> np.ndarray:
    picture = Image.fromarray(channel.astype(np.float32))  # mode F
    return np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _through_jpeg(image: Tensor, quality: int) -> Tensor:
    file = BytesIO()
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)
