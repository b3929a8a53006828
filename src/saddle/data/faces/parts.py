"""The parts of a face, back to front: background, body, skin, eyes, nose, mouth, brows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddle.data.drawing import Canvas, Field, Window, bump, ellipse, smooth
from saddle.data.faces.palette import BACKDROPS, CLOTHES, FLUSH, HAIR, LIPS, TONGUE, WHITE, Colour, skin

EYE_X, EYE_Y = 0.245, 0.13
MOUTH_Y = 0.425
CHIN_Y = 0.62
ACCESSORIES = ("none", "glasses", "headband", "bow", "flower")
PATTERNS = ("plain", "glow", "dots", "stripes")


@dataclass(frozen=True)
class Portrait:
    """The factors of some faces in the forms that the parts need: columns [count, 1, 1], ramps [count, stops, 3]."""

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


def background(canvas: Canvas, face: Portrait) -> None:
    """Draw a gradient from top to bottom, with a pattern added to its position."""
    window = canvas.still((-1, 1, -1, 1))
    ramp = BACKDROPS[face.index("background")]
    x, y = window.x, window.y
    diagonal = 1.5 * (x + y)
    stripes = window.cover((0.25 - abs(diagonal - np.floor(diagonal) - 0.5)) / 2.12)  # 1.5 times the root of 2
    row = np.floor(2.5 * y)
    column = 2.5 * x + 0.5 * (row - 2 * np.floor(row / 2))  # every other row is shifted
    dots = window.cover(ellipse(column - np.floor(column) - 0.5, 2.5 * y - row - 0.5, 0.24, 0.24) / 2.5)
    patterns = [np.zeros_like(stripes), bump(x, y + 0.1, 1.15, 1.15), 0.55 * dots, 0.4 * stripes]  # as in PATTERNS
    chosen = np.concatenate(patterns)[face.index("pattern")]  # [count, resolution, resolution]
    window.paint_ramp(ramp, (y + 1) / 2 + 0.9 * chosen, 1.0)


def body(canvas: Canvas, face: Portrait) -> None:
    """Draw neck, shoulders and a collar; they stay upright when the head is tilted."""
    window = canvas.still((-1, 1, 0.3, 1))
    x, y = abs(window.x), window.y
    line, shade, base = (face.skin[:, k] for k in range(3))
    cloth = CLOTHES[face.index("outfit")]
    neck = np.maximum(x - (0.135 + 0.5 * np.maximum(y - 0.72, 0) ** 2), 0.45 - y)
    window.paint(base, window.cover(neck))
    window.paint(shade, window.cover(neck) * smooth(1.6 - (y - 0.6) * 8) * 0.9)
    window.paint(line, window.stroke(neck, 0.02))
    shoulder = (0.735 + 0.42 * x * x + 0.03 * x - y) / np.sqrt(1 + (0.84 * x) ** 2)
    rolled = (face.index("outfit") % 3 == 2).astype(np.float32)[:, None, None]  # a roll collar, not a bow
    opening = (x - (0.20 - 0.62 * np.maximum(y - 0.735, 0))) / 1.15
    torso = np.maximum(shoulder, -opening - rolled)
    window.paint_ramp(cloth[:, :3], 2 - 0.8 * smooth((x - 0.3) * 2.5), window.cover(torso))
    collar = np.maximum(torso, opening - 0.085)
    window.paint(cloth[:, 3], (1 - rolled) * window.cover(collar))
    seam = (1 - rolled) * window.stroke(collar, 0.016) * 0.6
    window.paint(cloth[:, 0], np.maximum(window.stroke(torso, 0.022), seam))
    roll = np.maximum(abs(y + 1.3 * x * x - 0.775) - 0.055, x - 0.185)
    window.paint_ramp(cloth[:, :3], 2.3 - 4.5 * x, rolled * window.cover(roll))
    window.paint(cloth[:, 0], rolled * window.stroke(roll, 0.020))
    bow(window, x, y - 0.89, 0.85, face.accent, 1 - rolled)


def bow(window: Window, x: Field, y: Field, size: float, colour: Colour, alpha: Field) -> None:
    """Draw a tied ribbon at the origin of (x, y), with x >= 0 on both sides."""
    loop = ellipse(x - 0.085 * size, y, 0.125 * size, 0.155 * size)
    wing = np.maximum(loop, (abs(y) - 0.022 * size - 0.66 * x) * 0.83)
    knot = ellipse(x, y, 0.048 * size, 0.054 * size)
    window.paint(colour, alpha * window.cover(wing))
    window.paint(colour * 0.72, alpha * window.cover(wing) * smooth(1.3 - 9 * x / size))
    window.paint(colour * 0.45, alpha * window.stroke(wing, 0.018))
    window.paint(colour, alpha * window.cover(knot))
    window.paint(colour * 0.45, alpha * window.stroke(knot, 0.016))


def head(window: Window, face: Portrait, shadow: Field) -> None:
    """Draw the ears, the face and its shading; `shadow` is the shadow of the hair on the same window."""
    u, v = window.x, window.y
    line, shade, base = (face.skin[:, k] for k in range(3))
    ear = ellipse(abs(u) - 0.50, v - 0.09, 0.075, 0.125)
    window.paint(base, window.cover(ear))
    window.paint(shade, window.cover(ear + 0.035) * 0.8)
    window.paint(line, window.stroke(ear, 0.02))
    distance = outline(u, v, face.column("face_shape"))
    inside = window.cover(distance)
    window.paint(base, inside)
    side = smooth((0.55 * u + 0.25 * v + distance) / 0.16 - 0.9)
    window.paint(shade, inside * np.maximum(0.65 * side, 0.85 * shadow))
    window.paint(line, window.stroke(distance, 0.024))
    cheeks = bump(abs(u) - 0.325, v - 0.30, 0.17, 0.10) * (0.15 + 0.65 * face.column("blush"))
    window.paint(base * FLUSH, inside * cheeks)


def outline(u: Field, v: Field, pointed: Field) -> Field:
    """Distance to the edge of the face, an ellipse extended to a chin.

    The edge is |u| = W a (1 - m + m a) with a = sqrt(1 - s^2), s = v / H; the distance is f / |grad f| for
    f = (u / W)^2 - (1 - s^2) (1 - m + m a)^2.
    """
    half, height, m = 0.535 - 0.035 * pointed, CHIN_Y, 0.6 * pointed - 0.02
    x, s = u / half, v / height
    q = 1 - s * s
    a = np.sqrt(np.maximum(q, 0))
    b = 1 - m + m * a
    f = x * x - q * b * b
    f_u, f_v = 2 * x / half, 2 * s * b * (b + m * a) / height
    return f / (np.sqrt(f_u * f_u + f_v * f_v) + 1e-4)


def nose(canvas: Canvas, face: Portrait) -> None:
    """Draw a touch of shadow."""
    window = canvas.turned((-0.10, 0.12, 0.20, 0.39))
    mark = ellipse(window.x - 0.008, window.y - 0.295, 0.020, 0.014)
    window.paint(face.skin[:, 0], window.cover(mark) * 0.6)


def mouth(canvas: Canvas, face: Portrait) -> None:
    """Draw a curve that opens downwards: dark inside, teeth above, a tongue below."""
    window = canvas.turned((-0.2, 0.2, 0.34, 0.6))
    opening, smile = face.column("mouth"), face.column("smile")
    half = 0.080 + 0.035 * smile + 0.02 * opening
    p = window.x / half
    arch = np.maximum(1 - p * p, -0.2)  # its curves end beside the corners
    y = window.y - MOUTH_Y + 0.03 * opening
    curve = (0.045 * smile + 0.006) * (1 - 0.5 * opening)
    depth = 0.135 * opening
    top = (y - curve * arch) / np.sqrt(1 + (2 * curve * p / half) ** 2)
    low = curve + depth
    bottom = (y - low * arch * (1.25 - 0.25 * arch)) / np.sqrt(1 + (2 * low * p / half) ** 2)
    corner = abs(window.x) - half
    inside = window.cover(np.maximum(np.maximum(-top, bottom), corner)) * smooth(opening * 9 - 0.2)
    line = face.skin[:, 0]
    window.paint(line * LIPS, inside)
    tongue = ellipse(window.x, y - low - 0.012, half * 0.6, 0.01 + 0.42 * depth)
    window.paint(TONGUE, np.minimum(window.cover(tongue), inside))
    teeth = window.cover(np.maximum(top - 0.026, abs(window.x) - 0.8 * half))
    window.paint(WHITE, np.minimum(teeth, inside) * smooth(opening * 4 - 1))
    ends = window.cover(corner)
    window.paint(line * 0.8, window.stroke(top, 0.020) * ends)
    window.paint(line * 0.8, window.stroke(bottom, 0.014) * ends * smooth(opening * 6))


def brows(canvas: Canvas, face: Portrait) -> None:
    """Draw the brows over the fringe, as usual in this style."""
    window = canvas.turned((-0.45, 0.45, -0.24, 0.04))
    x = abs(window.x) - (EYE_X + 0.01)
    tilt = (face.column("brow") - 0.5) * 0.40
    lift = 0.215 + 0.05 * face.column("eye_size")
    y = window.y - EYE_Y + lift + tilt * x - 1.6 * x * x
    width = 0.034 - 0.022 * smooth(x * 4 + 0.4)
    alpha = window.stroke(y, width) * window.cover(abs(x) - 0.105)
    window.paint(face.hair[:, 0] * 0.85, alpha * 0.8)
