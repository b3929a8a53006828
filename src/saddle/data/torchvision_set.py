"""The sets of torchvision: published images in the files in which they were published."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from inspect import signature
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from pydantic import PositiveInt

from saddle.data.disk.contents import ImageRoot
from saddle.data.disk.decoding import VERSION, UndecodableError, fitted
from saddle.data.disk.files import listing
from saddle.data.disk.imageset import StoredImages, digest_of
from saddle.data.disk.parallel import in_parallel
from saddle.data.disk.pixelfile import PixelFile, mapped, pixel_digest
from saddle.data.images import Images, Part, Split
from saddle.data.labels import Labels
from saddle.storage import socket_timeout

Selection = dict[str, bool | int | str]
OURS = ("root", "download", "transform", "target_transform", "transforms", "loader")
"""Arguments of torchvision's classes that select no part of a set."""
PATIENCE = 10.0
"""Seconds that a download waits for an answer."""


class TorchvisionSet(Images):
    """A set of images that torchvision can fetch, decoded as in `saddle.data.disk`; small images are enlarged.

    Thus 28 x 28 digits at a resolution of 32 are enlarged as any picture would be (others pad them with black; a number
    compares with theirs only where both did the same), and the 178 x 218 of CelebA lose above and below, not their
    sides. The images are read when they are first asked for, and kept decoded under the contents of the set's files.

    Args:
        dataset: the name of its class in `torchvision.datasets`.
        root: the folder of all such sets.
        folder: where below `root` the files of this set lie, as torchvision has it.
        download: whether torchvision may fetch files that are not there.
        shape: of an image, [channels, height, width], with 1 or 3 channels.
        train: the arguments of the class that select the images to train on.
        test: those that select the held-out images; None for none.
        label: what a label says: `target`, the class that the set was published with; None: nothing.
        reference: the part that evaluations compare with.

    Raises:
        ValueError: the shape is none of an image.
    """

    def __init__(
        self,
        *,
        dataset: str,
        root: Path,
        folder: str,
        download: bool,
        shape: tuple[Literal[1, 3], PositiveInt, PositiveInt],
        train: Selection,
        test: Selection | None,
        label: Literal["target"] | None,
        reference: Split,
    ) -> None:
        if len(shape) != 3 or shape[0] not in (1, 3) or min(shape) < 1:
            raise ValueError(f"data.shape is {list(shape)}, but images are [channels, height, width], 1 or 3 channels")
        self.name = dataset
        self.shape = tuple(shape)
        self.label = label
        self.reference = reference
        self._source = _Source(dataset, Path(root).expanduser(), folder, download)
        self._selections: dict[Part, Selection | None] = {"train": train, "test": test}

    @cached_property
    def train(self) -> StoredImages:
        return self._part(self._selections["train"] or {})

    @cached_property
    def test(self) -> StoredImages | None:
        selection = self._selections["test"]
        return None if selection is None else self._part(selection)

    def labelled(self, part: Part) -> Labels | None:
        """The published classes, kept beside the decoded images.

        Raises:
            ValueError: the set has none, or its files are missing or damaged.
        """
        if self.label is None:
            return None
        self.split(part)  # after which the set's files are there
        source, selection = self._source, self._selections[part] or {}
        with source.place.alone():
            name = f"{self._name(selection)}-labels"
            stored = source.place.recall(name)
            if not stored:
                stored = self._published(source.opened(selection))
                source.place.remember(name, stored)
        return Labels(tuple(stored["names"]), np.array(stored["values"], dtype=np.int64))

    def _published(self, opened: Any) -> dict[str, Any]:
        """What torchvision's object knows of the classes."""
        known = [_attribute(opened, name) for name in ("targets", "labels")]
        values = np.asarray(next((labels for labels in known if len(labels)), ()))
        if values.shape != (len(opened),):
            raise ValueError(f"data.label=target: {self.name} was published without classes; set data.label=null")
        names = _attribute(opened, "classes") or [str(number) for number in range(int(values.max()) + 1)]
        return {"names": list(names), "values": values.tolist()}

    def _part(self, selection: Selection) -> StoredImages:
        """The images that `selection` selects.

        Raises:
            ValueError: the set or the selection does not exist, or its files are missing or damaged.
        """
        source = self._source
        with source.place.alone():
            images = self._stored(selection)
            if images is None:
                opened = source.opened(selection)  # after which its files are there
                self._make(opened, self._name(selection))
                images = self._stored(selection)
        if images is None:
            raise ValueError(f"{source.place.root} changed while it was read; begin again when nothing writes to it")
        return images

    def _name(self, selection: Selection) -> str:
        """Under which name the cache has the images: it changes with the files, not with where they lie."""
        return digest_of(VERSION, self.name, sorted(selection.items()), self.shape, self._source.contents())

    def _stored(self, selection: Selection) -> StoredImages | None:
        place, name = self._source.place, self._name(selection)
        record = place.recall(name)
        pixels = mapped(place.pixels(name), (record.get("count", 0), *self.shape))
        if pixels is None:
            return None
        return StoredImages(digest=record["digest"], shape=pixels.shape, load=lambda: pixels)

    def _make(self, opened: Any, name: str) -> None:
        def fill(row: int) -> None:
            image = opened[row][0]
            if not isinstance(image, Image.Image):
                raise ValueError(f"data.dataset={self.name}: its samples are no pictures")
            try:
                file.write(row, fitted(image, self.shape, enlarge=True))
            except (UndecodableError, OSError) as error:
                raise ValueError(f"image {row} of {self.name} in {self._source.place.root}: {error}") from None

        place, count = self._source.place, len(opened)
        with PixelFile(path=place.pixels(name), scratch=place.scratch, shape=self.shape) as file:
            in_parallel(fill, range(count), f"decoding {count:,} images of {self.name}")
            file.gather(range(count))
        place.remember(name, {"count": count, "digest": pixel_digest(place.pixels(name))})


class _Source:
    """The files of a set, and torchvision's class that reads them."""

    def __init__(self, dataset: str, root: Path, folder: str, download: bool) -> None:
        self.dataset, self.root, self.folder, self.download = dataset, root, folder, download
        self.place = ImageRoot(root / folder)

    def contents(self) -> list[tuple[str, str]]:
        """Path and content of every file of the set that is there."""
        if not self.place.root.is_dir():
            return []
        contents, _ = self.place.contents(listing(self.place.root).files)
        return [(path, content.hash) for path, content in contents.items()]

    def opened(self, selection: Mapping[str, Any]) -> Any:
        """torchvision's own object for a part of the set: `[i][0]` is a picture."""
        kind = _vision_dataset(self.dataset)
        takes = [name for name in signature(kind).parameters if name not in OURS]
        for name in selection.keys() - set(takes):
            raise ValueError(f"{self.dataset} has no argument {name} that selects a part; it takes {', '.join(takes)}")
        if self.root.is_file():
            raise ValueError(f"data.root={self.root} is a file; it should be the folder in which {self.folder}/ lies")
        if self.download and not self.place.root.is_dir():
            print(f"fetching {self.dataset} into {self.place.root} (once)", file=sys.stderr)
        try:
            with _no_empty_folders(self.place.root), socket_timeout(PATIENCE):
                return kind(root=str(self.root), download=self.download, **selection)
        except Exception as error:  # whatever networks, archives and damaged files make of it
            raise ValueError(self._missing(kind, error)) from None

    def _missing(self, kind: type, error: Exception) -> str:
        reason = " ".join(str(error).split()).partition(" You can use download=True")[0]
        files = "\n".join(f"  {self.folder}/{line}" for line in map(self._found, _files(kind) or [""]))
        download = (
            "data.download=true could not fetch what is missing"
            if self.download
            else "or set data.download=true, which fetches what is missing"
        )
        return (
            f"{self.dataset} cannot be had from data.root={self.root}: {reason or type(error).__name__}\n"
            f"it needs these files below {self.root.absolute()}, out of their archives:\n{files}\n{download}"
        )

    def _found(self, name: str) -> str:
        """A file as it is called once it is out of its archive, and what there is of it."""
        unpacked = re.sub(r"(?<!\.tar)\.(gz|xz|zip|7z)$", "", name)
        if (self.place.root / unpacked).exists():
            return f"{unpacked}: is there"
        return f"{unpacked}: missing" + (f"; unpack {name}" if (self.place.root / name).is_file() else "")


def _vision_dataset(name: str) -> type:
    """The class of torchvision.datasets with this name.

    Raises:
        ValueError: there is none, or it is no set of images that torchvision can fetch.
    """
    from torchvision import datasets  # late: it takes seconds, and a set that was decoded needs it no more

    def fits(candidate: str) -> bool:
        found = getattr(datasets, candidate)
        is_set = isinstance(found, type) and issubclass(found, datasets.VisionDataset)
        return is_set and {"root", "download"} <= signature(found).parameters.keys()

    if name not in datasets.__all__ or not fits(name):
        known = ", ".join(sorted(filter(fits, datasets.__all__)))
        raise ValueError(f"data.dataset={name} is no set that torchvision can fetch; these are: {known}")
    return getattr(datasets, name)


def _files(kind: Any) -> list[str]:
    """The names of a set's files, where its class has them as lists of names, addresses and check sums."""
    entries = [
        entry for name in ("resources", "train_list", "test_list", "file_list") for entry in _attribute(kind, name)
    ]
    names = [[part for part in entry if not re.fullmatch("[0-9a-f]{32}", part)][-1] for entry in entries]
    meta = _attribute(kind, "meta")
    return [*names, *([meta["filename"]] if isinstance(meta, dict) else [])]


def _attribute(kind: object, name: str) -> Any:
    """An attribute of torchvision's class or object; empty where this one has none."""
    return getattr(kind, name, ())


@contextmanager
def _no_empty_folders(root: Path) -> Iterator[None]:
    """Where the block fails, the folders down to `root` that it made are deleted if they are empty."""
    missing = [place for place in (root, *root.parents) if not place.exists()]  # the deepest first
    try:
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):  # not empty, or not made
                place.rmdir()
        raise
