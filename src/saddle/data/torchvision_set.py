"""The data sets of torchvision, read from their published files."""

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
from saddle.data.disk.decoding import VERSION, fitted
from saddle.data.disk.files import listing
from saddle.data.disk.imageset import StoredImages, digest_of
from saddle.data.disk.meaning import UndecodableError
from saddle.data.disk.parallel import in_parallel
from saddle.data.disk.pixelfile import PixelFile, mapped, pixel_digest
from saddle.data.images import Images, Part, Split
from saddle.data.labels import Labels
from saddle.storage import socket_timeout

Selection = dict[str, bool | int | str]
OURS = ("root", "download", "transform", "target_transform", "transforms", "loader")
"""Arguments of torchvision's classes that do not select a part of a set."""
TIMEOUT = 10.0
"""Seconds that a download waits for the server."""


class TorchvisionSet(Images):
    """A set of images that torchvision can fetch, decoded as in `saddle.data.disk`; small images are enlarged.

    At a resolution of 32, digits of 28 x 28 are therefore enlarged like any picture (some authors pad them with black;
    their numbers do not compare with these), and the 178 x 218 of CelebA are cut above and below, not at the sides. The
    images are decoded on first use and cached under a hash of the files' contents.

    Args:
        dataset: the name of the class in `torchvision.datasets`.
        root: the folder of all such sets.
        folder: the folder of this set's files below `root`, as torchvision names it.
        download: whether torchvision may download missing files.
        shape: shape of an image, [channels, height, width], with 1 or 3 channels.
        train: the arguments of the class that select the images to train on.
        test: the arguments that select the held-out images; None for no held-out images.
        label: `target` for the published class as label, None for no labels.
        reference: the part that evaluations compare with.

    Raises:
        ValueError: the shape is not that of an image.
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
        """The published classes, cached with the decoded images.

        Raises:
            ValueError: the set has no classes, or its files are missing or damaged.
        """
        if self.label is None:
            return None
        self.split(part)  # downloads the files if necessary
        source, selection = self._source, self._selections[part] or {}
        with source.cache.alone():
            name = f"{self._name(selection)}-labels"
            stored = source.cache.recall(name)
            if not stored:
                stored = self._published(source.opened(selection))
                source.cache.remember(name, stored)
        return Labels(tuple(stored["names"]), np.array(stored["values"], dtype=np.int64))

    def _published(self, opened: Any) -> dict[str, Any]:
        """The classes of torchvision's object: names, and the index of each image's class."""
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
        with source.cache.alone():
            images = self._stored(selection)
            if images is None:
                opened = source.opened(selection)  # downloads the files if necessary
                self._make(opened, self._name(selection))
                images = self._stored(selection)
        if images is None:
            raise ValueError(f"{source.cache.root} changed while it was read; start again when nothing writes to it")
        return images

    def _name(self, selection: Selection) -> str:
        """The name of the images in the cache: it depends on the contents of the files, not on their location."""
        return digest_of(VERSION, self.name, sorted(selection.items()), self.shape, self._source.contents())

    def _stored(self, selection: Selection) -> StoredImages | None:
        cache, name = self._source.cache, self._name(selection)
        record = cache.recall(name)
        pixels = mapped(cache.pixels(name), (record.get("count", 0), *self.shape), record.get("digest", ""))
        if pixels is None:
            return None
        return StoredImages(digest=record["digest"], shape=pixels.shape, load=lambda: pixels)

    def _make(self, opened: Any, name: str) -> None:
        def fill(row: int) -> None:
            image = opened[row][0]
            if not isinstance(image, Image.Image):
                raise ValueError(f"data.dataset={self.name}: its samples are not pictures")
            try:
                file.write(row, fitted(image, self.shape, enlarge=True))
            except (UndecodableError, OSError) as error:
                raise ValueError(f"image {row} of {self.name} in {self._source.cache.root}: {error}") from None

        cache, count = self._source.cache, len(opened)
        with PixelFile(path=cache.pixels(name), scratch=cache.scratch, shape=self.shape) as file:
            in_parallel(fill, range(count), f"decoding {count:,} images of {self.name}")
            file.gather(range(count))
        cache.remember(name, {"count": count, "digest": pixel_digest(cache.pixels(name))})


class _Source:
    """The files of a set and the torchvision class that reads them."""

    def __init__(self, dataset: str, root: Path, folder: str, download: bool) -> None:
        self.dataset, self.root, self.folder, self.download = dataset, root, folder, download
        self.cache = ImageRoot(root / folder)

    def contents(self) -> list[tuple[str, str]]:
        """Path and content hash of every existing file of the set."""
        if not self.cache.root.is_dir():
            return []
        contents, _ = self.cache.contents(listing(self.cache.root).files)
        return [(path, content.hash) for path, content in contents.items()]

    def opened(self, selection: Mapping[str, Any]) -> Any:
        """The torchvision object of a part of the set: `[i][0]` is a picture."""
        kind = _vision_dataset(self.dataset)
        takes = [name for name in signature(kind).parameters if name not in OURS]
        for name in selection.keys() - set(takes):
            raise ValueError(f"{self.dataset} has no argument {name} that selects a part; it takes {', '.join(takes)}")
        if self.root.is_file():
            raise ValueError(f"data.root={self.root} is a file; it should be the folder that contains {self.folder}/")
        if self.download and not self.cache.root.is_dir():
            print(f"downloading {self.dataset} into {self.cache.root} (once)", file=sys.stderr)
        try:
            with _no_empty_folders(self.cache.root), socket_timeout(TIMEOUT):
                return kind(root=str(self.root), download=self.download, **selection)
        except Exception as error:  # networks, archives and damaged files raise anything
            raise ValueError(self._missing(kind, error)) from None

    def _missing(self, kind: type, error: Exception) -> str:
        reason = " ".join(str(error).split()).partition(" You can use download=True")[0]
        files = "\n".join(f"  {self.folder}/{line}" for line in map(self._presence, _files(kind) or [""]))
        download = (
            "data.download=true could not download the missing files"
            if self.download
            else "or set data.download=true, which downloads the missing files"
        )
        return (
            f"{self.dataset} cannot be read from data.root={self.root}: {reason or type(error).__name__}\n"
            f"it needs these files below {self.root.absolute()}, unpacked:\n{files}\n{download}"
        )

    def _presence(self, name: str) -> str:
        """The unpacked name of a file, and whether it is there."""
        unpacked = re.sub(r"(?<!\.tar)\.(gz|xz|zip|7z)$", "", name)
        if (self.cache.root / unpacked).exists():
            return f"{unpacked}: is there"
        return f"{unpacked}: missing" + (f"; unpack {name}" if (self.cache.root / name).is_file() else "")


def _vision_dataset(name: str) -> type:
    """The class of torchvision.datasets with this name.

    Raises:
        ValueError: there is none, or it is not a set of images that torchvision can download.
    """
    from torchvision import datasets  # late: it takes seconds, and a decoded set does not need it

    def fits(candidate: str) -> bool:
        kind = getattr(datasets, candidate)
        is_set = isinstance(kind, type) and issubclass(kind, datasets.VisionDataset)
        return is_set and {"root", "download"} <= signature(kind).parameters.keys()

    if name not in datasets.__all__ or not fits(name):
        known = ", ".join(sorted(filter(fits, datasets.__all__)))
        raise ValueError(f"data.dataset={name} is not a set that torchvision can download; these are: {known}")
    return getattr(datasets, name)


def _files(kind: Any) -> list[str]:
    """The names of a set's files, if the class lists names, addresses and check sums."""
    entries = [
        entry for name in ("resources", "train_list", "test_list", "file_list") for entry in _attribute(kind, name)
    ]
    names = [[part for part in entry if not re.fullmatch("[0-9a-f]{32}", part)][-1] for entry in entries]
    meta = _attribute(kind, "meta")
    return [*names, *([meta["filename"]] if isinstance(meta, dict) else [])]


def _attribute(kind: object, name: str) -> Any:
    """An attribute of torchvision's class or object; empty if it does not exist."""
    return getattr(kind, name, ())


@contextmanager
def _no_empty_folders(root: Path) -> Iterator[None]:
    """If the block fails, delete the empty folders down to `root` that it made."""
    missing = [folder for folder in (root, *root.parents) if not folder.exists()]  # the deepest first
    try:
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):  # not empty, or not made
                folder.rmdir()
        raise
