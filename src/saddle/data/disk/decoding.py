"""The rule that turns a picture file into a training image.

1. Read the first frame of a PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF, recognised by its content and not by its name. No
   other decoder is tried: some of Pillow's start programs. Files that Pillow reads otherwise than they mean are
   corrected, or refused (`saddle.data.disk.meaning`).
2. Rotate it upright according to its EXIF orientation.
3. Cut out the largest centred part with the proportions of the image (a square for a square); of an odd rest, the
   larger half is cut off at the right and at the bottom.
4. Convert to eight bits. 16-bit grey is scaled, v / 257, and so are 32-bit integers within 0..65535; Pillow's own
   conversion would clip both at 255. Grey of 12 bits is scaled likewise, v / 4095 * 255. Floats are taken as 0..1 or,
   if they exceed that, as 0..255. Values outside of all these ranges are scaled from their own minimum to their own
   maximum. 16-bit colour keeps its upper eight bits.
5. Blend alpha, also of a palette or of one transparent colour, over the background, white by default. Convert palettes,
   CMYK and other modes to RGB without colour management: profiles are not applied.
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

from saddle.data.disk.meaning import DEEP, Meaning, UndecodableError, meaning
from saddle.data.disk.memory import BYTES_PER_PIXEL, DECODING
from saddle.pictures import FORMATS, HEAD, READ, announced

VERSION = 2
"""Version of the rule, raised whenever the pixels change."""
STRIP = 2**20
"""Number of pixels that are converted at a time, so that a conversion's copies do not count."""
Colour = Sequence[int]
WHITE: Colour = (255, 255, 255)
ORIENTATION = 0x0112
SIDEWAYS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""


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


def decode(content: bytes, shape: Sequence[int], enlarge: bool, background: Colour = WHITE) -> NDArray[np.uint8]:
    """The picture in a file's `content` as an image of `shape`.

    Args:
        content: the bytes of the file.
        shape: [channels, height, width], 1 or 3 channels.
        enlarge: whether smaller pictures are enlarged.
        background: the colour behind transparent pixels, red, green and blue in 0..255.

    Returns:
        uint8 [channels, height, width].

    Raises:
        UndecodableError: the file is not a picture, is damaged, or is too small.
    """
    if not content:
        raise UndecodableError("an empty file")
    with _opened(BytesIO(content)) as image:
        try:
            values = meaning(image)
            with DECODING.reserved(BYTES_PER_PIXEL * image.width * image.height):
                image.load()
                return fitted(_upright(image), shape, enlarge, background, values)
        except UndecodableError:
            raise
        except Exception as error:  # a malicious file can make decoders fail in any way
            raise UndecodableError(_reason(error)) from None


def fitted(
    image: Image.Image, shape: Sequence[int], enlarge: bool, background: Colour = WHITE, values: Meaning | None = None
) -> NDArray[np.uint8]:
    """Steps 3 to 7 of the rule for an upright picture: uint8 [channels, height, width].

    Raises:
        UndecodableError: the picture is too small or has values that are not finite.
    """
    channels, height, width = shape
    if not enlarge and too_small(image.size, shape):
        raise UndecodableError(f"{image.width} x {image.height} pixels, too small for {width} x {height}")
    across, down = _largest_part(image.size, (width, height))
    left, top = (image.width - across) // 2, (image.height - down) // 2
    box = (left, top, left + across, top + down)
    part = _eight_bits(image, box, "L" if channels == 1 else "RGB", background, values or Meaning())
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
        return Image.open(file, formats=[kind.upper() for kind in READ])
    except UnidentifiedImageError:
        file.seek(0)
        kind = announced(file.read(HEAD))
        unread = kind and (kind not in READ or kind in ("TIFF", "AVIF"))
        raise UndecodableError(
            f"{kind} of a kind that is not read; save it as PNG" if unread else f"no {FORMATS}"
        ) from None
    except Exception as error:
        raise UndecodableError(_reason(error)) from None


def _reason(error: Exception) -> str:
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


Box = tuple[int, int, int, int]
"""Left, top, right and bottom of a part of a picture."""


def _eight_bits(image: Image.Image, box: Box, mode: str, background: Colour, values: Meaning) -> Image.Image:
    """The part `box` of a picture in `mode`, L or RGB, without alpha and with eight bits a channel."""
    deep = image.mode.startswith(DEEP)
    alpha = "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa")
    if image.mode == mode and not alpha:
        return image.crop(box)
    left, top, right, bottom = box
    rows = max(1, STRIP // (right - left))
    strips = [(left, y, right, min(y + rows, bottom)) for y in range(top, bottom, rows)]
    span = _span(image, strips, values) if deep else (0.0, 0.0)
    whole = Image.new(mode, (right - left, bottom - top))
    for strip in strips:
        part = image.crop(strip)
        if deep:
            part = _scaled(_numbers(image, strip, values), span, background, values)
        elif alpha:
            part = _blended(part, background)
        whole.paste(part.convert(mode), (0, strip[1] - top))
    return whole


def _blended(part: Image.Image, background: Colour) -> Image.Image:
    colours = (part.convert("LA") if part.mode == "La" else part).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", part.size, tuple(background)), colours)


def _numbers(image: Image.Image, box: Box, values: Meaning) -> NDArray[Any]:
    """Grey values of more than eight bits of a part, [height, width].

    Raises:
        UndecodableError: some are not finite.
    """
    numbers = np.asarray(image.crop(box))
    if image.mode == "F" and not np.isfinite(numbers).all():
        raise UndecodableError("damaged: not all of its values are numbers")
    return numbers.view(np.uint32) if values.unsigned else numbers


def _span(image: Image.Image, strips: Sequence[Box], values: Meaning) -> tuple[float, float]:
    """The values that become 0 and 255: of the usual range that fits all values, or else the least and the largest."""
    lowest, highest = np.inf, -np.inf
    for strip in strips:
        numbers = _numbers(image, strip, values)
        lowest, highest = min(lowest, float(numbers.min())), max(highest, float(numbers.max()))
    tops = (1, 255) if image.mode == "F" else (values.largest,)
    return next(((0.0, float(top)) for top in tops if lowest >= 0 and highest <= top), (lowest, highest))


def _scaled(numbers: NDArray[Any], span: tuple[float, float], background: Colour, values: Meaning) -> Image.Image:
    """Grey values of more than eight bits [height, width] as a picture of eight."""
    low, high = span
    scaled = np.rint((numbers.astype(np.float64) - low) * (255 / ((high - low) or 1))).astype(np.uint8)
    grey = Image.fromarray(255 - scaled if values.negative else scaled)
    if values.transparent is None:
        return grey
    opaque = Image.fromarray(np.where(numbers == values.transparent, 0, 255).astype(np.uint8))
    return _blended(Image.merge("LA", (grey, opaque)), background)
