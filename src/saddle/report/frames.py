"""Grids of samples side by side at the same updates, inside the page."""

import math
import struct
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from saddle.report.run import RunRecord, is_whole

MOST_BYTES = 24 * 2**20
"""Largest size of all grids together as PNG; base64 adds a third. Runs that do not fit are linked."""
MOST_POSITIONS = 9
"""Largest number of positions of the slider."""
FEWEST_POSITIONS = 2
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A grid in its stored size, and the positions of the slider at which it is shown."""

    updates: int
    positions: tuple[int, ...]
    uri: str
    width: int
    height: int


Strip = tuple[RunRecord, tuple[Picture, ...]]


@dataclass(frozen=True, kw_only=True)
class Frames:
    """The pictures that the slider moves through.

    Attributes:
        positions: the label of each position; the last is the end of each run, whatever its updates.
        strips: the runs on sight, each with its pictures.
        folded: the runs that are closed until one opens them, each with its pictures.
        linked: runs whose grids did not fit.
    """

    positions: tuple[str, ...]
    strips: tuple[Strip, ...]
    folded: tuple[Strip, ...]
    linked: tuple[RunRecord, ...]


def frames_of(runs: Sequence[RunRecord], folded: Sequence[RunRecord], most_bytes: int = MOST_BYTES) -> Frames:
    """The grids of `runs`; if they do not fit, the last runs are left out first. `folded` names runs not on sight."""
    drawn = [run for run in runs if run.grids]
    updates = _positions(drawn, most_bytes)
    strips: list[Strip] = []
    linked: list[RunRecord] = []
    room = most_bytes
    for run in drawn:
        wanted = _wanted(run, updates)
        size = sum(_size(run, at) for at in wanted)
        if size > room:
            linked.append(run)
            continue
        room -= size
        strips.append((run, tuple(filter(None, (_picture(run, at, positions) for at, positions in wanted.items())))))
    labels = (*(f"update {at:,}" for at in updates), "the end of each run")
    hidden = {run.job for run in folded}
    return Frames(
        positions=labels if strips else (),
        strips=tuple(strip for strip in strips if strip[0].job not in hidden),
        folded=tuple(strip for strip in strips if strip[0].job in hidden),
        linked=tuple(linked),
    )


def _positions(runs: Sequence[RunRecord], most_bytes: int) -> list[int]:
    """Updates at which most runs have a grid, evenly spaced on a logarithmic scale; fewer if the grids are large."""
    if not runs:
        return []
    counts = Counter(at for run in runs for at in run.grids)
    common = sorted(at for at in counts if 2 * counts[at] > len(runs)) or sorted(counts)
    of_one = sum(_size(run, max(run.grids)) for run in runs) or 1
    most = min(MOST_POSITIONS, max(FEWEST_POSITIONS, most_bytes // of_one)) - 1  # the last position is the end
    return _spread(common, most)


def _spread(updates: Sequence[int], most: int) -> list[int]:
    """At most `most` of the updates, including the first and the last."""
    if len(updates) <= most:
        return list(updates)
    if most == 1:
        return [updates[-1]]
    first, last = math.log1p(updates[1]) if most > 2 else 0.0, math.log1p(updates[-1])
    steps = max(1, most - 2)
    aims = [0.0, *(first + (last - first) * step / steps for step in range(steps + 1))] if most > 2 else [0.0, last]
    return sorted({min(updates, key=lambda at: abs(math.log1p(at) - aim)) for aim in aims})


def _wanted(run: RunRecord, updates: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Update of each grid of a run that is shown -> its positions."""
    wanted = {at: (index,) for index, at in enumerate(updates) if at in run.grids}
    last = max(run.grids)
    return wanted | {last: (*wanted.get(last, ()), len(updates))}


def _size(run: RunRecord, updates: int) -> int:
    try:
        return run.grids[updates].stat().st_size
    except OSError:
        return 0


def _picture(run: RunRecord, updates: int, positions: tuple[int, ...]) -> Picture | None:
    try:
        content = run.grids[updates].read_bytes()
    except OSError:  # a run that is resumed from an earlier state removes its later grids
        return None
    if not content.startswith(SIGNATURE) or len(content) < 24 or not is_whole(run.grids[updates]):
        return None
    width, height = struct.unpack(">II", content[16:24])  # the header chunk of a PNG begins with them
    uri = f"data:image/png;base64,{b64encode(content).decode()}"
    return Picture(updates=updates, positions=positions, uri=uri, width=width, height=height)
