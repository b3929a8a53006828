"""Samples in one file, `x.npz`, which numpy and other evaluation programs can read."""

import math
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from saddle.storage import to_json

IMAGES, POINTS, LABELS, CLASSES, ABOUT = "arr_0", "points", "labels", "classes", "about"
"""Names of the arrays. Images are uint8 [count, height, width, channels] under numpy's default name, as the evaluation
of ADM (Dhariwal and Nichol 2021) and many later ones expect. Points are float32 [count, *shape]. `labels`, int64
[count], are indices into the texts `classes`. `about` is JSON text with the run, weights and seed."""


MOST_COMPRESSION = 2_000
"""More bytes for one of a file are not images: deflate gives 1,032 at most."""


def write_archive(
    file: IO[bytes],
    name: str,
    batches: Iterable[NDArray[Any]],
    shape: tuple[int, ...],
    dtype: type[np.generic],
    others: Mapping[str, NDArray[Any]],
) -> None:
    """Write an npz file batch by batch, since 50,000 large images may not fit into memory. Equal content, equal bytes.

    Args:
        file: open file.
        name: name of the array that is written in batches.
        batches: parts [n, *shape[1:]] of that array.
        shape: shape of that array.
        dtype: data type of that array.
        others: further arrays by name.
    """
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
            descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
            np.lib.format.write_array_header_1_0(stream, {"descr": descr, "fortran_order": False, "shape": shape})
            for batch in batches:
                stream.write(np.ascontiguousarray(batch, dtype=dtype).tobytes())
        for key, array in others.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)


def read_images(path: Path) -> NDArray[np.uint8]:
    """The images of an npz file from any program, uint8 [count, channels, height, width].

    Raises:
        ValueError: the file is no npz file, or contains no images under the name `arr_0`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = ", ".join(name.removesuffix(".npy") for name in archive.namelist())
            info = next((info for info in archive.infolist() if info.filename == f"{IMAGES}.npy"), None)
            images = None if info is None else _array(archive, info)
    except _NoImagesError as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:  # a damaged archive fails in every way there is
        reason = str(error) if isinstance(error, OSError) else "it is damaged or no npz file"
        raise ValueError(f"{path} cannot be read as an npz file: {reason}") from None
    if images is None:
        raise ValueError(f"{path} contains {names or 'nothing'}, and no array {IMAGES} of images")
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


class _NoImagesError(Exception):
    """The array is not one of images, or larger than its file."""


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[np.uint8]:
    """The images of an entry, which is read only if its header says that they are images and as many as it holds."""
    if info.flag_bits & 1:
        raise _NoImagesError("it is encrypted; store it without a password")
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        if dtype != np.uint8 or len(shape) != 4 or shape[3] not in (1, 3) or not all(side > 0 for side in shape):
            raise _NoImagesError(
                f"{IMAGES} is {dtype} {list(shape)}; images are uint8 [count, height, width, channels] with 1 or 3 "
                "channels"
            )
        header, pixels = stream.tell(), math.prod(shape)
        if header + pixels != info.file_size or pixels > MOST_COMPRESSION * (info.compress_size + header):
            raise _NoImagesError(
                f"{IMAGES} is said to have {pixels:,} bytes, which the file does not hold: it is damaged"
            )
    with archive.open(info) as stream:
        images: NDArray[np.uint8] = np.lib.format.read_array(stream, allow_pickle=False)
    return images


def text(words: Mapping[str, Any]) -> str:
    """Plain values as a line of JSON, for `about` in an npz file and for the text entry of a PNG file."""
    return to_json(words)
