"""Images that a set holds more than once."""

from collections.abc import Callable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from saddle.storage import cached

BATCH = 1_000
"""Images that are in memory at a time."""


def copies(digest: str, count: int, images: Callable[[NDArray[np.int64]], Tensor]) -> int:
    """The number of images whose pixels are those of an earlier image; stored in the cache on disk.

    Args:
        digest: hash of the pixels of all images.
        count: number of images.
        images: rows [n] -> images uint8 [n, channels, height, width].
    """

    def counted() -> dict[str, NDArray[np.int64]]:
        distinct: set[bytes] = set()
        for rows in np.split(np.arange(count), range(BATCH, count, BATCH)):
            pixels = images(rows).cpu().contiguous().numpy()
            distinct.update(blake2b(image.tobytes(), digest_size=16).digest() for image in pixels)
        return {"copies": np.array(count - len(distinct))}

    return int(cached(f"copies/{digest}", counted)["copies"])
