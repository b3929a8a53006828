"""Messages that say why a folder's pictures cannot be used, and what would help."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from saddle.data.disk.decoding import too_small
from saddle.data.disk.files import Listing, readable
from saddle.pictures import FORMATS

NAMED = 50
"""Largest number of files that an error names with their reasons; it counts the others by reason."""
EXAMPLES = 20
"""Largest number of files that it names if all have the same reason."""
SIZES = 5
"""Largest number of sizes, or of reasons of further files, that an error names."""
RESOLUTIONS = (256, 128, 64, 32, 16, 8)
"""Resolutions that every network takes: others, which only some take, are not proposed."""
Sizes = Mapping[str, tuple[int, int] | None]
"""Path -> width and height of a picture; None for a file that is not a picture."""


class UnusableError(ValueError):
    """Some files cannot be used as images.

    Args:
        root: the folder.
        count: number of all pictures in the folder.
        left_out: path -> reason, for the files that cannot be used.
        sizes: path -> size, for the files that could be read.
        shape: shape of an image, [channels, height, width].
    """

    def __init__(
        self, root: Path, *, count: int, left_out: Mapping[str, str], sizes: Sizes, shape: Sequence[int]
    ) -> None:
        lines = _named(left_out)
        self.small = any((size := sizes.get(path)) and too_small(size, shape) for path in left_out)
        """Whether some pictures are only too small."""
        self.others = len(left_out) < count
        """Whether the folder has further pictures."""
        if self.small:
            lines.append(_resolutions([size for size in sizes.values() if size]))
        if not self.others:
            lines.append("skipping them leaves nothing")
        heading = f"{len(left_out):,} of {count:,} pictures in {root} cannot be used:"
        super().__init__("\n  ".join([heading, *lines]))


def _named(left_out: Mapping[str, str]) -> list[str]:
    """Lines that name the files, each with its reason, or one common reason with examples."""
    reasons = set(left_out.values())
    shared = len(left_out) > 1 and len(reasons) == 1
    most = EXAMPLES if shared else NAMED
    every = sorted(left_out.items())
    files, rest = every[:most], Counter(reason for _, reason in every[most:])
    lines = [readable(path) if shared else f"{readable(path)}: {reason}" for path, reason in files]
    if shared:
        lines.insert(0, f"all for one reason: {reasons.pop()}")
    if rest:
        lines.append(f"and {rest.total():,} more" + ("" if shared else f": {by_reason(rest)}"))
    return lines


def by_reason(reasons: Counter[str]) -> str:
    """The most frequent reasons, each with its number."""
    counts = [f"{reason} ({count:,})" for reason, count in reasons.most_common(SIZES)]
    return "; ".join([*counts, *(["others"] if len(reasons) > SIZES else [])])


def left_out_note(left_out: Mapping[str, str]) -> str:
    """A line on the files that gave no image."""
    return f"{len(left_out):,} files are left out: {by_reason(Counter(left_out.values()))}"


def _resolutions(sizes: Sequence[tuple[int, int]]) -> str:
    """The resolutions that fit pictures of these sizes without enlarging them."""
    width, height = max(sizes, key=lambda size: (min(size), max(size)))
    largest = f"the largest picture has {width} x {height} pixels"
    some, every = (_resolution_within(side) for side in (min(width, height), min(map(min, sizes))))
    if not some:
        return f"{largest}: no resolution fits, the smallest is {RESOLUTIONS[-1]}"
    if some == every:
        return f"{largest}: resolution={some} fits all"
    return f"{largest}: resolution={some} fits some" + (f", resolution={every} all" if every else "")


def _resolution_within(side: int) -> int | None:
    """The largest resolution that fits a picture whose shorter side this is; None if there is none."""
    return next((resolution for resolution in RESOLUTIONS if resolution <= side), None)


def several_sizes(root: Path, sizes: Sizes) -> str:
    """The message for pictures of several sizes where one size is needed."""
    counts = Counter(size for size in sizes.values() if size)
    shown = [f"{count:,} of {width} x {height}" for (width, height), count in counts.most_common(SIZES)]
    if len(counts) > SIZES:
        shown.append(f"and {len(counts) - SIZES:,} other sizes")
    return f"{root} has pictures of several sizes: {', '.join(shown)}; set resolution=R to cut and resize all to R x R"


def no_class_folders(root: Path, paths: Sequence[str]) -> str:
    """The message for pictures that are not sorted into class folders."""
    outside = [path for path in paths if "/" not in path]
    cause = (
        f"{len(outside):,} of {len(paths):,} pictures are in none, such as {readable(outside[0])}"
        if outside
        else f"all of its pictures are in {readable(paths[0].partition('/')[0])}/"
    )
    return (
        f"labels=true needs the pictures of each class in a separate folder, {root}/CLASS/..., but {cause}. "
        "Sort them into folders, two or more, or train without labels"
    )


def no_pictures(root: Path, listed: Listing) -> str:
    """The message for a folder without pictures, which lists its other files."""
    suffixes = ", ".join(f"{count:,} {suffix}" for suffix, count in listed.suffixes().most_common(5))
    there = f"it has other files: {suffixes}" if suffixes else "it is empty"
    return f"{root} has no pictures ({FORMATS}); {there}"
