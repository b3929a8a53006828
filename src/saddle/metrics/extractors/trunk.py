"""The small convolutional network behind the extractors that ship with the data sets."""

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

CELLS = 2
"""Each depth is averaged over CELLS x CELLS parts of the image: features know left from right and top from bottom."""


class Trunk(nn.Module):
    """Images to standardised features.

    A convolution at full resolution, then one per further width, each at half the resolution of the one before. The
    last two depths are averaged over 2 x 2 cells and joined: the deeper one sees whole shapes, the shallower one edges
    and grain, so that neither a displaced half nor a lost sharpness goes unseen. A linear map leads to the features,
    and a normalisation without parameters gives each of them mean 0 and variance 1 over the training images: the total
    variance of the real features is `num_features`, which is the scale that Frechet distances on them are read against.

    The first halving averages 2 x 2 pixels, the others are strides of the convolution. With strides alone tiles of
    3 pixels, which lie otherwise on the grid in each place, counted for more than tiles of 4.

    Args:
        channels: of the images.
        size: side of the images, in pixels.
        widths: channels at each resolution, from full resolution down; at least two.
        num_features: how many features come out.
    """

    def __init__(self, *, channels: int, size: int, widths: list[int], num_features: int) -> None:
        super().__init__()
        self.size = size
        inputs = [channels, *widths[:-1]]
        self.stages = nn.ModuleList(
            nn.Sequential(
                nn.AvgPool2d(2) if depth == 1 else nn.Identity(),
                nn.Conv2d(before, after, 3, stride=2 if depth > 1 else 1, padding=1, bias=False),  # normalised next
                nn.BatchNorm2d(after),
                nn.ReLU(),
            )
            for depth, (before, after) in enumerate(zip(inputs, widths, strict=True))
        )
        self.project = nn.Linear(CELLS**2 * (widths[-2] + widths[-1]), num_features)
        self.standardise = nn.BatchNorm1d(num_features, affine=False)

    def forward(self, x: Tensor) -> Tensor:
        """Features of images in [-1, 1]: [count, channels, size, size] to [count, num_features]."""
        return self.standardise(self.raw(x))

    def raw(self, x: Tensor) -> Tensor:
        """The features before they are standardised."""
        depths = []
        for stage in self.stages:
            x = stage(x)  # [count, width, size / 2^depth, size / 2^depth]
            depths.append(adaptive_avg_pool2d(x, CELLS).flatten(1))  # [count, width * CELLS^2]
        return self.project(torch.cat(depths[-2:], dim=1))
