"""Why a folder's pictures cannot be used, in words, with what would help."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from saddle.data.disk.decoding import too_small
from saddle.data.disk.files import PICTURES, Listing, readable

NAMED = 50
"""Files that an error names, each with its reason; it counts the others, by the reasons that most of them have."""
EXAMPLES = 20
"""Files that it names where all have one reason."""
SIZES = 5
"""Sizes, or reasons of files that it does not name, that an error names."""
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
        lines = _named(left_out)
        self.small = any((size := sizes.get(path)) and too_small(size, shape) for path in left_out)
        """Whether some are only too small."""
        self.others = len(left_out) < count
        """Whether the folder has pictures besides."""
        if self.small:
            lines.append(_resolutions([size for size in sizes.values() if size]))
        if not self.others:
            lines.append("skipping them leaves nothing")
        heading = f"{len(left_out):,} of {count:,} pictures in {root} cannot be used:"
        super().__init__("\n  ".join([heading, *lines]))


def _named(left_out: Mapping[str, str]) -> list[str]:
    """Lines that name the files: each with its reason, or the one reason of all with examples."""
    reasons = set(left_out.values())
    shared = len(left_out) > 1 and len(reasons) == 1
    most = EXAMPLES if shared else NAMED
    every = sorted(left_out.items())
    files, rest = every[:most], Counter(reason for _, reason in every[most:])
    lines = [readable(path) if shared else f"{readable(path)}: {reason}" for path, reason in files]
    if shared:
        lines.insert(0, f"all for one reason: {reasons.pop()}")
    if rest:
        counts = [f"{reason} ({count:,})" for reason, count in rest.most_common(SIZES)]
        counts += ["others"] if len(rest) > SIZES else []
        lines.append(f"and {rest.total():,} more" + ("" if shared else f": {'; '.join(counts)}"))
    return lines


def _resolutions(sizes: Sequence[tuple[int, int]]) -> str:
    """Which resolutions would fit pictures of these sizes without enlarging them."""
    width, height = max(sizes, key=lambda size: (min(size), max(size)))
    some, every = min(width, height), min(map(min, sizes))
    fitting = f"resolution={some} fits all" if some == every else f"resolution={some} fits some, resolution={every} all"
    return f"the largest picture has {width} x {height} pixels: {fitting}"


def several_sizes(root: Path, sizes: Sizes) -> str:
    """Pictures that should be of one size are not."""
    counts = Counter(size for size in sizes.values() if size)
    shown = [f"{count:,} of {width} x {height}" for (width, height), count in counts.most_common(SIZES)]
    if len(counts) > SIZES:
        shown.append(f"and {len(counts) - SIZES:,} other sizes")
    return f"{root} has pictures of several sizes: {', '.join(shown)}; set resolution=R to cut and resize all to R x R"


def no_class_folders(root: Path, paths: Sequence[str]) -> str:
    """The folder of a picture cannot be its label."""
    outside = [path for path in paths if "/" not in path]
    found = (
        f"{len(outside):,} of {len(paths):,} pictures lie in no folder of it, such as {readable(outside[0])}"
        if outside
        else f"all of its pictures lie in {readable(paths[0].partition('/')[0])}/"
    )
    return (
        f"labels=true wants the pictures of each class in a folder of their own: {root}/CLASS/...; but {found}. "
        "Sort them into folders, two or more, or train without labels"
    )


def no_pictures(root: Path, found: Listing) -> str:
    """A folder has none; it says what it has."""
    suffixes = ", ".join(f"{count:,} {suffix}" for suffix, count in found.suffixes().most_common(5))
    there = f"it has other files: {suffixes}" if suffixes else "it is empty"
    return f"{root} has no pictures ({' '.join(PICTURES)}); {there}"
