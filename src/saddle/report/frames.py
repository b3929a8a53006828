"""Grids of samples side by side at the same updates, inside the page."""

import math
import struct
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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


@dataclass(frozen=True, kw_only=True)
class Strip:
    """The pictures of one run, under the name of its setting."""

    setting: str
    run: RunRecord
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, kw_only=True)
class Frames:
    """The pictures that the slider moves through.

    Attributes:
        positions: the label of each position; the last is the end of each run, whatever its updates.
        reals: pictures of real samples, each with a caption; of several data sets there are several.
        strips: the runs, those of one setting side by side.
        seeds: the seeds that can be chosen, and whether each is chosen at first.
        linked: runs whose grids did not fit.
    """

    positions: tuple[str, ...]
    reals: tuple[tuple[str, Picture], ...]
    strips: tuple[Strip, ...]
    seeds: Mapping[str, bool]
    linked: tuple[RunRecord, ...]


def frames_of(
    runs: Sequence[RunRecord], settings: Mapping[str, str], most_on_sight: int, most_bytes: int = MOST_BYTES
) -> Frames:
    """The grids of `runs`; if they do not fit, the last runs are left out first.

    Args:
        runs: the runs, the most important ones first.
        settings: job -> setting, in the order of the page.
        most_on_sight: largest number of grids that are all shown; of more, one seed of each setting is shown at first.
        most_bytes: room for the files of all grids.
    """
    drawn = [run for run in runs if run.grids]
    reals = _reals(drawn)
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
        pictures = (_picture(run.grids[at], at, positions) for at, positions in wanted.items())
        strips.append(Strip(setting=settings[run.job], run=run, pictures=tuple(filter(None, pictures))))
    order = list(settings)
    return Frames(
        positions=(*(f"update {at:,}" for at in updates), "the end of each run") if strips else (),
        reals=reals if strips else (),
        strips=tuple(sorted(strips, key=lambda strip: order.index(strip.run.job))),
        seeds=_seeds(strips, most_on_sight),
        linked=tuple(linked),
    )


def _seeds(strips: Sequence[Strip], most_on_sight: int) -> dict[str, bool]:
    """Seed -> whether it is chosen at first: all of them, or as many as it takes to see each setting."""
    chosen: set[str] = set()
    for strip in strips:
        own = {other.run.seed for other in strips if other.setting == strip.setting}
        if len(strips) <= most_on_sight or not chosen & own:
            chosen.add(strip.run.seed)
    seeds = sorted({strip.run.seed for strip in strips}, key=lambda seed: (len(seed), seed))
    return {seed: seed in chosen for seed in seeds}


def _reals(runs: Sequence[RunRecord]) -> tuple[tuple[str, Picture], ...]:
    """The distinct pictures of real samples; those of several data sets name the runs."""
    jobs: dict[str, list[str]] = {}
    pictures: dict[str, Picture] = {}
    for run in runs:
        if run.real is not None and (picture := _picture(run.real, 0, ())) is not None:
            jobs.setdefault(picture.uri, []).append(run.job)
            pictures[picture.uri] = picture
    if len(pictures) < 2:
        return tuple(("real data", picture) for picture in pictures.values())
    names = {uri: f"{own[0]}{f' and {len(own) - 1} more' * (len(own) > 1)}" for uri, own in jobs.items()}
    return tuple((f"real data of {names[uri]}", picture) for uri, picture in pictures.items())


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


def _picture(path: Path, updates: int, positions: tuple[int, ...]) -> Picture | None:
    try:
        content = path.read_bytes()
    except OSError:  # a run that is resumed from an earlier state removes its later grids
        return None
    if not content.startswith(SIGNATURE) or len(content) < 24 or not is_whole(path):
        return None
    width, height = struct.unpack(">II", content[16:24])  # the header chunk of a PNG begins with them
    uri = f"data:image/png;base64,{b64encode(content).decode()}"
    return Picture(updates=updates, positions=positions, uri=uri, width=width, height=height)
