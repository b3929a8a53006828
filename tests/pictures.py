"""Images to measure, and an extractor that costs nothing."""

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate

from saddle.data.disk.imageset import ImageSet, StoredImages, digest_of
from saddle.data.pixels import to_uint8
from saddle.metrics.extractors.base import Classifier, Extractor
from saddle.noise import generator


def pictures(name: str, count: int, size: int, channels: int = 3) -> Tensor:
    """Smooth random images, far from black and white."""
    coarse = generator("test pictures", name).uniform(-0.5, 0.5, (count, channels, 6, 6))
    return to_uint8(interpolate(torch.from_numpy(coarse), size=(size, size), mode="bilinear"))


def image_set(images: Tensor) -> ImageSet:
    """These images as a set with a digest of their content."""
    return StoredImages(digest=digest_of(images.numpy()), shape=images.shape, load=lambda: images)


class Thumbnail(Extractor):
    """Images of 4 x 4 averages, as features; counts what it is shown."""

    name = "thumbnail"
    frechet_name = "fd_thumbnail"
    kernel_name = "kd_thumbnail"
    num_features = 48
    digest = "0" * 16
    resize = "averaged to 4 x 4"
    channels = 3

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(()), requires_grad=False)
        self.shown = 0

    def features(self, images: Tensor) -> Tensor:
        self.shown += len(images)
        return adaptive_avg_pool2d(images * self.scale, 4).flatten(1)


class Judge(Thumbnail, Classifier):
    """The same features, of which the first ten are the logits of ten classes; called as Inception is."""

    name, frechet_name, kernel_name = "judge", "fid", "kid"

    def logits(self, features: Tensor) -> Tensor:
        return features[:, :10] / 25
