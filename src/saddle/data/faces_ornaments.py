"""What some faces wear: glasses, a headband, a bow, a flower."""

import numpy as np

from saddle.data.drawing import Canvas, ellipse
from saddle.data.faces_parts import EYE_X, EYE_Y, Portrait, bow


def glasses(canvas: Canvas, face: Portrait) -> None:
    window = canvas.turned((-0.55, 0.55, -0.12, 0.4))
    worn = face.wears("glasses")
    x = abs(window.x)
    rim = ellipse(x - EYE_X + 0.005, window.y - EYE_Y + 0.025, 0.205, 0.185)
    bridge = window.stroke(window.y - EYE_Y, 0.022) * window.cover(x - 0.045)
    frame = np.maximum(window.stroke(rim, 0.022), bridge)
    white = np.ones_like(face.ink)
    gleam = abs(window.x + window.y - np.where(window.x > 0, 0.46, -0.03)) - 0.035
    window.paint(white, worn * window.cover(np.maximum(rim + 0.02, gleam)) * 0.28)
    window.paint(face.ink * 1.4, worn * frame)


def ornaments(canvas: Canvas, face: Portrait) -> None:
    """What is worn in the hair, in the colour of the bow at the collar."""
    accent, white = face.accent, np.ones_like(face.accent)
    band = canvas.turned((-0.7, 0.7, -0.7, -0.1))
    height = abs(band.y - (-0.60 + 0.62 * band.x * band.x)) / np.sqrt(1 + (1.24 * band.x) ** 2)
    skull = ellipse(band.x, band.y + 0.16, 0.62 + 0.05 * face.column("hair_volume"), 0.68)
    shape = np.maximum(height - 0.048, skull + 0.012)
    worn = face.wears("headband")
    band.paint(accent, worn * band.cover(shape))
    band.paint(white, worn * band.cover(np.maximum(height - 0.010, skull)) * 0.45)
    band.paint(accent * 0.5, worn * band.stroke(shape, 0.018))

    crown = canvas.turned((-0.72, -0.12, -0.92, -0.38))
    x, y = crown.x + 0.38, crown.y + 0.64
    bow(crown, abs(0.83 * x - 0.56 * y), 0.56 * x + 0.83 * y, 1.15, accent, face.wears("bow"))

    flower = canvas.turned((0.26, 0.62, -0.46, -0.10))
    x, y = flower.x - 0.44, flower.y + 0.28
    d, s = (x + y) * 0.7071, (x - y) * 0.7071
    petals = np.minimum(ellipse(d, s, 0.145, 0.065), ellipse(s, d, 0.145, 0.065))
    petals = np.minimum(petals, np.minimum(ellipse(x, y, 0.065, 0.145), ellipse(y, x, 0.065, 0.145)))
    worn = face.wears("flower")
    flower.paint(white * np.float32([1.0, 0.97, 0.95]), worn * flower.cover(petals))
    flower.paint(accent * 0.75, worn * flower.stroke(petals, 0.018))
    flower.paint(white * np.float32([1.0, 0.78, 0.25]), worn * flower.cover(ellipse(x, y, 0.048, 0.048)))
