"""The parts of a face, back to front: background, body, skin, eyes, nose, mouth, brows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddle.data.drawing import Canvas, Field, Window, bump, ellipse, smooth
from saddle.data.faces_palette import BACKDROPS, CLOTHES, EYES, HAIR, skin

EYE_X, EYE_Y = 0.245, 0.13
MOUTH_Y = 0.425
CHIN_Y = 0.62
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
    def ink(self) -> Colour:
        """The colour of lashes and brows: the darkest of the hair, darker."""
        return self.hair[:, 0] * np.float32(0.62)


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
    half, height, m = 0.53 - 0.035 * pointed, CHIN_Y, 0.02 + 0.42 * pointed
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
    one = Window(window.pixels, x, y, window.pixel)  # distances below are in units of the eye
    scale = size / np.float32(1)
    dark, mid, light = (EYES[face.index("eye_colour")][:, k] for k in range(3))
    a = np.float32(0.155)
    p = x / a
    arch = 1 - p * p
    arch_in = np.maximum(arch, 0)
    upper = (y + np.float32(0.155) * arch * (1.25 - 0.25 * arch_in)) / np.sqrt(1 + (2.1 * p) ** 2)
    lower = (y - np.float32(0.135) * arch) / np.sqrt(1 + (1.75 * p) ** 2)
    white = np.maximum(-upper, lower) * scale
    inside = one.cover(white)
    one.paint(np.full_like(dark, 1.0) * np.float32([1.0, 0.985, 0.98]), inside)
    iris_x, iris_y = x + np.float32(0.012), y - np.float32(0.005)
    iris = ellipse(iris_x, iris_y, 0.105, 0.140)
    disc = np.minimum(one.cover(iris * scale), inside)
    ramp = EYES[face.index("eye_colour")]
    tone = (iris_y + np.float32(0.14)) / np.float32(0.28) * np.float32(2.1) - np.float32(0.1)
    one.paint_ramp(ramp, tone, disc)
    rim = disc * one.stroke((iris + np.float32(0.012)) * scale, 0.024)
    one.paint(dark, rim * np.float32(0.75))
    pupil = ellipse(iris_x, iris_y + np.float32(0.005), 0.045, 0.068)
    one.paint(dark * np.float32(0.55), np.minimum(one.cover(pupil * scale), disc))
    lid_shadow = inside * smooth(1 - (upper + 0.0) / np.float32(0.075))
    one.paint(dark * np.float32(0.6), lid_shadow * np.float32(0.55))
    across = np.copysign(x, window.x * x)
    big = ellipse(across + np.float32(0.042), y + np.float32(0.062), 0.040, 0.046)
    small = ellipse(across - np.float32(0.046), y - np.float32(0.068), 0.021, 0.024)
    glint = np.maximum(one.cover(big * scale), np.float32(0.85) * one.cover(small * scale))
    one.paint(np.ones_like(dark), glint * inside)
    lashes(one, face, x, y, upper * scale, lower * scale, scale)


def lashes(window: Window, face: Portrait, x: Field, y: Field, upper: Field, lower: Field, scale: Field) -> None:
    out = smooth(x * np.float32(3.2) + np.float32(0.5))
    span = window.cover((abs(x - np.float32(0.01)) - np.float32(0.172)) * scale)
    window.paint(face.ink, window.stroke(upper, 0.030 + 0.034 * out) * span)
    low = smooth(x * np.float32(5) + np.float32(0.35))
    window.paint(face.ink, window.stroke(lower, 0.014) * span * low * np.float32(0.8))
    crease = upper + np.float32(0.055)
    window.paint(
        face.skin[:, 0], window.stroke(crease, 0.012) * window.cover((abs(x) - 0.11) * scale) * np.float32(0.55)
    )


def nose(canvas: Canvas, face: Portrait) -> None:
    window = canvas.turned((-0.06, 0.06, 0.24, 0.34))
    mark = ellipse(window.x - np.float32(0.008), window.y - np.float32(0.295), 0.020, 0.014)
    window.paint(face.skin[:, 0], window.cover(mark) * np.float32(0.6))


def mouth(canvas: Canvas, face: Portrait) -> None:
    """A curve that opens downwards: dark inside, teeth above, a tongue below."""
    window = canvas.turned((-0.2, 0.2, 0.34, 0.6))
    opening, smile = face.column("mouth"), face.column("smile")
    half = 0.085 + 0.035 * smile + 0.02 * opening
    p = window.x / half
    arch = 1 - p * p
    curve = (0.05 * smile + 0.004) * (1 - 0.45 * opening)
    depth = 0.135 * opening
    top = window.y - np.float32(MOUTH_Y) - curve * arch + 0.02 * opening
    slope = 2 * curve * p / half
    top = top / np.sqrt(1 + slope * slope)
    full = np.maximum(arch, -1)
    slope = 2 * (curve + depth) * p / half
    bottom = window.y - np.float32(MOUTH_Y) - curve * arch - depth * full + 0.02 * opening
    bottom = bottom / np.sqrt(1 + slope * slope)
    hole = np.maximum(-top, bottom)
    inside = window.cover(hole) * smooth(opening * 8)
    line = face.skin[:, 0]
    window.paint(line * np.float32([0.85, 0.55, 0.6]), inside)
    tongue = ellipse(window.x, window.y - (np.float32(MOUTH_Y) + curve + depth), half * 0.62, 0.006 + 0.45 * depth)
    window.paint(np.full_like(line, 1) * np.float32([0.93, 0.50, 0.50]), np.minimum(window.cover(tongue), inside))
    window.paint(np.full_like(line, 1), np.minimum(window.cover(top - 0.028), inside) * smooth(opening * 4 - 1))
    ends = window.cover(abs(window.x) - half)
    window.paint(line * np.float32(0.8), window.stroke(top, 0.020) * ends)
    window.paint(line * np.float32(0.8), window.stroke(bottom, 0.014) * ends * smooth(opening * 8) * np.sqrt(opening))


def brows(canvas: Canvas, face: Portrait) -> None:
    """Seen through the fringe, as the drawing style has it."""
    window = canvas.turned((-0.45, 0.45, -0.22, 0.04))
    x = abs(window.x) - np.float32(EYE_X + 0.005)
    tilt = (face.column("brow") - 0.5) * 0.55
    lift = 0.145 + 0.05 * face.column("eye_size")
    y = window.y - np.float32(EYE_Y) + lift + np.float32(0.06) + tilt * x + 1.1 * x * x - 0.02
    width = 0.030 - 0.016 * smooth(x * 4 + 0.3)
    alpha = window.stroke(y, width) * window.cover(abs(x) - 0.115)
    window.paint(face.ink, alpha * np.float32(0.75))
