"""Which files are pictures: by their suffix, or by their first bytes, as the formats' specifications define them."""

from pathlib import Path

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".heif"
)  # fmt: skip
"""Suffixes of pictures, in lower or upper case."""
HEAD = 18
"""Number of bytes that a signature needs at most."""
READ = ("PNG", "JPEG", "WebP", "GIF", "BMP", "TIFF", "AVIF")
"""The formats that are read; AVIF if the installed Pillow has its decoder."""
FORMATS = f"{', '.join(READ[:-1])} or {READ[-1]}"
STARTS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
}
BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1"), "HEIC")
"""Brand of a file of the ISO base media file format -> format."""
BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
"""Sizes of a BMP's second header; the two letters of the first are too common as the beginning of a text."""


def announced(head: bytes) -> str | None:
    """The format that the first `HEAD` bytes of a file announce; None for a file that is no picture."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12])
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in BMP_HEADERS:
        return "BMP"
    return next((kind for start, kind in STARTS.items() if head.startswith(start)), None)


def is_picture(path: Path) -> bool:
    """Whether a file is a picture or, by its name, should be one.

    Of files with other names, those that begin as a TIFF are none: most of them are raw files of cameras.

    Raises:
        OSError: the file cannot be read.
    """
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as file:
        kind = announced(file.read(HEAD))
    return kind is not None and (kind != "TIFF" or not path.suffix)
