"""The parts of a face, back to front: background, body, skin, eyes, nose, mouth, brows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddle.data.drawing import Canvas, Field, Window, bump, ellipse, smooth
from saddle.data.faces_palette import BACKDROPS, CLOTHES, EYES, HAIR, skin

EYE_X, EYE_Y = 0.245, 0.13
MOUTH_Y = 0.425
CHIN_Y = 0.62
ACCESSORIES = ("none", "glasses", "headband", "bow", "flower")
PATTERNS = ("plain", "glow", "dots", "stripes")
Colour = NDArray[np.float32]


@dataclass(frozen=True)
class Portrait:
    """The factors of some faces, as what the parts need: columns [count, 1, 1], ramps [count, stops, 3]."""

    factors: dict[str, NDArray[np.generic]]

    def column(self, name: str) -> Field:
        return self.factors[name].astype(np.float32)[:, None, None]

    def index(self, name: str) -> NDArray[np.int64]:
        return self.factors[name].astype(np.int64)

    @property
    def hair(self) -> Colour:
        return HAIR[self.index("hair_colour")]

    @property
    def skin(self) -> Colour:
        return skin(self.factors["skin"].astype(np.float32))

    @property
    def accent(self) -> Colour:
        """The colour of ribbons."""
        return CLOTHES[self.index("outfit")][:, 4]

    def wears(self, accessory: str) -> Field:
        return (self.index("accessory") == ACCESSORIES.index(accessory)).astype(np.float32)[:, None, None]

    @property
    def ink(self) -> Colour:
        """The colour of lashes."""
        return np.broadcast_to(np.float32([0.16, 0.10, 0.15]), (len(self.factors["skin"]), 3))


def background(canvas: Canvas, face: Portrait) -> None:
    window = canvas.still((-1, 1, -1, 1))
    ramp = BACKDROPS[face.index("background")]
    x, y = window.x, window.y
    ragged = (x + y) * np.float32(1.5)
    stripes = smooth((abs(ragged - np.floor(ragged) - np.float32(0.5)) - 0.25) / (2 * canvas.pixel * 0.75) + 0.5)
    cell_x, cell_y = x * 2.5, y * 2.5
    row = np.floor(cell_y)
    cell_x = cell_x + 0.5 * (row - 2 * np.floor(row / 2))
    near = ellipse(cell_x - np.floor(cell_x) - np.float32(0.5), cell_y - row - np.float32(0.5), 0.24, 0.24) / 2.5
    shapes = [0 * stripes, bump(x, y + np.float32(0.1), 1.15, 1.15), window.cover(near), stripes]
    pattern = np.stack([np.broadcast_to(s, stripes.shape)[0] for s in shapes]).astype(np.float32)
    weight = np.array([0, 1.0, 0.55, 0.4], np.float32)[:, None, None]
    chosen = (pattern * weight)[face.index("pattern")]  # [count, resolution, resolution]
    window.paint_ramp(ramp, (y + 1) / 2 + chosen * 0.9, np.float32(1))


def body(canvas: Canvas, face: Portrait) -> None:
    """Neck, shoulders and a collar; they stay upright when the head is tilted."""
    window = canvas.still((-1, 1, 0.3, 1))
    x, y = abs(window.x), window.y
    line, shade, base = (face.skin[:, k] for k in range(3))
    cloth = CLOTHES[face.index("outfit")]
    neck = x - (0.135 + 0.5 * np.maximum(y - np.float32(0.72), 0) ** 2)
    window.paint(base, window.cover(neck))
    window.paint(shade, window.cover(neck) * smooth(1.6 - (y - 0.6) * 8) * np.float32(0.9))
    window.paint(line, window.stroke(neck, 0.02))
    shoulder = (0.735 + 0.42 * x * x + 0.03 * x - y) / np.sqrt(1 + (0.84 * x) ** 2)
    opening = x - (0.20 - 0.62 * np.maximum(y - 0.735, 0))
    torso = np.maximum(shoulder, -opening / 1.15)
    window.paint_ramp(cloth[:, :3], 2 - 0.8 * smooth((x - 0.3) * 2.5), window.cover(torso))
    collar = np.maximum(torso, opening / 1.15 - 0.085)
    window.paint(cloth[:, 3], window.cover(collar))
    window.paint(cloth[:, 0], np.maximum(window.stroke(torso, 0.022), window.stroke(collar, 0.016) * 0.6))
    wing = np.maximum(abs(y - np.float32(0.905)) - (np.float32(0.022) + np.float32(0.42) * x), x - np.float32(0.165))
    knot = ellipse(x, y - np.float32(0.905), 0.042, 0.048)
    for shape in (wing * np.float32(0.92), knot):
        window.paint(cloth[:, 4], window.cover(shape))
        window.paint(cloth[:, 4] * np.float32(0.5), window.stroke(shape, 0.016))


def head(canvas: Canvas, face: Portrait, shadow: Field, front: Window) -> None:
    """Ears, the face and its shading; `shadow` is what the hair throws on it, on the window `front`."""
    window = front
    u, v = window.x, window.y
    line, shade, base = (face.skin[:, k] for k in range(3))
    ear = ellipse(abs(u) - np.float32(0.51), v - np.float32(0.15), 0.085, 0.13)
    window.paint(base, window.cover(ear))
    window.paint(shade, window.cover(ear + 0.035) * np.float32(0.8))
    window.paint(line, window.stroke(ear, 0.02))
    distance = outline(u, v, face.column("face_shape"))
    inside = window.cover(distance)
    window.paint(base, inside)
    side = smooth((np.float32(0.55) * u + np.float32(0.25) * v + distance) / np.float32(0.16) - np.float32(0.9))
    window.paint(shade, inside * np.maximum(np.float32(0.65) * side, np.float32(0.85) * shadow))
    window.paint(line, window.stroke(distance, 0.024))
    cheeks = bump(abs(u) - np.float32(0.325), v - np.float32(0.30), 0.17, 0.10) * (0.15 + 0.65 * face.column("blush"))
    flush = base * np.float32([0.98, 0.60, 0.58])
    window.paint(flush, inside * cheeks)


def outline(u: Field, v: Field, pointed: Field) -> Field:
    """Distance to the edge of the face: |u| = W a (b + (1 - b) a), a = sqrt(1 - s^2): an ellipse drawn out to a chin."""
    half, height, m = 0.535 - 0.035 * pointed, CHIN_Y, 0.6 * pointed - 0.02
    x, s = u / half, v / np.float32(height)
    q = 1 - s * s
    a = np.sqrt(np.maximum(q, 0))
    b = 1 - m + m * a
    f = x * x - q * b * b
    f_u, f_v = 2 * x / half, 2 * s * b * (b + m * a) / np.float32(height)
    return f / (np.sqrt(f_u * f_u + f_v * f_v) + np.float32(1e-4))


def eyes(canvas: Canvas, face: Portrait) -> None:
    """Both at once, in coordinates that point outwards; the lights stand on the same side in both."""
    window = canvas.turned((-0.5, 0.5, -0.16, 0.36))
    size = 0.82 + 0.36 * face.column("eye_size")
    x = (abs(window.x) - np.float32(EYE_X)) / size
    y = (window.y - np.float32(EYE_Y)) / size
    y = y + (face.column("eye_slant") - 0.5) * 0.5 * x
    ramp = EYES[face.index("eye_colour")]
    dark, white = ramp[:, 0], np.ones_like(ramp[:, 0])
    p = x / np.float32(0.155)
    arch = 1 - p * p
    outwards = np.maximum(p, 0)
    lifted = arch + np.float32(0.42) * outwards * outwards * outwards  # the upper lid runs out above the corner
    upper = (y + np.float32(0.165) * lifted * (1.3 - 0.3 * np.clip(arch, 0, 1))) / np.sqrt(1 + np.minimum(1.9 * p * p, 2.5))
    lower = (y - np.float32(0.140) * arch) / np.sqrt(1 + np.float32(3.2) * p * p)
    ends = abs(x) - np.float32(0.160)
    inside = window.cover(np.maximum(np.maximum(-upper, lower), ends) * size)
    window.paint(white * np.float32([1.0, 0.985, 0.98]), inside)
    iris_x, iris_y = x + np.float32(0.010), y + np.float32(0.002)
    iris = ellipse(iris_x, iris_y, 0.112, 0.152)
    disc = np.minimum(window.cover(iris * size), inside)
    window.paint_ramp(ramp, (iris_y + np.float32(0.13)) * np.float32(7.6), disc)
    window.paint(dark, disc * window.stroke((iris + np.float32(0.010)) * size, 0.022) * np.float32(0.8))
    pupil = ellipse(iris_x, iris_y + np.float32(0.012), 0.046, 0.070)
    window.paint(dark * np.float32(0.5), np.minimum(window.cover(pupil * size), disc))
    glow = bump(iris_x, iris_y - np.float32(0.095), 0.085, 0.055) * disc
    window.paint(ramp[:, 2] * np.float32(0.4) + np.float32(0.6), glow * np.float32(0.75))
    window.paint(dark * np.float32(0.55), inside * smooth(1 - upper / np.float32(0.085)) * np.float32(0.6))
    across = np.copysign(x, window.x * x)
    big = ellipse(across + np.float32(0.040), y + np.float32(0.062), 0.038, 0.046)
    small = ellipse(across - np.float32(0.046), y - np.float32(0.066), 0.020, 0.023)
    glint = np.maximum(window.cover(big * size), np.float32(0.9) * window.cover(small * size))
    window.paint(white, glint * inside)
    lashes(window, face, x, upper * size, lower * size, size)


def lashes(window: Window, face: Portrait, x: Field, upper: Field, lower: Field, size: Field) -> None:
    """A heavy upper lid that thickens outwards, a hint of the lower one, a crease above."""
    p = x / np.float32(0.155)
    weight = smooth(0.62 * p + np.float32(0.62)) * smooth((np.float32(1.32) - p) * np.float32(2.2))
    span = window.cover((abs(x - np.float32(0.020)) - np.float32(0.178)) * size)
    lid = upper + np.float32(0.006) * weight
    window.paint(face.ink, window.stroke(lid, 0.010 + 0.050 * weight) * span)
    near = window.cover((abs(x) - np.float32(0.150)) * size)
    low = smooth(x * np.float32(6) + np.float32(0.3)) * np.float32(0.7)
    window.paint(face.ink, window.stroke(lower, 0.014) * near * low)
    fold = window.stroke(upper + np.float32(0.058), 0.012) * window.cover((abs(x) - np.float32(0.10)) * size)
    window.paint(face.skin[:, 0], fold * np.float32(0.45))


def nose(canvas: Canvas, face: Portrait) -> None:
    window = canvas.turned((-0.06, 0.06, 0.24, 0.34))
    mark = ellipse(window.x - np.float32(0.008), window.y - np.float32(0.295), 0.020, 0.014)
    window.paint(face.skin[:, 0], window.cover(mark) * np.float32(0.6))


def mouth(canvas: Canvas, face: Portrait) -> None:
    """A curve that opens downwards: dark inside, teeth above, a tongue below."""
    window = canvas.turned((-0.2, 0.2, 0.34, 0.6))
    opening, smile = face.column("mouth"), face.column("smile")
    half = 0.080 + 0.035 * smile + 0.02 * opening
    p = window.x / half
    arch = 1 - p * p
    y = window.y - np.float32(MOUTH_Y) + 0.03 * opening
    curve = (0.045 * smile + 0.006) * (1 - 0.5 * opening)
    depth = 0.135 * opening
    top = (y - curve * arch) / np.sqrt(1 + (2 * curve * p / half) ** 2)
    low = curve + depth
    bottom = (y - low * arch * (1.25 - 0.25 * arch)) / np.sqrt(1 + (2 * low * p / half) ** 2)
    inside = window.cover(np.maximum(-top, bottom)) * smooth(opening * 9 - 0.2)
    line, white = face.skin[:, 0], np.ones_like(face.skin[:, 0])
    window.paint(line * np.float32([0.80, 0.50, 0.55]), inside)
    tongue = ellipse(window.x, y - low - 0.012, half * 0.6, 0.01 + 0.42 * depth)
    window.paint(white * np.float32([0.95, 0.52, 0.52]), np.minimum(window.cover(tongue), inside))
    teeth = window.cover(np.maximum(top - 0.026, abs(window.x) - 0.8 * half))
    window.paint(white, np.minimum(teeth, inside) * smooth(opening * 4 - 1))
    ends = window.cover(abs(window.x) - half)
    window.paint(line * np.float32(0.8), window.stroke(top, 0.020) * ends)
    window.paint(line * np.float32(0.8), window.stroke(bottom, 0.014) * ends * smooth(opening * 6))


def brows(canvas: Canvas, face: Portrait) -> None:
    """Seen through the fringe, as the drawing style has it."""
    window = canvas.turned((-0.45, 0.45, -0.24, 0.04))
    x = abs(window.x) - np.float32(EYE_X + 0.01)
    tilt = (face.column("brow") - 0.5) * 0.40
    lift = 0.215 + 0.05 * face.column("eye_size")
    y = window.y - np.float32(EYE_Y) + lift + tilt * x - 1.6 * x * x
    width = 0.034 - 0.022 * smooth(x * 4 + 0.4)
    alpha = window.stroke(y, width) * window.cover(abs(x) - 0.105)
    window.paint(face.hair[:, 0] * np.float32(0.85), alpha * np.float32(0.8))


def glasses(canvas: Canvas, face: Portrait) -> None:
    window = canvas.turned((-0.55, 0.55, -0.12, 0.4))
    worn = face.wears("glasses")
    x = abs(window.x)
    rim = ellipse(x - np.float32(EYE_X + 0.005), window.y - np.float32(EYE_Y + 0.025), 0.205, 0.185)
    bridge = window.stroke(window.y - np.float32(EYE_Y), 0.022) * window.cover(x - np.float32(0.045))
    frame = np.maximum(window.stroke(rim, 0.022), bridge)
    white = np.ones_like(face.ink)
    gleam = abs(window.x + window.y - np.where(window.x > 0, np.float32(0.46), np.float32(-0.03))) - np.float32(0.035)
    window.paint(white, worn * window.cover(np.maximum(rim + np.float32(0.02), gleam)) * np.float32(0.28))
    window.paint(face.accent * np.float32(0.55), worn * frame)


def ornaments(canvas: Canvas, face: Portrait) -> None:
    """What is worn in the hair, in the colour of the bow at the collar."""
    accent, white = face.accent, np.ones_like(face.accent)
    band = canvas.turned((-0.7, 0.7, -0.7, -0.1))
    height = abs(band.y - (np.float32(-0.60) + np.float32(0.62) * band.x * band.x)) / np.sqrt(1 + (1.24 * band.x) ** 2)
    skull = ellipse(band.x, band.y + np.float32(0.16), 0.62 + 0.05 * face.column("hair_volume"), 0.68)
    shape = np.maximum(height - np.float32(0.048), skull)
    worn = face.wears("headband")
    band.paint(accent, worn * band.cover(shape))
    band.paint(white, worn * band.cover(np.maximum(height - np.float32(0.010), skull)) * np.float32(0.45))
    band.paint(accent * np.float32(0.5), worn * band.stroke(shape, 0.018))

    bow = canvas.turned((-0.72, -0.12, -0.92, -0.38))
    x, y = bow.x + np.float32(0.40), bow.y + np.float32(0.64)
    x, y = abs(np.float32(0.83) * x - np.float32(0.56) * y), np.float32(0.56) * x + np.float32(0.83) * y
    wing = np.maximum((abs(y) - (np.float32(0.03) + np.float32(0.62) * x)) * np.float32(0.85), x - np.float32(0.21) + y * y)
    worn = face.wears("bow")
    for part, shade in ((wing, 1.0), (ellipse(x, y, 0.055, 0.065), 1.0)):
        bow.paint(accent * np.float32(shade), worn * bow.cover(part))
        bow.paint(accent * np.float32(0.72), worn * bow.cover(part) * smooth(1 - (x - np.float32(0.04)) * np.float32(12)) * (shade * 0.6))
        bow.paint(accent * np.float32(0.45), worn * bow.stroke(part, 0.020))

    flower = canvas.turned((0.26, 0.62, -0.46, -0.10))
    x, y = flower.x - np.float32(0.44), flower.y + np.float32(0.28)
    d, s = (x + y) * np.float32(0.7071), (x - y) * np.float32(0.7071)
    petals = np.minimum(ellipse(d, s, 0.145, 0.065), ellipse(s, d, 0.145, 0.065))
    petals = np.minimum(petals, np.minimum(ellipse(x, y, 0.065, 0.145), ellipse(y, x, 0.065, 0.145)))
    worn = face.wears("flower")
    flower.paint(white * np.float32([1.0, 0.97, 0.95]), worn * flower.cover(petals))
    flower.paint(accent * np.float32(0.75), worn * flower.stroke(petals, 0.018))
    flower.paint(white * np.float32([1.0, 0.78, 0.25]), worn * flower.cover(ellipse(x, y, 0.048, 0.048)))
