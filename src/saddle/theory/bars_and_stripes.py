"""Bars and stripes: images so small that all of them can be enumerated (MacKay 2003, chapter 43)."""

import torch

from saddle.theory.discrete import Discrete

LARGEST = 10


def bars_and_stripes(side: int) -> Discrete:
    """Binary images [1, side, side] in {-1, 1} whose rows, or whose columns, are each of one colour.

    A direction is drawn with probability 1/2, then every row (or column) is dark or bright with probability 1/2. Of
    the 2^(side + 1) - 2 images the all dark and the all bright one come from both directions: they have probability
    2^-side, every other 2^-(side + 1). (Some authors give all images the same probability.)

    Raises:
        ValueError: side is not in 1 ... 10, beyond which there are too many images to enumerate.
    """
    if not 1 <= side <= LARGEST:
        raise ValueError(f"bars and stripes: the side has to be in 1 ... {LARGEST}, not {side}")
    bits = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * side).reshape(-1, side)  # [2^s, s]
    stripes = bits[:, None, :, None].expand(-1, 1, side, side)  # rows of one colour
    images = torch.cat([stripes, stripes.transpose(2, 3)])  # [2^(side + 1), 1, side, side]
    points, counts = images.unique(dim=0, return_counts=True)
    return Discrete(points=points, probabilities=counts.double() / len(images))
