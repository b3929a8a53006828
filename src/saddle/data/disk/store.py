"""A folder of pictures as a set of images, decoded once into a memory-mapped file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from saddle.data.disk.contents import Content, ImageRoot, content_hash
from saddle.data.disk.decoding import VERSION, WHITE, Colour, decode
from saddle.data.disk.files import listing, readable
from saddle.data.disk.imageset import StoredImages, digest_of
from saddle.data.disk.meaning import UndecodableError
from saddle.data.disk.oddities import oddities
from saddle.data.disk.parallel import in_parallel
from saddle.data.disk.pixelfile import PixelFile, mapped, pixel_digest
from saddle.data.disk.refusals import Sizes, UnusableError, no_pictures, several_sizes


class Decoded(NamedTuple):
    """The images of a folder."""

    images: StoredImages
    left_out: dict[str, str]
    """Path -> reason, for all files and folders that gave no image."""
    paths: list[str]
    """The file of each image, relative to the folder, with `/`."""
    oddities: list[str]
    """What is odd about the images as a whole."""


def decode_folder(
    root: Path,
    *,
    shape: Sequence[int] | None,
    corrupt: Literal["refuse", "skip"],
    enlarge: bool,
    background: Colour = WHITE,
) -> Decoded:
    """The pictures under `root` in the order of their paths, by the rule of `saddle.data.disk.decoding`.

    A file is read again only if its path, size or time of change is new, and decoded only if its content is new. The
    digest is that of the pixels in their order: it does not depend on the location of the folder or, except for the
    order, on the names of the files, and it changes if a decoder gives other pixels.

    Args:
        root: the folder; pictures in its folders are included.
        shape: shape of an image, [channels, height, width], with 1 or 3 channels; None: RGB in their own size, which
            must be the same for all.
        corrupt: `refuse` raises an error for files that cannot be decoded, `skip` leaves them out.
        enlarge: whether pictures smaller than `shape` are enlarged; otherwise they count as undecodable.
        background: the colour behind transparent pixels.

    Raises:
        FileNotFoundError, NotADirectoryError: there is no such folder.
        UnusableError: no picture can be used or, with `refuse`, some picture cannot.
        ValueError: the folder has no pictures, or with shape None pictures of several sizes.
        OSError: the cache cannot be written to.
    """
    files = listing(root)
    pictures = files.pictures(root)
    if not pictures.files and not pictures.unreadable:
        raise ValueError(no_pictures(root, files))
    cache = ImageRoot(root)
    with cache.alone():
        contents, unreadable = cache.contents(pictures.files)
        sizes = {path: content.size for path, content in contents.items()}
        shape = shape or _common_shape(root, sizes)
        images, refused, odd = _Set(cache, contents, shape, enlarge, background).images()
    left_out = pictures.unreadable | unreadable
    left_out |= {path: refused[content.hash] for path, content in contents.items() if content.hash in refused}
    if images is None or (left_out and corrupt == "refuse"):
        count = len(pictures.files) + len(pictures.unreadable)
        raise UnusableError(root, count=count, left_out=left_out, sizes=sizes, shape=shape)
    named = {readable(path): reason for path, reason in sorted((pictures.passed_over | left_out).items())}
    return Decoded(images, named, [path for path, content in contents.items() if content.hash not in refused], odd)


class _Set:
    """The images of one shape made of some contents.

    In the cache the set has a name, which is a hash of these contents, a list of the contents that cannot be decoded,
    and a file with a row for each of the others.
    """

    def __init__(
        self,
        cache: ImageRoot,
        contents: dict[str, Content],
        shape: Sequence[int],
        enlarge: bool,
        background: Sequence[int],
    ) -> None:
        self.cache, self.shape, self.enlarge, self.background = cache, tuple(shape), enlarge, tuple(background)
        self.paths = list(contents)
        self.hashes = [content.hash for content in contents.values()]
        self.settings = digest_of(VERSION, self.shape, enlarge, background)
        self.name = digest_of(self.settings, *self.hashes)

    def images(self) -> tuple[StoredImages | None, dict[str, str], list[str]]:
        """The images, or None, content -> reason for the contents that cannot be decoded, and what is odd."""
        stored = self._stored(self.name)
        if stored is None:
            self._make()
            stored = self._stored(self.name)
        previous = self.cache.made(self.settings)
        if previous != self.name:
            self.cache.remember_made(self.settings, self.name)
            if previous:
                self.cache.forget(previous)
        if stored is None:
            raise ValueError(f"the cache of {self.cache.root} cannot be read; delete {self.cache.pixels(self.name)}")
        kept, refused, images = stored
        return (images if kept else None), refused, self.cache.recall(self.name)["oddities"]

    def _stored(self, name: str) -> tuple[list[str], dict[str, str], StoredImages] | None:
        """The content of each row, the contents without a row, and the images; None if anything is missing."""
        record = self.cache.recall(name)
        if not {"kept", "refused", "digest", "oddities"} <= record.keys():
            return None
        pixels = mapped(self.cache.pixels(name), (len(record["kept"]), *self.shape), record["digest"])
        if pixels is None:
            return None
        images = StoredImages(digest=record["digest"], shape=pixels.shape, load=lambda: pixels)
        return record["kept"], record["refused"], images

    def _make(self) -> None:
        """Decode the contents that the previous set does not have, and copy the others from it."""
        kept, refused, images = self._stored(self.cache.made(self.settings)) or ([], {}, None)
        rows = dict(zip(kept, range(len(kept)), strict=True))
        first = {hash_: i for i, hash_ in reversed(list(enumerate(self.hashes)))}

        def fill(row: int) -> str | None:
            """Write the row, or return the reason if it cannot be decoded."""
            hash_ = self.hashes[row]
            if hash_ in refused:
                return refused[hash_]
            try:
                previous = rows.get(hash_)
                image = self._decoded(row) if previous is None or images is None else images.pixels[previous].numpy()
            except UndecodableError as error:
                return str(error)
            file.write(row, image)
            return None

        path = self.cache.pixels(self.name)
        with PixelFile(path=path, scratch=self.cache.scratch, shape=self.shape) as file:
            distinct = sorted(first.values())
            reasons = in_parallel(fill, distinct, f"decoding {len(distinct):,} pictures")
            without = {self.hashes[row]: reason for row, reason in zip(distinct, reasons, strict=True) if reason}
            with_image = [hash_ for hash_ in self.hashes if hash_ not in without]
            file.gather([first[hash_] for hash_ in with_image])
        digest = pixel_digest(path)
        pixels = mapped(path, (len(with_image), *self.shape), digest)
        odd = oddities(pixels, self.background) if with_image and pixels is not None else []
        record = {"kept": with_image, "refused": without, "digest": digest, "oddities": odd}
        self.cache.remember(self.name, record)

    def _decoded(self, row: int) -> NDArray[np.uint8]:
        path = self.cache.root / self.paths[row]
        content = path.read_bytes()
        if content_hash(content) != self.hashes[row]:
            raise ValueError(f"{path} changed while it was read; start again when nothing writes to this folder")
        return decode(content, self.shape, self.enlarge, self.background)


def _common_shape(root: Path, sizes: Sizes) -> tuple[int, int, int]:
    distinct = {size for size in sizes.values() if size}
    if len(distinct) > 1:
        raise ValueError(several_sizes(root, sizes))
    width, height = next(iter(distinct), (1, 1))  # without any size, all are refused
    return 3, height, width
