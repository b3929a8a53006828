"""The eyes: white, iris, pupil, lights, lashes."""

import numpy as np

from saddle.data.drawing import Canvas, Field, Window, bump, ellipse, smooth
from saddle.data.faces.palette import EYE_WHITE, EYES, LASH, WHITE
from saddle.data.faces.parts import EYE_X, EYE_Y, Portrait


def eyes(canvas: Canvas, face: Portrait) -> None:
    """Draw both eyes in coordinates that point outwards; the lights are on the same side in both."""
    window = canvas.turned((-0.5, 0.5, -0.16, 0.36))
    size = 0.82 + 0.36 * face.column("eye_size")
    x = (abs(window.x) - EYE_X) / size
    y = (window.y - EYE_Y) / size
    y = y + (face.column("eye_slant") - 0.5) * 0.5 * x
    ramp = EYES[face.index("eye_colour")]
    dark = ramp[:, 0]
    p = x / 0.155
    arch = 1 - p * p
    outwards = np.maximum(p, 0)
    lifted = arch + 0.42 * outwards * outwards * outwards  # the upper lid runs out above the corner
    upper = (y + 0.165 * lifted * (1.3 - 0.3 * np.clip(arch, 0, 1))) / np.sqrt(1 + np.minimum(1.9 * p * p, 2.5))
    lower = (y - 0.140 * arch) / np.sqrt(1 + 3.2 * p * p)
    ends = abs(x) - 0.160
    inside = window.cover(np.maximum(np.maximum(-upper, lower), ends) * size)
    window.paint(EYE_WHITE, inside)
    iris_x, iris_y = x + 0.010, y + 0.002
    iris = ellipse(iris_x, iris_y, 0.112, 0.152)
    disc = np.minimum(window.cover(iris * size), inside)
    window.paint_ramp(ramp, (iris_y + 0.13) * 7.6, disc)
    window.paint(dark, disc * window.stroke((iris + 0.010) * size, 0.022) * 0.8)
    pupil = ellipse(iris_x, iris_y + 0.012, 0.046, 0.070)
    window.paint(dark * 0.5, np.minimum(window.cover(pupil * size), disc))
    glow = bump(iris_x, iris_y - 0.095, 0.085, 0.055) * disc
    window.paint(ramp[:, 2] * 0.4 + 0.6, glow * 0.75)
    window.paint(dark * 0.55, inside * smooth(1 - upper / 0.085) * 0.6)
    across = np.copysign(x, window.x * x)
    big = ellipse(across + 0.040, y + 0.062, 0.038, 0.046)
    small = ellipse(across - 0.046, y - 0.066, 0.020, 0.023)
    glint = np.maximum(window.cover(big * size), 0.9 * window.cover(small * size))
    window.paint(WHITE, glint * inside)
    lashes(window, face, x, upper * size, lower * size, size)


def lashes(window: Window, face: Portrait, x: Field, upper: Field, lower: Field, size: Field) -> None:
    """Draw a heavy upper lid that thickens outwards, a hint of the lower lid, and a crease above."""
    p = x / 0.155
    weight = smooth(0.62 * p + 0.62) * smooth((1.32 - p) * 2.2)
    span = window.cover((abs(x - 0.020) - 0.178) * size)
    lid = upper + 0.006 * weight
    window.paint(LASH, window.stroke(lid, 0.010 + 0.050 * weight) * span)
    near = window.cover((abs(x) - 0.150) * size)
    low = smooth(x * 6 + 0.3) * 0.7
    window.paint(LASH, window.stroke(lower, 0.014) * near * low)
    fold = window.stroke(upper + 0.058, 0.012) * window.cover((abs(x) - 0.10) * size)
    window.paint(face.skin[:, 0], fold * 0.45)
