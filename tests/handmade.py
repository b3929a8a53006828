"""Picture files written by hand, so that what they mean does not depend on any decoder."""

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tags = Mapping[int, Sequence[int]]
LONG = (273, 279)
"""Tags of TIFF that are written as 32-bit integers: offset and size of a strip."""


def packed(values: NDArray[Any], bits: int, order: str) -> bytes:
    """Integers or floats [height, n] as rows of samples with that many bits, each row padded to whole bytes."""
    if bits >= 8:
        return values.astype(f"{order}{values.dtype.kind}{bits // 8}").tobytes()
    rows = (values.astype(np.int64)[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1  # [height, n, bits]
    return np.packbits(rows.reshape(len(values), -1).astype(np.uint8), axis=1).tobytes()


def tiff(
    planes: Sequence[bytes], size: tuple[int, int], tags: Tags, *, order: str = "<", deflate: bool = False
) -> bytes:
    """A TIFF 6.0 of one strip a plane, with width, height, strips and compression added to `tags`."""
    strips = [zlib.compress(plane) for plane in planes] if deflate else list(planes)
    width, height = size
    known = {256: [width], 257: [height], 259: [8 if deflate else 1], 278: [height], 279: [len(s) for s in strips]}
    entries = dict(sorted({273: [0] * len(strips), **known, **tags}.items()))
    end = 8 + 2 + 12 * len(entries) + 4
    spilled = sum(_size(tag, values) for tag, values in entries.items() if _size(tag, values) > 4)
    starts = np.cumsum([end + spilled, *(len(strip) for strip in strips)])[:-1]
    entries[273] = starts.tolist()
    directory, beyond = struct.pack(f"{order}H", len(entries)), b""
    for tag, values in entries.items():
        content = struct.pack(f"{order}{len(values)}{'I' if tag in LONG else 'H'}", *values)
        if len(content) > 4:
            beyond, content = beyond + content, struct.pack(f"{order}I", end + len(beyond))
        directory += struct.pack(f"{order}HHI", tag, 4 if tag in LONG else 3, len(values)) + content.ljust(4, b"\0")
    magic = b"II*\0" if order == "<" else b"MM\0*"
    return magic + struct.pack(f"{order}I", 8) + directory + struct.pack(f"{order}I", 0) + beyond + b"".join(strips)


def _size(tag: int, values: Sequence[int]) -> int:
    return len(values) * (4 if tag in LONG else 2)


def png(
    rows: bytes, size: tuple[int, int], *, kind: int, bits: int, chunks: Mapping[bytes, bytes] | None = None
) -> bytes:
    """A PNG without filters of that colour type, from rows of packed samples."""
    width, height = size
    length = len(rows) // height
    body = b"".join(b"\0" + rows[i : i + length] for i in range(0, len(rows), length))
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    parts = {b"IHDR": header, **(chunks or {}), b"IDAT": zlib.compress(body), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, content) for name, content in parts.items())


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG with its check sum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bmp(rows: bytes, size: tuple[int, int], *, bits: int, layout: int = 0, masks: Sequence[int] = ()) -> bytes:
    """A BMP; `masks` are those of red, green, blue and alpha, and a palette of grey is added up to eight bits."""
    width, height = size
    levels = np.repeat(np.linspace(0, 255, 2**bits).astype(np.uint8), 4).tobytes() if bits <= 8 else b""
    tail = struct.pack(f"<{len(masks)}I", *masks) + (b"\0" * 52 if len(masks) == 4 else b"")
    header = 108 if len(masks) == 4 else 40
    info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, layout, len(rows), 0, 0, len(levels) // 4, 0)
    start = 14 + len(info) + len(tail) + len(levels)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + info + tail + levels + rows
