"""A folder of pictures as a set of images: decoded once, kept in a file that is mapped into memory."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from saddle.data.disk.contents import Content, ImageRoot, content_hash
from saddle.data.disk.decoding import VERSION, UndecodableError, decode
from saddle.data.disk.files import listing, readable
from saddle.data.disk.imageset import StoredImages, digest_of
from saddle.data.disk.parallel import in_parallel
from saddle.data.disk.pixelfile import PixelFile, mapped, pixel_digest
from saddle.data.disk.refusals import Sizes, UnusableError, no_pictures, several_sizes


class Decoded(NamedTuple):
    """A folder as images."""

    images: StoredImages
    left_out: dict[str, str]
    """Path -> reason, for the files that give no image."""
    paths: list[str]
    """Of each image its file, relative to the folder, with `/`."""


def decode_folder(
    root: Path, *, shape: Sequence[int] | None, corrupt: Literal["refuse", "skip"], enlarge: bool
) -> Decoded:
    """The pictures under `root` in the order of their paths, by the rule of `saddle.data.disk.decoding`.

    A file is read again only where its path, size or time of change is new, and decoded only where its content is. The
    digest is that of the pixels in their order: it depends neither on where the folder lies nor on what the files are
    called beyond that, and another decoder that gives other pixels gives another one.

    Args:
        root: the folder; pictures in its folders count as well.
        shape: of an image, [channels, height, width], with 1 or 3 channels; None: RGB in their own size, which must be
            one.
        corrupt: what to do about files that give no image: refuse all, or skip them.
        enlarge: whether pictures smaller than `shape` are enlarged; otherwise they give no image.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such folder.
        UnusableError: none of its pictures can be used, or with `refuse` one cannot.
        ValueError: it holds no pictures, or with shape None pictures of several sizes.
        OSError: the cache cannot be written to.
    """
    found = listing(root)
    pictures = found.pictures()
    if not pictures.files and not pictures.unreadable:
        raise ValueError(no_pictures(root, found))
    place = ImageRoot(root)
    with place.alone():
        contents, unreadable = place.contents(pictures.files)
        sizes = {path: content.size for path, content in contents.items()}
        shape = shape or _common_shape(root, sizes)
        images, refused = _Set(place, contents, shape, enlarge).images()
    left_out = pictures.unreadable | unreadable
    left_out |= {path: refused[content.hash] for path, content in contents.items() if content.hash in refused}
    if images is None or (left_out and corrupt == "refuse"):
        count = len(pictures.files) + len(pictures.unreadable)
        raise UnusableError(root, count=count, left_out=left_out, sizes=sizes, shape=shape)
    named = {readable(path): reason for path, reason in sorted(left_out.items())}
    return Decoded(images, named, [path for path, content in contents.items() if content.hash not in refused])


class _Set:
    """The images of one shape that some contents give.

    In the cache it has a name that says which contents these are, a list of those that give no image, and a file with a
    row for each of the others.
    """

    def __init__(self, place: ImageRoot, contents: dict[str, Content], shape: Sequence[int], enlarge: bool) -> None:
        self.place, self.shape, self.enlarge = place, tuple(shape), enlarge
        self.paths = list(contents)
        self.hashes = [content.hash for content in contents.values()]
        self.settings = digest_of(VERSION, self.shape, enlarge)
        self.name = digest_of(self.settings, *self.hashes)

    def images(self) -> tuple[StoredImages | None, dict[str, str]]:
        """The images, None if there are none, and content -> reason for those that give none."""
        stored = self._stored(self.name)
        if stored is None:
            self._make()
            stored = self._stored(self.name)
        earlier = self.place.made(self.settings)
        if earlier != self.name:
            self.place.remember_made(self.settings, self.name)
            if earlier:
                self.place.forget(earlier)
        if stored is None:
            raise ValueError(f"the cache of {self.place.root} cannot be read; delete {self.place.pixels(self.name)}")
        kept, refused, images = stored
        return (images if kept else None), refused

    def _stored(self, name: str) -> tuple[list[str], dict[str, str], StoredImages] | None:
        """The content of each row, the contents that have none, and the rows; None where that is not there, whole."""
        record = self.place.recall(name)
        if not {"kept", "refused", "digest"} <= record.keys():
            return None
        pixels = mapped(self.place.pixels(name), (len(record["kept"]), *self.shape))
        if pixels is None:
            return None
        images = StoredImages(digest=record["digest"], shape=pixels.shape, load=lambda: pixels)
        return record["kept"], record["refused"], images

    def _make(self) -> None:
        """Decode what was not decoded when the folder was looked at last; take the rest from there."""
        kept, refused, images = self._stored(self.place.made(self.settings)) or ([], {}, None)
        rows = dict(zip(kept, range(len(kept)), strict=True))
        first = {hash_: i for i, hash_ in reversed(list(enumerate(self.hashes)))}

        def fill(row: int) -> str | None:
            """Write the row; the reason if it has no image."""
            hash_ = self.hashes[row]
            if hash_ in refused:
                return refused[hash_]
            try:
                known = rows.get(hash_)
                image = self._decoded(row) if known is None or images is None else images.pixels[known].numpy()
            except UndecodableError as error:
                return str(error)
            file.write(row, image)
            return None

        path = self.place.pixels(self.name)
        with PixelFile(path=path, scratch=self.place.scratch, shape=self.shape) as file:
            distinct = sorted(first.values())
            reasons = in_parallel(fill, distinct, f"decoding {len(distinct):,} pictures")
            without = {self.hashes[row]: reason for row, reason in zip(distinct, reasons, strict=True) if reason}
            with_image = [hash_ for hash_ in self.hashes if hash_ not in without]
            file.gather([first[hash_] for hash_ in with_image])
        digest = pixel_digest(path)
        self.place.remember(self.name, {"kept": with_image, "refused": without, "digest": digest})

    def _decoded(self, row: int) -> NDArray[np.uint8]:
        path = self.place.root / self.paths[row]
        content = path.read_bytes()
        if content_hash(content) != self.hashes[row]:
            raise ValueError(f"{path} changed while it was read; begin again when nothing writes to this folder")
        return decode(content, self.shape, self.enlarge)


def _common_shape(root: Path, sizes: Sizes) -> tuple[int, int, int]:
    distinct = {size for size in sizes.values() if size}
    if len(distinct) > 1:
        raise ValueError(several_sizes(root, sizes))
    width, height = next(iter(distinct), (1, 1))  # without any, all are refused
    return 3, height, width
