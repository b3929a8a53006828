"""Why a folder's pictures cannot be used, in words, with what would help."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from saddle.data.decoding import too_small
from saddle.data.files import PICTURES, Listing, readable

NAMED = 1000
"""Files that an error names; it counts the others."""
SIZES = 20
"""Sizes that an error names."""
Sizes = Mapping[str, tuple[int, int] | None]
"""Path -> width and height of a picture; None for what is none."""


class UnusableError(ValueError):
    """Files that give no image.

    Args:
        root: the folder.
        count: of all pictures in it.
        left_out: path -> reason of those that give none.
        sizes: of the pictures that could be read.
        shape: of an image, [channels, height, width].
    """

    def __init__(
        self, root: Path, *, count: int, left_out: Mapping[str, str], sizes: Sizes, shape: Sequence[int]
    ) -> None:
        lines = [f"{readable(path)}: {reason}" for path, reason in sorted(left_out.items())[:NAMED]]
        if len(left_out) > NAMED:
            lines.append(f"and {len(left_out) - NAMED:,} more")
        self.small = any((size := sizes.get(path)) and too_small(size, shape) for path in left_out)
        """Whether some are only too small."""
        self.others = len(left_out) < count
        """Whether the folder has pictures besides."""
        if self.small:
            there = [size for size in sizes.values() if size]
            width, height = max(there, key=lambda size: (min(size), max(size)))
            lines.append(
                f"the largest picture has {width} x {height} pixels: resolution={min(width, height)} fits some, "
                f"resolution={min(map(min, there))} all"
            )
        heading = f"{len(left_out):,} of {count:,} pictures in {root} cannot be used:"
        super().__init__("\n  ".join([heading, *lines]))


def several_sizes(root: Path, sizes: Sizes) -> str:
    """Pictures that should be of one size are not."""
    counts = Counter(size for size in sizes.values() if size)
    shown = [f"{count:,} of {width} x {height}" for (width, height), count in counts.most_common(SIZES)]
    if len(counts) > SIZES:
        shown.append(f"and {len(counts) - SIZES:,} other sizes")
    return f"{root} has pictures of several sizes: {', '.join(shown)}; set resolution=R to cut and resize all to R x R"


def no_pictures(root: Path, found: Listing) -> str:
    """A folder has none; it says what it has."""
    suffixes = ", ".join(f"{count:,} {suffix}" for suffix, count in found.suffixes().most_common(5))
    there = f"it has other files: {suffixes}" if suffixes else "it is empty"
    return f"{root} has no pictures ({' '.join(PICTURES)}); {there}"
