"""Rendered anime-style faces with known factors: a data set of any resolution that needs no download."""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt
from tqdm import tqdm

from saddle.data.disk.imageset import StoredImages, digest_of
from saddle.data.drawing import Canvas, smooth
from saddle.data.faces import parts as parts
from saddle.data.faces.eyes import eyes
from saddle.data.faces.hair import FRINGES, back_hair, front_hair
from saddle.data.faces.ornaments import glasses, ornaments, wear
from saddle.data.faces.palette import BACKGROUNDS, EYE_COLOURS, HAIR_COLOURS, OUTFITS
from saddle.data.images import Images, Part, Split
from saddle.data.labels import Labels
from saddle.noise import noise
from saddle.storage import CHECKOUT, cached, folder

Factors = dict[str, NDArray[np.generic]]
"""Factor -> its value for each face, int64 or float32 [count]."""

Side = Annotated[int, Field(ge=8)]

VERSION = 13
"""Version of the drawing, raised whenever an image changes."""

BLOCK_PIXELS = 2**18
"""Number of pixels drawn together, few enough for a processor's cache. The last block is padded with its last face, so
that every image is computed by the same operations."""

PIECE = 4_096
"""Number of faces in a file of the cache."""

CATEGORIES: dict[str, tuple[str, ...]] = {
    "hair_colour": tuple(HAIR_COLOURS),
    "fringe": tuple(FRINGES),
    "eye_colour": tuple(EYE_COLOURS),
    "outfit": tuple(OUTFITS),
    "background": tuple(BACKGROUNDS),
    "pattern": parts.PATTERNS,
    "accessory": parts.ACCESSORIES,
}
"""Factor -> the names that its value is an index of. All values are equally likely, but half of the faces wear no
accessory."""

Category = Literal["hair_colour", "fringe", "eye_colour", "outfit", "background", "pattern", "accessory"]

CONTINUOUS = (
    "hair_length",
    "hair_volume",
    "eye_size",
    "eye_slant",
    "brow",
    "smile",
    "skin",
    "face_shape",
    "blush",
)
"""Factors with a uniform distribution on [0, 1]."""

FACTORS = (*CATEGORIES, *CONTINUOUS, "mouth", "tilt")
"""`mouth` (0 closed, 1 open) is the square of a uniform number: most mouths are nearly closed. `tilt` (1/2 upright) is
the mean of two: most heads are nearly upright."""

MOST_TILT = 0.085
"""Tangent of half the largest tilt: 9.7 degrees."""


def draw_factors(seed: int, stream: str, indices: Sequence[int]) -> Factors:
    """The factors of the faces `indices`: each row is a function of (seed, stream, index)."""
    uniform = noise(seed, stream, 0, indices, [len(FACTORS) + 1], "uniform").numpy() / 2 + 0.5
    columns = dict(zip((*FACTORS, "tilt again"), uniform.T, strict=True))
    table: Factors = {}
    for name, names in CATEGORIES.items():
        table[name] = np.minimum(columns[name] * len(names), len(names) - 1).astype(np.int64)
    table["accessory"] = np.maximum((columns["accessory"] * 8).astype(np.int64) - 3, 0)  # 1/2, 1/8, 1/8, 1/8, 1/8
    for name in CONTINUOUS:
        table[name] = columns[name].copy()
    table["mouth"] = columns["mouth"] ** 2
    table["tilt"] = (columns["tilt"] + columns["tilt again"]) / 2
    return table


def render_faces(factors: Factors, resolution: int) -> NDArray[np.uint8]:
    """The faces with these factors, each [count]: uint8 [count, 3, resolution, resolution]."""
    count = len(factors["tilt"])
    block = max(1, BLOCK_PIXELS // resolution**2)
    images = np.empty((count, 3, resolution, resolution), np.uint8)

    def draw(start: int) -> None:
        rows = np.minimum(np.arange(start, start + block), count - 1)
        drawn = _render({name: values[rows] for name, values in factors.items()}, resolution)
        images[start : start + block] = drawn[: count - start]

    with ThreadPoolExecutor(torch.get_num_threads()) as threads:  # numpy works outside the interpreter's lock
        list(threads.map(draw, range(0, count, block)))
    return images


def _render(factors: Factors, resolution: int) -> NDArray[np.uint8]:
    """The images of one block, painted back to front."""
    face = parts.Portrait(factors)
    turn = (face.factors["tilt"].astype(np.float32) * 2 - 1) * MOST_TILT
    canvas = Canvas(resolution=resolution, turn=turn, most=MOST_TILT, pivot=(0.0, 0.5))
    length, volume = face.column("hair_length"), face.column("hair_volume")
    parts.background(canvas, face)
    back_hair(canvas, length, volume).paint(face.hair)
    parts.body(canvas, face)
    hair = front_hair(canvas, face.index("fringe"), length, volume)
    shadow = smooth(1 - hair.distance / 0.07)
    parts.head(hair.window, face, shadow)
    parts.nose(canvas, face)
    parts.mouth(canvas, face)
    eyes(canvas, face)
    wear(canvas, face, "glasses", glasses)
    hair.paint(face.hair)
    parts.brows(canvas, face)
    ornaments(canvas, face)
    return (np.clip(canvas.pixels, 0, 1) * 255 + 0.5).astype(np.uint8)


class Faces(Images):
    """Rendered faces in the style of anime, with known factors.

    Args:
        shape: shape of an image, [3, resolution, resolution].
        train_count: number of images to train on.
        test_count: number of held-out images, which come from a separate stream.
        seed: seed of the factors.
        label: the factor that is the label; None for no labels.
        reference: the part that evaluations compare with.
    """

    name = "faces"

    def __init__(
        self,
        *,
        shape: tuple[Literal[3], Side, Side],
        train_count: PositiveInt,
        test_count: PositiveInt,
        seed: NonNegativeInt,
        label: Category | None,
        reference: Split,
    ) -> None:
        if len(shape) != 3 or shape[0] != 3 or shape[1] != shape[2] or shape[1] < 8:
            raise ValueError(f"data.shape is {list(shape)}, but faces are [3, r, r] with a resolution r of at least 8")
        self.shape = tuple(shape)
        self.counts = {"train": train_count, "test": test_count}
        self.seed = seed
        self.label = label
        self.reference = reference
        self._announced = False

    def factors(self, split: str) -> Factors:
        """The factors of every image of `split`, `train` or `test`: [count] each."""
        if split not in self.counts:
            raise ValueError(f"there is no split {split!r}; faces have train and test")
        return draw_factors(self.seed, f"faces/{split}", range(self.counts[split]))

    def labelled(self, part: Part) -> Labels | None:
        if self.label is None:
            return None
        return Labels(CATEGORIES[self.label], self.factors(part)[self.label].astype(np.int64))

    @cached_property
    def train(self) -> StoredImages:
        return self._part("train")

    @cached_property
    def test(self) -> StoredImages:
        return self._part("test")

    def _part(self, split: str) -> StoredImages:
        return StoredImages(
            digest=digest_of(self._key, split),
            shape=(self.counts[split], *self.shape),
            load=lambda: torch.from_numpy(self._images[split]),
        )

    @property
    def _key(self) -> str:
        train, test = self.counts.values()
        return f"faces/v{VERSION}_{self.shape[1]}px_{train}+{test}_seed{self.seed}"

    @cached_property
    def _images(self) -> dict[str, NDArray[np.uint8]]:
        """Part -> images, from the cache in pieces, so that what was drawn before an interruption is kept."""
        images = {split: np.empty((count, *self.shape), np.uint8) for split, count in self.counts.items()}
        factors = {split: self.factors(split) for split in self.counts}
        pieces = [
            (split, slice(start, min(start + PIECE, count)))
            for split, count in self.counts.items()
            for start in range(0, count, PIECE)
        ]
        with tqdm(
            total=sum(self.counts.values()),
            desc="faces",
            delay=2,
            leave=False,
            unit="img",
            file=sys.stderr,
            mininterval=0.2 if sys.stderr.isatty() else 30,  # seconds between two states in a log
        ) as bar:
            for split, rows in pieces:
                own = {name: values[rows] for name, values in factors[split].items()}
                images[split][rows] = cached(f"{self._key}/{split}_{rows.start}", partial(self._draw, own))["images"]
                bar.update(rows.stop - rows.start)
        return images

    def _draw(self, factors: Factors) -> dict[str, NDArray[np.uint8]]:
        if not self._announced:
            self._announced = True
            inside = CHECKOUT is not None and folder().is_relative_to(CHECKOUT)
            place = os.path.relpath(folder(), CHECKOUT) if inside else str(folder())
            what = f"{sum(self.counts.values()):,} faces at {self.shape[1]} x {self.shape[1]}"
            print(f"rendering {what} (once; kept in {place}/faces)", file=sys.stderr, flush=True)
        return {"images": render_faces(factors, self.shape[1])}
