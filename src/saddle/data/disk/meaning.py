"""What the values of a file mean where Pillow does not say it, or reads them otherwise.

Checked against values written by hand for all combinations of photometric interpretation, depth, sample format, byte
order, planes and alpha of a TIFF, and all colour types and depths of a PNG (`tests/data/test_decoders.py`). What Pillow
reads wrongly is corrected here, or refused.
"""

from dataclasses import dataclass
from typing import Any

from PIL import Image

BITS, COMPRESSION, PHOTOMETRIC, PLANES, INKS, FORMAT = 258, 259, 262, 284, 332, 339
"""Tags of TIFF 6.0 (Adobe 1992)."""
WHITE_IS_ZERO, CIELAB = 0, 8
UNSIGNED, SIGNED = 1, 2
DEEP = ("I", "F")
"""First letters of Pillow's modes for grey with more than eight bits."""


class UndecodableError(ValueError):
    """The file cannot be decoded; the message is the reason, in a few words."""


@dataclass(frozen=True)
class Meaning:
    """The meaning of grey values of more than eight bits."""

    largest: int = 65535
    """The value that is white, or black if `negative`."""
    negative: bool = False
    """Whether 0 is white."""
    unsigned: bool = False
    """Whether Pillow has read unsigned integers of 32 bits as signed ones."""
    transparent: int | None = None
    """The one value that is transparent."""


def meaning(image: Image.Image) -> Meaning:
    """The meaning of the values of a picture that was opened and not yet loaded; corrects its transparent colour.

    Raises:
        UndecodableError: Pillow would read other values than the file has.
    """
    if image.format == "PNG":
        return _of_png(image)
    return _of_tiff(image, image.tag_v2) if image.format == "TIFF" else Meaning()  # type: ignore[attr-defined]  # a TIFF's


def _of_png(image: Image.Image) -> Meaning:
    transparent = image.info.get("transparency")
    if transparent is None:
        return Meaning()
    tiles = image.tile  # type: ignore[attr-defined]  # of a picture from a file
    layout = str(tiles[0][3]) if tiles else ""
    if layout == "RGB;16B":
        raise _refused("a PNG with one transparent colour of 16 bits, of which Pillow compares 8")
    if image.mode.startswith("I"):
        return Meaning(transparent=transparent)
    if layout in ("L;2", "L;4"):  # Pillow widens the values to eight bits, but not the transparent one
        image.info["transparency"] = transparent * (85 if layout == "L;2" else 17)
    return Meaning()


def _of_tiff(image: Image.Image, tags: Any) -> Meaning:
    bits, form = max(tags.get(BITS, (1,))), tags.get(FORMAT, (UNSIGNED,))[0]
    negative, deep = tags.get(PHOTOMETRIC) == WHITE_IS_ZERO, image.mode.startswith(DEEP)
    compressed = tags.get(COMPRESSION, 1) != 1
    if bits == 8 and form == SIGNED:
        raise _refused("a TIFF of signed 8-bit values, which Pillow takes for unsigned ones")
    if deep and compressed and tags.prefix == b"MM" and (bits == 32 or form == SIGNED):
        raise _refused("a compressed big-endian TIFF, of which Pillow exchanges the bytes")
    if deep and negative and image.mode == "F":
        raise _refused("a TIFF of floats whose 0 is white, which Pillow takes for black")
    if bits == 16 and tags.get(PLANES) == 2 and not compressed:
        raise _refused("a TIFF of 16-bit colours in separate planes, which Pillow takes for 8-bit ones")
    if tags.get(PHOTOMETRIC) == CIELAB:
        raise _refused("a TIFF in CIELAB colours, which Pillow converts for another white")
    if tags.get(INKS, 1) != 1:
        raise _refused("a TIFF of inks other than CMYK")
    if not deep:
        return Meaning()
    return Meaning(largest=4095 if bits == 12 else 65535, negative=negative, unsigned=bits == 32 and form == UNSIGNED)


def _refused(what: str) -> UndecodableError:
    return UndecodableError(f"{what}; save it as an 8-bit PNG")
