"""What a file means is what is trained on: checked against values written by hand, and against a second decoder."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features

from handmade import bmp, packed, png, tiff
from hostile import encoded
from saddle.data.disk.decoding import decode
from saddle.data.disk.meaning import UndecodableError
from saddle.pictures import announced, is_picture

WIDTH, HEIGHT = SIZE = (16, 8)
Values = NDArray[np.float64]
DRAWN = np.random.default_rng(0)
GREY, NEGATIVE, COLOUR, PALETTE, CMYK = 1, 0, 2, 3, 5
"""Photometric interpretations of TIFF."""


def levels(kind: str, bits: int, channels: int) -> tuple[NDArray[Any], Values]:
    """Samples [height, width, channels] over the whole range of their type, and their value in 0..1."""
    shape = (HEIGHT, WIDTH, channels)
    if kind == "f":
        drawn = DRAWN.random(shape).astype("f2" if bits == 16 else f"f{bits // 8}")
        return drawn, drawn.astype(np.float64)
    least, largest = (0, 2**bits - 1) if kind == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    integers = DRAWN.integers(least, largest, shape, dtype=np.int64 if kind == "i" else np.uint64, endpoint=True)
    integers[0, 0], integers[0, 1] = least, largest  # signed and wide ones are scaled from the least to the largest
    return integers, (integers.astype(np.float64) - least) / (largest - least)


def over_white(values: Values, alpha: Values) -> Values:
    """Values [height, width, 1 or 3] in 0..1 over white, in 0..255."""
    return 255 * (values * alpha + 1 - alpha)


def error(content: bytes, expected: Values) -> float:
    """The largest difference of the decoded picture from `expected`, [height, width, 1 or 3] in 0..255."""
    decoded = decode(content, (3, HEIGHT, WIDTH), False).transpose(1, 2, 0).astype(np.float64)
    return float(np.abs(decoded - expected).max())


# ---- TIFF


def tiffs() -> Iterator[tuple[str, bytes, Values]]:
    """Every interpretation, sample format, depth, byte order, alpha, layout and compression: name, file, values."""
    kinds = [("u", bits) for bits in (1, 2, 4, 8, 16, 32, 64)]
    kinds += [(kind, bits) for kind in "if" for bits in (8, 16, 32, 64) if (kind, bits) != ("f", 8)]
    for photometric, (kind, bits), order, alpha, apart, deflate in product(
        (GREY, NEGATIVE, COLOUR), kinds, "<>", (0, 1), (False, True), (False, True)
    ):
        if (bits < 8 and (alpha or photometric == COLOUR)) or (apart and photometric != COLOUR):
            continue
        channels = (3 if photometric == COLOUR else 1) + alpha
        samples, values = levels(kind, bits, channels)
        parts = [samples[..., i] for i in range(channels)] if apart else [samples.reshape(HEIGHT, -1)]
        tags = {258: [bits] * channels, 262: [photometric], 277: [channels], 284: [2 if apart else 1]}
        tags |= {339: [{"u": 1, "i": 2, "f": 3}[kind]] * channels, **({338: [2]} if alpha else {})}
        content = tiff([packed(part, bits, order) for part in parts], SIZE, tags, order=order, deflate=deflate)
        opaque = values[..., -1:] if alpha else np.ones((HEIGHT, WIDTH, 1))
        shown = values[..., : channels - alpha]
        name = f"photometric {photometric} {kind}{bits} {order} alpha {alpha} apart {apart} deflate {deflate}"
        yield name, content, over_white(1 - shown if photometric == NEGATIVE else shown, opaque)


def test_a_tiff_gives_the_values_that_it_means_or_a_reason() -> None:
    """Pillow alone reads 18 of these files wrongly without a word, such as 16-bit grey whose 0 is white."""
    wrong, read = {}, set()
    for name, content, expected in tiffs():
        try:
            found = error(content, expected)
        except UndecodableError:
            continue
        read.add(name)
        if found > (2 if "alpha 1" in name else 1):
            wrong[name] = found
    assert not wrong
    for kind in ("1 u1", "0 u1", "1 u8", "0 u8", "2 u8", "1 u16", "0 u16", "2 u16", "1 u32", "1 i16", "1 i32", "1 f32"):
        assert f"photometric {kind} < alpha 0 apart False deflate False" in read
    assert len(read) >= 70


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_gives_its_colours(bits: int, order: str) -> None:
    palette = DRAWN.integers(0, 256, (3, 2**bits))
    index, _ = levels("u", bits, 1)
    tags = {258: [bits], 262: [PALETTE], 277: [1], 320: (palette * 257).ravel().tolist()}
    content = tiff([packed(index[..., 0], bits, order)], SIZE, tags, order=order)
    assert error(content, palette.T[index[..., 0].astype(int)].astype(np.float64)) == 0


@pytest.mark.parametrize("bits", [8, 16])
def test_inks_are_no_light(bits: int) -> None:
    samples, values = levels("u", bits, 4)
    tags = {258: [bits] * 4, 262: [CMYK], 277: [4]}
    content = tiff([packed(samples.reshape(HEIGHT, -1), bits, "<")], SIZE, tags)
    assert error(content, 255 * (1 - values[..., :3]) * (1 - values[..., 3:])) <= 2
    with pytest.raises(UndecodableError, match="inks other than CMYK"):
        decode(tiff([bytes(WIDTH * HEIGHT * 4)], SIZE, {**tags, 258: [8] * 4, 332: [2]}), (3, HEIGHT, WIDTH), False)


def test_twelve_bits_in_a_tiff_are_the_whole_range() -> None:
    values = DRAWN.integers(0, 4096, (HEIGHT, WIDTH))
    pairs = values.reshape(HEIGHT, -1, 2)
    rows = np.stack([pairs[..., 0] >> 4, (pairs[..., 0] & 15) << 4 | pairs[..., 1] >> 8, pairs[..., 1] & 255], axis=2)
    content = tiff([rows.astype(np.uint8).tobytes()], SIZE, {258: [12], 262: [GREY], 277: [1]})
    assert error(content, values[..., None] / 4095 * 255) <= 1


def test_premultiplied_grey_is_read() -> None:
    alpha = DRAWN.integers(1, 256, (HEIGHT, WIDTH, 1))
    grey = DRAWN.integers(0, alpha + 1)
    tags = {258: [8, 8], 262: [GREY], 277: [2], 338: [1]}
    content = tiff([np.concatenate([grey, alpha], 2).astype(np.uint8).tobytes()], SIZE, tags)
    assert error(content, (np.asarray(grey + 255.0 - alpha, dtype=np.float64))) <= 2


def test_what_is_no_tiff_that_can_be_read_is_not_called_none() -> None:
    content = tiff([bytes(WIDTH * HEIGHT * 8)], SIZE, {258: [64], 262: [GREY], 277: [1], 339: [3]})
    with pytest.raises(UndecodableError, match="TIFF of a kind that is not read; save it as PNG"):
        decode(content, (3, HEIGHT, WIDTH), False)


# ---- PNG


def pngs() -> Iterator[tuple[str, bytes, Values]]:
    """Every colour type and depth, with and without a transparent colour."""
    for kind, channels, depths in ((0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (4, 2, (8, 16)), (6, 4, (8, 16))):
        for bits, hole in product(depths, (False, True)):
            samples, values = levels("u", bits, channels)
            chunks = {}
            opaque = values[..., -1:] if kind >= 4 else np.ones((HEIGHT, WIDTH, 1))
            if hole and kind < 4:
                chunks = {b"tRNS": packed(samples[2:3, 3], 16, ">")}
                opaque = (samples != samples[2, 3]).any(2, keepdims=True).astype(np.float64)
            content = png(packed(samples.reshape(HEIGHT, -1), bits, ">"), SIZE, kind=kind, bits=bits, chunks=chunks)
            yield (
                f"type {kind} bits {bits} hole {hole}",
                content,
                over_white(values[..., :3] if kind in (2, 6) else values[..., :1], opaque),
            )
    for bits in (1, 2, 4, 8):
        colours, alpha = DRAWN.integers(0, 256, (2**bits, 3)), DRAWN.integers(0, 256, (2**bits, 1))
        index = levels("u", bits, 1)[0][..., 0].astype(int)
        chunks = {b"PLTE": colours.astype(np.uint8).tobytes(), b"tRNS": alpha.astype(np.uint8).tobytes()}
        content = png(packed(index, bits, ">"), SIZE, kind=3, bits=bits, chunks=chunks)
        yield f"palette {bits}", content, over_white(colours[index] / 255, alpha[index] / 255)


def test_a_png_gives_the_values_that_it_means() -> None:
    refused = []
    for name, content, expected in pngs():
        try:
            assert error(content, expected) <= 2, name
        except UndecodableError:
            refused.append(name)
    assert refused == ["type 2 bits 16 hole True"]


# ---- against a second decoder


def files() -> Iterator[tuple[str, bytes]]:
    """Every mode that Pillow writes, in every format but TIFF, which the second decoder reads no better."""
    colours = DRAWN.integers(0, 256, (HEIGHT, WIDTH, 4), dtype=np.uint8)
    smooth = Image.fromarray(colours[:2, :2, :3]).resize(SIZE, Image.Resampling.BICUBIC)
    deep = Image.fromarray(DRAWN.integers(0, 65536, (HEIGHT, WIDTH), dtype=np.uint16))
    images = {
        "1": Image.fromarray(colours[..., 0] > 99),
        "L": Image.fromarray(colours[..., 0]),
        "LA": Image.fromarray(np.ascontiguousarray(colours[..., :2])),
        "P": Image.fromarray(colours[..., :3]).quantize(16),
        "RGB": Image.fromarray(np.ascontiguousarray(colours[..., :3])),
        "RGBA": Image.fromarray(colours),
        "I;16": deep,
    }
    exact: dict[str, dict[str, Any]] = {"PNG": {}, "GIF": {}, "BMP": {}, "WEBP": {"lossless": True, "exact": True}}
    for (mode, image), (kind, options) in product(images.items(), exact.items()):
        if not (mode == "I;16" and kind != "PNG") and not (mode in ("LA", "RGBA") and kind in ("GIF", "BMP")):
            yield f"{kind} {mode}", encoded(image, kind, **options)
    for mode, progressive in product(("L", "RGB", "CMYK"), (False, True)):
        yield f"JPEG {mode}", encoded(smooth.convert(mode), "JPEG", quality=99, subsampling=0, progressive=progressive)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        square = Image.fromarray(np.asarray(smooth.resize((HEIGHT, HEIGHT)))).resize(SIZE)
        yield f"JPEG turned {orientation}", encoded(square, "JPEG", quality=99, subsampling=0, exif=exif)
    for bits in (1, 4, 8, 24, 32):
        rows = DRAWN.integers(0, 256, (WIDTH * bits + 31) // 32 * 4 * HEIGHT, dtype=np.uint8).tobytes()
        yield f"BMP {bits}", bmp(rows, SIZE, bits=bits)
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    yield "BMP alpha", bmp(colours.tobytes(), SIZE, bits=32, layout=3, masks=masks)
    for bits, layout in ((8, 1), (4, 2)):
        runs = b"".join(bytes([4, i % 7, 12, (i + 3) % 7, 0, 0]) for i in range(HEIGHT)) + b"\0\1"
        yield f"BMP run lengths {bits}", bmp(runs, SIZE, bits=bits, layout=layout)


def second(content: bytes) -> Values:
    """The picture as OpenCV reads it, over white: [height, width, 3] in 0..255."""
    cv2 = pytest.importorskip("cv2", reason="make setup installs it")
    upright = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert upright is not None and pixels is not None  # noqa: PT018  # one reason
    if pixels.ndim < 3 or pixels.shape[2] != 4:
        pixels = upright if pixels.dtype == np.uint8 else pixels
    values = pixels.astype(np.float64) / (257 if pixels.dtype == np.uint16 else 1)
    values = np.atleast_3d(values)
    if values.shape[2] == 4:
        return over_white(values[..., 2::-1] / 255, values[..., 3:] / 255)
    return np.broadcast_to(values[..., ::-1], (*values.shape[:2], 3))


def test_a_second_decoder_reads_the_same() -> None:
    different = {}
    for name, content in files():
        expected = second(content)
        height, width = expected.shape[:2]
        found = decode(content, (3, height, width), False).transpose(1, 2, 0).astype(np.float64)
        if np.abs(found - expected).max() > (4 if "JPEG" in name else 2):
            different[name] = float(np.abs(found - expected).max())
    assert not different


# ---- what a file is


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow does not read AVIF")
def test_avif_is_read() -> None:
    grey = Image.new("L", SIZE, 100)
    assert np.abs(decode(encoded(grey, "AVIF", quality=100), (1, HEIGHT, WIDTH), False).astype(int) - 100).max() <= 2


def test_formats_are_recognised_by_their_first_bytes(tmp_path: Any) -> None:
    picture = Image.new("RGB", SIZE)
    for kind, name in (
        ("PNG", "PNG"),
        ("JPEG", "JPEG"),
        ("WEBP", "WebP"),
        ("GIF", "GIF"),
        ("BMP", "BMP"),
        ("TIFF", "TIFF"),
    ):
        content = encoded(picture, kind)
        assert announced(content[:18]) == name
        for suffix in ("", ".dat"):
            path = tmp_path / f"{kind}{suffix}"
            path.write_bytes(content)
            assert is_picture(path) == (kind != "TIFF" or not suffix)
    assert announced(b"\0\0\0\x18ftypheic" + b"\0" * 6) == "HEIC"
    for text in (b"", b"BM", b"BMW and other cars", b"%PDF-1.7", b"PK\3\4", b"RIFF\0\0\0\0WAVE", b"\0\0\0\x18ftypisom"):
        assert announced(text) is None
    with pytest.raises(UndecodableError, match="HEIC of a kind that is not read; save it as PNG"):
        decode(b"\0\0\0\x18ftypheic" + b"\0" * 60, (3, HEIGHT, WIDTH), False)
