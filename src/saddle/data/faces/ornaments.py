"""The accessories: glasses, a headband, a bow, a flower."""

from collections.abc import Callable

import numpy as np

from saddle.data.drawing import Canvas, ellipse
from saddle.data.faces.hair import skull
from saddle.data.faces.palette import LASH, PETAL, POLLEN, WHITE
from saddle.data.faces.parts import EYE_X, EYE_Y, Portrait, bow


def wear(canvas: Canvas, face: Portrait, accessory: str, draw: Callable[[Canvas, Portrait], None]) -> None:
    """Draw an accessory on the pictures of the faces that wear it."""
    rows = np.flatnonzero(face.wears(accessory))
    part = canvas.part(rows)
    draw(part, Portrait({name: values[rows] for name, values in face.factors.items()}))
    canvas.pixels[rows] = part.pixels


def glasses(canvas: Canvas, face: Portrait) -> None:
    """Draw round glasses with a gleam, below the hair."""
    window = canvas.turned((-0.55, 0.55, -0.12, 0.4))
    x = abs(window.x)
    rim = ellipse(x - (EYE_X + 0.005), window.y - (EYE_Y + 0.02), 0.205, 0.190)
    bridge = window.stroke(window.y - EYE_Y, 0.022) * window.cover(x - 0.045)
    frame = np.maximum(window.stroke(rim, 0.022), bridge)
    gleam = abs(window.x + window.y - np.where(window.x > 0, 0.46, -0.03)) - 0.035
    window.paint(WHITE, window.cover(np.maximum(rim + 0.02, gleam)) * 0.28)
    window.paint(1.4 * LASH, 0.85 * frame)


def ornaments(canvas: Canvas, face: Portrait) -> None:
    """Draw the accessories in the hair, in the colour of the bow at the collar."""
    wear(canvas, face, "headband", headband)
    wear(canvas, face, "bow", ribbon)
    wear(canvas, face, "flower", flower)


def ribbon(canvas: Canvas, face: Portrait) -> None:
    """Draw a bow on the crown."""
    crown = canvas.turned((-0.72, -0.12, -0.92, -0.38))
    x, y = crown.x + 0.38, crown.y + 0.64
    bow(crown, abs(0.83 * x - 0.56 * y), 0.56 * x + 0.83 * y, 1.15, face.accent, face.wears("bow"))


def headband(canvas: Canvas, face: Portrait) -> None:
    """Draw a headband along the skull from side to side."""
    band = canvas.turned((-0.7, 0.7, -0.7, -0.1))
    height = abs(band.y - (-0.60 + 0.62 * band.x * band.x)) / np.sqrt(1 + (1.24 * band.x) ** 2)
    head = skull(band, face.column("hair_volume"))
    shape = np.maximum(height - 0.048, head + 0.012)
    band.paint(face.accent, band.cover(shape))
    band.paint(WHITE, band.cover(np.maximum(height - 0.010, head)) * 0.45)
    band.paint(face.accent * 0.5, band.stroke(shape, 0.018))


def flower(canvas: Canvas, face: Portrait) -> None:
    """Draw a daisy of eight petals at the temple."""
    window = canvas.turned((0.26, 0.62, -0.46, -0.10))
    x, y = window.x - 0.44, window.y + 0.28
    d, s = (x + y) * 0.7071, (x - y) * 0.7071
    petals = np.minimum(ellipse(d, s, 0.145, 0.065), ellipse(s, d, 0.145, 0.065))
    petals = np.minimum(petals, np.minimum(ellipse(x, y, 0.065, 0.145), ellipse(y, x, 0.065, 0.145)))
    window.paint(PETAL, window.cover(petals))
    window.paint(face.accent * 0.75, window.stroke(petals, 0.018))
    window.paint(POLLEN, window.cover(ellipse(x, y, 0.048, 0.048)))
