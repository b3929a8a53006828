"""Hair as overlapping locks: curved strands that taper to a tip, each with its own edge and shading."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saddle.data.drawing import Canvas, Field, Window, ellipse, smooth

LINE = 0.026

# Every lock: top, tip, x at the top, at the bend, at the tip, half width, bluntness of the tip. Later locks are on top.
FRINGES = {
    "blunt": [
        (-0.72, 0.06, -0.20, -0.52, -0.46, 0.11, 0.6),
        (-0.72, 0.06, 0.20, 0.52, 0.46, 0.11, 0.6),
        (-0.72, 0.01, -0.10, -0.33, -0.30, 0.11, 0.8),
        (-0.72, 0.01, 0.10, 0.33, 0.30, 0.11, 0.8),
        (-0.74, -0.01, 0.04, 0.12, 0.115, 0.12, 0.8),
        (-0.74, -0.01, -0.04, -0.12, -0.115, 0.12, 0.8),
    ],
    "swept": [
        (-0.74, 0.16, 0.22, 0.60, 0.50, 0.11, 0.0),
        (-0.76, 0.04, 0.24, 0.46, 0.40, 0.13, 0.0),
        (-0.70, 0.18, 0.10, -0.52, -0.50, 0.13, 0.0),
        (-0.72, 0.10, 0.14, -0.30, -0.40, 0.16, 0.0),
        (-0.74, 0.06, 0.20, -0.10, -0.24, 0.17, 0.0),
        (-0.76, 0.03, 0.26, 0.18, -0.04, 0.17, 0.0),
    ],
    "parted": [
        (-0.74, 0.22, -0.20, -0.66, -0.50, 0.10, 0.0),
        (-0.74, 0.22, 0.20, 0.66, 0.50, 0.10, 0.0),
        (-0.76, 0.10, -0.12, -0.50, -0.43, 0.12, 0.0),
        (-0.76, 0.10, 0.12, 0.50, 0.43, 0.12, 0.0),
        (-0.78, -0.04, -0.10, -0.24, -0.36, 0.13, 0.0),
        (-0.78, -0.04, 0.10, 0.24, 0.36, 0.13, 0.0),
    ],
    "spiky": [
        (-0.74, 0.12, -0.16, -0.58, -0.46, 0.12, 0.0),
        (-0.74, 0.14, 0.20, 0.56, 0.50, 0.12, 0.0),
        (-0.76, 0.03, 0.12, 0.34, 0.38, 0.13, 0.0),
        (-0.76, 0.06, -0.10, -0.36, -0.26, 0.14, 0.0),
        (-0.78, 0.02, 0.06, 0.16, 0.22, 0.13, 0.0),
        (-0.78, 0.10, 0.00, -0.12, 0.00, 0.14, 0.0),
    ],
    "wispy": [
        (-0.76, 0.20, -0.20, -0.68, -0.49, 0.09, 0.0),
        (-0.76, 0.20, 0.20, 0.68, 0.49, 0.09, 0.0),
        (-0.76, 0.05, -0.10, -0.50, -0.42, 0.11, 0.0),
        (-0.76, 0.05, 0.12, 0.52, 0.42, 0.11, 0.0),
        (-0.66, 0.00, 0.06, 0.16, 0.17, 0.055, 0.0),
        (-0.70, 0.20, 0.02, -0.14, -0.02, 0.075, 0.0),
    ],
}
TABLE = np.array(list(FRINGES.values()), np.float32)  # [styles, locks, 7]


@dataclass(frozen=True)
class Lock:
    """One lock; each number is [count, 1, 1] or the same for all pictures, in the order of FRINGES."""

    top: Field | float
    tip: Field | float
    start: Field | float
    bend: Field | float
    end: Field | float
    width: Field | float
    blunt: Field | float

    def measure(self, x: Field, y: Field) -> tuple[Field, Field, Field]:
        """Distance, position t along the lock (0 at the top, 1 at the tip) and across it (-1 and 1 at its edges).

        The middle is the parabola through `start` towards `bend` to `end`; the half width is
        w (1 - (1 - b) t^2 - b t^6) for bluntness b. Above its top the lock continues straight.
        """
        length = self.tip - self.top
        first = 2 * (self.bend - self.start)
        second = self.end - self.start - first
        t = np.clip((y - self.top) / length, 0, 1.25)
        t2 = t * t
        square = self.blunt * t2 * t2
        half = self.width * (1 - t2 * ((1 - self.blunt) + square))
        narrowing = 2 * self.width * t * ((1 - self.blunt) + 3 * square)
        across = x - (self.start + t * (first + t * second))
        slope = (first + 2 * second * t - np.copysign(narrowing, across)) / length
        distance = (abs(across) - half) / np.sqrt(1 + slope * slope)
        return np.maximum(distance, y - self.tip), t, across / self.width


@dataclass(frozen=True)
class Hair:
    """The hair on a window; `add` changes the arrays in place."""

    window: Window
    distance: Field
    """Negative where there is hair."""
    tone: Field
    """0 line, 1 shadow, 2 body, 3 light."""

    def add(self, lock: Lock, within: Field, mirrored: bool = False) -> None:
        """Draw a lock over the hair, cut to distance `within` < 0; `mirrored` draws it on both sides."""
        x = abs(self.window.x) if mirrored else self.window.x
        distance, t, across = lock.measure(x, self.window.y)
        distance = np.maximum(distance, within)
        tone = 2.15 - 0.3 * t * t - 0.25 * across - 0.45 * smooth(3 * across - 0.6)
        self.tone[:] += self.window.cover(distance) * smooth(3.5 * t) * (tone - self.tone)
        self.join(distance, smooth(2.2 * t - 0.5))

    def join(self, distance: Field, strength: Field) -> None:
        """Add a shape to the hair, with a line of `strength` just inside its edge."""
        self.line(distance, strength)
        np.minimum(self.distance, distance, out=self.distance)

    def line(self, distance: Field, strength: Field | float) -> None:
        pen = max(LINE, self.window.pixel)
        self.tone[:] *= 1 - strength * self.window.stroke(distance + pen / 2, LINE)

    def above(self, window: Window) -> "Hair":
        """The part of the hair on `window`, which has the same top and sides."""
        rows = window.y.shape[1]
        return Hair(window, self.distance[:, :rows], self.tone[:, :rows])

    def paint(self, ramp: NDArray[np.floating[Any]]) -> None:
        self.window.paint_ramp(ramp, self.tone, self.window.cover(self.distance))


def skull(window: Window, volume: Field) -> Field:
    """Distance to the outline of the head with its hair."""
    return ellipse(window.x, window.y + 0.16, 0.62 + 0.05 * volume, 0.68)


def fringe_locks(style: NDArray[np.int64]) -> list[Lock]:
    """The locks of each picture's fringe."""
    rows = TABLE[style]  # [count, locks, 7]
    return [Lock(*(rows[:, k, j, None, None] for j in range(7))) for k in range(rows.shape[1])]


def back_hair(canvas: Canvas, length: Field, volume: Field) -> Hair:
    """The hair behind the neck; `length` in [0, 1] from the jaw to below the picture."""
    window = canvas.turned((-0.85, 0.85, -0.9, 1.4))
    side = abs(window.x)
    head = skull(window, volume)
    hair = Hair(window, head, np.full_like(head, 1.2))
    hair.line(head, 1.0)
    tip = 0.34 + 1.05 * length
    wide = 0.46 + 0.09 * volume
    outer = Lock(-0.3, tip - 0.04, 0.42, wide + 0.06 + 0.06 * length, wide - 0.08 + 0.18 * length, 0.20, 0.3)
    middle = Lock(-0.3, tip + 0.06, 0.3, 0.42 + 0.04 * volume, 0.30 + 0.06 * length, 0.22, 0.4)
    inner = Lock(-0.3, tip + 0.08, 0.1, 0.16, 0.10, 0.26, 0.5)
    for lock, shade in ((outer, 1.55), (middle, 1.15), (inner, 0.75)):  # darker towards the neck
        distance, t, across = lock.measure(side, window.y)
        distance = np.maximum(distance, -0.3 - window.y)
        hair.tone[:] += window.cover(distance) * (shade - 0.25 * t - 0.15 * across - hair.tone)
        hair.join(distance, smooth(3 * t - 0.8))
    return hair


def front_hair(canvas: Canvas, style: NDArray[np.int64], length: Field, volume: Field) -> Hair:
    """Cap, strands next to the cheeks, and fringe."""
    window = canvas.turned((-0.75, 0.75, -0.9, 0.9))
    head = skull(window, volume)
    hairline = 0.7 * (window.y + 0.62 - np.sqrt(window.x * window.x + 0.004))
    cap = np.maximum(head, hairline)
    hair = Hair(window, cap, np.full_like(cap, 2.0))
    hair.line(cap, smooth(-0.3 - 6 * window.y))
    crown = np.where(window.y < -0.16, head, -1)
    wide = 0.07 * volume
    out = wide * (0.4 + 0.6 * length) + 0.10 * length
    side = Lock(-0.55, 0.34 + 0.62 * length, 0.42, 0.57 + out, 0.45 + out, 0.12, 0.0)
    hair.add(side, crown, mirrored=True)
    upper = hair.above(canvas.turned((-0.75, 0.75, -0.9, 0.3)))  # no fringe reaches further down
    rows = upper.tone.shape[1]
    upper.add(Lock(-0.55, 0.24 + 0.05 * length, 0.32, 0.62, 0.43, 0.09, 0.0), crown[:, :rows], mirrored=True)
    for lock in fringe_locks(style):
        upper.add(lock, crown[:, :rows])
    hair.line(head, smooth(-0.72 - 6 * window.y))
    shine(upper, head[:, :rows])
    return hair


def shine(hair: Hair, head: Field) -> None:
    """Add a band of light with ragged edges around the crown."""
    x, y = hair.window.x, hair.window.y
    phase = 5.5 * x
    ragged = abs(phase - np.floor(phase) - 0.5) - 0.25
    height = y + 0.50 - 0.30 * x * x - 0.06 * ragged
    band = abs(height) - (0.055 - 0.12 * x * x)
    lit = smooth(0.5 - band / max(0.03, hair.window.pixel)) * smooth(-head / 0.12)
    hair.tone[:] += 0.85 * lit
