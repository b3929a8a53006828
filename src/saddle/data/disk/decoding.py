"""The rule that turns a picture file into a training image.

1. Read the first frame of a PNG, JPEG, WebP, GIF, BMP or TIFF, recognised by its content and not by its name. No other
   decoder is tried: some of Pillow's start programs.
2. Rotate it upright according to its EXIF orientation.
3. Cut out the largest centred part with the proportions of the image (a square for a square); of an odd rest, the
   larger half is cut off at the right and at the bottom.
4. Convert to eight bits. 16-bit grey is scaled, v / 257, and so are 32-bit integers within 0..65535; Pillow's own
   conversion would clip both at 255. Floats are taken as 0..1 or, if they exceed that, as 0..255. Values outside of all
   these ranges are scaled from their own minimum to their own maximum. 16-bit colour keeps its upper eight bits.
5. Blend alpha, also of a palette or of one transparent colour, over white. Convert palettes, CMYK and other modes to
   RGB without colour management: profiles are not applied.
6. For one channel, convert to grey: luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B.
7. Resize with Pillow's bicubic filter, which is antialiased: its support grows with the reduction, as sampling theory
   requires (Parmar, Zhang and Zhu 2022, whose clean FID uses the same filter). Lanczos is as sharp, but rings more at
   the hard edges of drawings and digits. A part of the right size keeps its pixels, bit for bit.
"""

import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

VERSION = 1
"""Version of the rule, raised whenever the pixels change."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
ORIENTATION = 0x0112
SIDEWAYS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""


class UndecodableError(ValueError):
    """The file cannot be decoded; the message is the reason, in a few words."""


def picture_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height of an upright picture, read from its header.

    Raises:
        UndecodableError: the file is not a picture.
    """
    with _opened(file) as image:
        try:
            turned = image.format != "TIFF" and image.getexif().get(ORIENTATION, 1) in SIDEWAYS  # TIFF: done by Pillow
        except Exception:  # as in `_upright`
            turned = False
        return image.size[::-1] if turned else image.size


def decode(content: bytes, shape: Sequence[int], enlarge: bool) -> NDArray[np.uint8]:
    """The picture in a file's `content` as an image of `shape`.

    Args:
        content: the bytes of the file.
        shape: [channels, height, width], 1 or 3 channels.
        enlarge: whether smaller pictures are enlarged.

    Returns:
        uint8 [channels, height, width].

    Raises:
        UndecodableError: the file is not a picture, is damaged, or is too small.
    """
    if not content:
        raise UndecodableError("an empty file")
    with _opened(BytesIO(content)) as image:
        try:
            image.load()
            return fitted(_upright(image), shape, enlarge)
        except UndecodableError:
            raise
        except Exception as error:  # a malicious file can make decoders fail in any way
            raise UndecodableError(_reason(error)) from None


def fitted(image: Image.Image, shape: Sequence[int], enlarge: bool) -> NDArray[np.uint8]:
    """Steps 3 to 7 of the rule for an upright picture: uint8 [channels, height, width].

    Raises:
        UndecodableError: the picture is too small or has values that are not finite.
    """
    channels, height, width = shape
    if not enlarge and too_small(image.size, shape):
        raise UndecodableError(f"{image.width} x {image.height} pixels, too small for {width} x {height}")
    across, down = _largest_part(image.size, (width, height))
    left, top = (image.width - across) // 2, (image.height - down) // 2
    part = image.crop((left, top, left + across, top + down))
    part = _eight_bits(part).convert("L" if channels == 1 else "RGB")
    if part.size != (width, height):
        part = part.resize((width, height), Image.Resampling.BICUBIC)
    pixels = np.asarray(part)  # [height, width] or [height, width, 3]
    return pixels[None] if channels == 1 else pixels.transpose(2, 0, 1)


def too_small(size: tuple[int, int], shape: Sequence[int]) -> bool:
    """Whether a picture of this width and height would have to be enlarged to become an image of `shape`."""
    height, width = shape[1:]
    across, down = _largest_part(size, (width, height))
    return across < width or down < height


def _opened(file: BinaryIO) -> Image.Image:
    try:
        return Image.open(file, formats=FORMATS)
    except Exception as error:
        raise UndecodableError(_reason(error)) from None


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "no PNG, JPEG, WebP, GIF, BMP or TIFF"
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        return f"{int(pixels[1]):,} pixels, more than are decoded" if pixels else "more pixels than are decoded"
    if isinstance(error, MemoryError | struct.error | IndexError | KeyError | TypeError | AttributeError):
        return "damaged"  # the decoder's own message would not help anybody
    return f"damaged: {error}"


def _upright(image: Image.Image) -> Image.Image:
    with suppress(Exception):  # bad EXIF data, which are common, must not lose the picture
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _largest_part(size: tuple[int, int], proportions: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the largest part of a picture of `size` with the proportions of another size."""
    (across, down), (width, height) = size, proportions
    if across * height > down * width:
        return max(1, round(down * width / height)), down
    return across, max(1, round(across * height / width))


def _eight_bits(image: Image.Image) -> Image.Image:
    """The picture without alpha and with eight bits a channel."""
    if image.mode.startswith("I") or image.mode == "F":
        return Image.fromarray(_scaled(np.asarray(image), fraction=image.mode == "F"))
    if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        colours = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), colours)
    return image


def _scaled(grey: NDArray[Any], fraction: bool) -> NDArray[np.uint8]:
    """Grey values of more than eight bits [height, width] as uint8."""
    values = grey.astype(np.float64)
    if not np.isfinite(values).all():
        raise UndecodableError("damaged: not all of its values are numbers")
    lowest, highest = values.min(), values.max()
    fitting = [top for top in ((1, 255) if fraction else (65535,)) if lowest >= 0 and highest <= top]
    low, high = (0, fitting[0]) if fitting else (lowest, highest)
    return np.rint((values - low) * (255 / ((high - low) or 1))).astype(np.uint8)
