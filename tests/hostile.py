"""Forty files as people have them: pictures of every kind, and what only looks like one."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from saddle.pictures import FORMATS

Pixels = NDArray[np.uint8]
SIDE = 16
"""Of the images that the good files are to give."""
RANDOM = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
"""A picture without any symmetry: [height, width, 3]."""


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The content of a file of that kind."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def write_hostile(folder: Path) -> tuple[dict[str, Pixels], dict[str, str]]:
    """Write the files, and some that are no pictures, into `folder`.

    Returns:
        Name -> the image of 16 x 16 that a good file must give, [3, height, width], to within 6 levels for files that
        lose something; and name -> words of the reason that a bad file must be given.
    """
    good = {**_plain(), **_modes(), **_turned(), **_named()}
    bad = _bad()
    for name, content in {**{n: c for n, (c, _) in good.items()}, **{n: c for n, (c, _) in bad.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    _surroundings(folder)
    expected = {name: np.ascontiguousarray(image.transpose(2, 0, 1)) for name, (_, image) in good.items()}
    expected["linked.png"] = expected["plain.png"]
    reasons = {name: reason for name, (_, reason) in bad.items()}
    return expected, {**reasons, "broken link.png": "a link that leads to no file", "ring.png": "cannot be followed"}


PASSED_OVER = {
    "around": "a link to a folder that is read already",
    "._plain.png": "hidden",
    ".hidden.png": "hidden",
    "folder.png/.DS_Store": "hidden",
    "notes.txt": "no picture",
    "Thumbs.db": "no picture",
}
"""Name -> words of the reason, for what else the folder has: it is listed and never refused."""


def _surroundings(folder: Path) -> None:
    """Links, a folder that is named like a picture, and files to be passed over."""
    (folder / "linked.png").symlink_to(folder / "plain.png")
    (folder / "broken link.png").symlink_to(folder / "nowhere.png")
    (folder / "ring.png").symlink_to(folder / "ring.png")
    (folder / "around").symlink_to(folder)
    (folder / "folder.png").mkdir()
    for name in ("._plain.png", ".hidden.png", "notes.txt", "Thumbs.db", "folder.png/.DS_Store"):
        (folder / name).write_bytes(b"\0" * 10)


def _grey(values: Any) -> Pixels:
    return np.repeat(np.asarray(values, dtype=np.uint8)[:, :, None], 3, axis=2)


def _plain() -> dict[str, tuple[bytes, Pixels]]:
    """One picture in every format."""
    picture = Image.fromarray(RANDOM)
    smooth = Image.fromarray(RANDOM[:2, :2]).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    other = Image.fromarray(255 - RANDOM)
    palette = picture.quantize(64)
    as_rgb, soft = np.asarray(palette.convert("RGB")), np.asarray(smooth)
    jpeg = {"quality": 100, "subsampling": 0}
    return {
        "plain.png": (encoded(picture, "PNG"), RANDOM),
        "interlaced.png": (_interlaced(), _grey([[0] * SIDE] * SIDE)),
        "plain.bmp": (encoded(picture, "BMP"), RANDOM),
        "plain.tif": (encoded(picture, "TIFF"), RANDOM),
        "packed.tiff": (encoded(picture, "TIFF", compression="tiff_lzw"), RANDOM),
        "lossless.webp": (encoded(picture, "WEBP", lossless=True), RANDOM),
        "smooth.jpg": (encoded(smooth, "JPEG", **jpeg), soft),
        "progressive.jpeg": (encoded(smooth, "JPEG", progressive=True, **jpeg), soft),
        "animated.gif": (encoded(palette, "GIF", save_all=True, append_images=[other.quantize(64)]), as_rgb),
        "animated.png": (encoded(picture, "PNG", save_all=True, append_images=[other]), RANDOM),
        "trailing.png": (encoded(picture, "PNG") + b"garbage" * 99, RANDOM),
        "really a png.jpg": (encoded(picture, "PNG"), RANDOM),
        "cmyk.jpg": (encoded(Image.new("CMYK", (SIDE, SIDE), (0, 255, 255, 0)), "JPEG"), _flat(255, 0, 0)),
        "wide.png": (encoded(_wide(), "PNG"), RANDOM),
    }


def _flat(*colour: int) -> Pixels:
    return np.full((SIDE, SIDE, 3), colour, dtype=np.uint8)


def _wide() -> Image.Image:
    """The picture, 17 columns of red at its left and 18 at its right: the odd one is cut off at the right."""
    red = np.tile(_flat(255, 0, 0), (1, 2, 1))
    return Image.fromarray(np.concatenate([red[:, :17], RANDOM, red[:, :18]], axis=1))


def _modes() -> dict[str, tuple[bytes, Pixels]]:
    """Modes that Pillow by itself converts in ways that nobody wants."""
    bits = RANDOM[:, :, 0] > 127
    deep = RANDOM[:, :, 1].astype(np.uint16) * 257
    alpha = RANDOM[:, :, 2].astype(np.float64)[:, :, None]
    over_white = np.rint((RANDOM * alpha + 255 * (255 - alpha)) / 255).astype(np.uint8)
    rgba = np.concatenate([RANDOM, alpha.astype(np.uint8)], axis=2)
    grey_over_white = over_white[:, :, :1].repeat(3, 2)
    palette = Image.fromarray(RANDOM).quantize(64)
    holes = np.where(np.asarray(palette)[:, :, None] == 5, 255, np.asarray(palette.convert("RGB"))).astype(np.uint8)
    return {
        "one bit.png": (encoded(Image.fromarray(bits), "PNG"), _grey(bits * 255)),
        "grey.png": (encoded(Image.fromarray(RANDOM[:, :, 0]), "PNG"), _grey(RANDOM[:, :, 0])),
        "grey and alpha.png": (encoded(Image.fromarray(rgba[:, :, [0, 3]]), "PNG"), grey_over_white),
        "alpha.png": (encoded(Image.fromarray(rgba), "PNG"), over_white),
        "alpha.webp": (encoded(Image.fromarray(rgba), "WEBP", lossless=True, exact=True), over_white),
        "palette with holes.png": (encoded(palette, "PNG", transparency=5), holes),
        "16 bit.png": (encoded(Image.fromarray(deep), "PNG"), _grey(deep // 257)),
        "float.tif": (encoded(Image.fromarray((deep / 65535).astype(np.float32)), "TIFF"), _grey(deep // 257)),
    }


def _turned() -> dict[str, tuple[bytes, Pixels]]:
    """All orientations of EXIF, in the formats that have it: stored so that upright they show the same."""
    stored = {
        1: RANDOM,
        2: RANDOM[:, ::-1],
        3: RANDOM[::-1, ::-1],
        4: RANDOM[::-1],
        5: RANDOM.transpose(1, 0, 2),
        6: np.rot90(RANDOM, 1),
        7: np.rot90(RANDOM, 2).transpose(1, 0, 2),
        8: np.rot90(RANDOM, -1),
    }
    files = {}
    for orientation, pixels in stored.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        suffix, kind = [("png", "PNG"), ("tif", "TIFF"), ("webp", "WEBP")][orientation % 3]
        options: dict[str, Any] = {"lossless": True} if kind == "WEBP" else {}
        content = encoded(Image.fromarray(np.ascontiguousarray(pixels)), kind, exif=exif, **options)
        files[f"turned/{orientation}.{suffix}"] = (content, RANDOM)
    return files


def _named() -> dict[str, tuple[bytes, Pixels]]:
    """Names that break what was not quoted."""
    content = encoded(Image.fromarray(RANDOM), "PNG")
    names = ("UPPER.PNG", "人脸/图 片.png", "a#b (1).png", 'it\'s "so".png', "new\nline.png", "-rf.png")
    return dict.fromkeys(names, (content, RANDOM))


def _bad() -> dict[str, tuple[bytes, str]]:
    png, jpeg = (encoded(Image.fromarray(RANDOM), kind) for kind in ("PNG", "JPEG"))
    broken = bytearray(png)
    broken[png.index(b"IDAT") + 60] ^= 255
    header = bytearray(png)
    header[18] ^= 1
    return {
        "empty.png": (b"", "an empty file"),
        "truncated.jpg": (jpeg[: len(jpeg) // 2], "damaged"),
        "truncated.png": (png[: len(png) // 2], "damaged"),
        "text.png": (b"this is no picture\n", f"no {FORMATS}"),
        "page.jpg": (b"<!DOCTYPE html><html>404</html>" * 9, f"no {FORMATS}"),
        "bomb.png": (_png(60000, 60000), "3,600,000,000 pixels"),
        "bad sum.png": (bytes(broken), "damaged"),
        "bad header.png": (bytes(header), f"no {FORMATS}"),
        "script.png": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\nshowpage\n", f"no {FORMATS}"),
        "zeros.webp": (b"\0" * 4096, f"no {FORMATS}"),
        "riff.webp": (b"RIFF\x10\0\0\0WEBPVP8 \0\0\0\0", "damaged"),
        "not a number.tif": (
            encoded(Image.fromarray(np.full((SIDE, SIDE), np.nan, dtype=np.float32)), "TIFF"),
            "not all of its values are numbers",
        ),
        "dot.png": (encoded(Image.new("RGB", (1, 1)), "PNG"), "1 x 1 pixels, too small for 16 x 16"),
        "strip.png": (encoded(Image.new("L", (4000, 8)), "PNG"), "4000 x 8 pixels, too small for 16 x 16"),
    }


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(width: int, height: int, interlaced: int = 0, content: bytes = b"\0" * 99) -> bytes:
    """A PNG of one bit a pixel whose header may say anything."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, interlaced)
    body = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(content)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _interlaced() -> bytes:
    """A black PNG in the seven passes of Adam7, which Pillow reads but does not write."""
    steps = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    rows = [(len(range(x, SIDE, right)) + 7) // 8 + 1 for x, y, right, down in steps for _ in range(y, SIDE, down)]
    return _png(SIDE, SIDE, interlaced=1, content=b"\0" * sum(rows))
