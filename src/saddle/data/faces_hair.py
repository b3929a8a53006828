"""Hair as locks: curved strands that taper to a tip, laid over one another, each with its own edge and roundness."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saddle.data.drawing import Field, Window, ellipse, smooth

LINE = 0.026

# Every lock: top, tip, x at the top, x of the bend, x at the tip, half width, bluntness of the tip. Later ones lie above.
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
    "long centre": [
        (-0.74, 0.16, -0.18, -0.60, -0.48, 0.12, 0.0),
        (-0.74, 0.16, 0.18, 0.60, 0.48, 0.12, 0.0),
        (-0.76, 0.02, -0.14, -0.38, -0.36, 0.12, 0.0),
        (-0.76, 0.02, 0.14, 0.38, 0.36, 0.12, 0.0),
        (-0.78, -0.06, 0.06, 0.20, 0.20, 0.12, 0.0),
        (-0.80, 0.20, -0.04, -0.10, 0.01, 0.13, 0.0),
    ],
}
TABLE = np.array(list(FRINGES.values()), np.float32)  # [styles, locks, 7]


@dataclass(frozen=True)
class Lock:
    """Per-picture numbers [count, 1, 1] of one lock, as in FRINGES."""

    top: Field | float
    tip: Field | float
    start: Field | float
    bend: Field | float
    end: Field | float
    width: Field | float
    blunt: Field | float

    def measure(self, x: Field, y: Field) -> tuple[Field, Field, Field]:
        """Distance, the place t along the lock (0 at the top, 1 at the tip), and across it (-1 and 1 at its edges)."""
        length = np.float32(self.tip) - np.float32(self.top)
        t = np.clip((y - np.float32(self.top)) / length, 0, 1.25)
        first = np.float32(2) * (np.float32(self.bend) - np.float32(self.start))
        second = np.float32(self.end) - np.float32(self.start) - first
        across = x - (np.float32(self.start) + t * (first + t * second))
        t2 = t * t
        t6 = t2 * t2 * t2
        blunt, width = np.float32(self.blunt), np.float32(self.width)
        half = width * (1 - t2 - blunt * (t6 - t2))
        narrowing = width * (2 * t * (1 - blunt) + 6 * blunt * t2 * t2 * t)
        slope = (first + 2 * t * second - np.copysign(narrowing, across)) / length
        distance = (abs(across) - half) / np.sqrt(1 + slope * slope)
        distance = np.maximum(distance, np.maximum(y - np.float32(self.tip), np.float32(self.top) - y))
        return distance, t, across / width


class Hair:
    """One mass of hair on a window: what it covers, and its tone (0 line, 1 shadow, 2 body, 3 light)."""

    def __init__(self, window: Window, distance: Field, tone: Field | float) -> None:
        self.window = window
        self.distance = distance
        self.tone = np.broadcast_to(np.float32(tone), np.broadcast_shapes(distance.shape, window.x.shape)).copy()
        self._edge(distance, np.float32(1))

    def add(self, lock: Lock, within: Field | float = -1.0, mirrored: bool = False) -> None:
        """Lay a lock over what is there, cut to distance `within` < 0; `mirrored` draws it on both sides."""
        x = abs(self.window.x) if mirrored else self.window.x
        distance, t, across = lock.measure(x, self.window.y)
        distance = np.maximum(distance, np.float32(within))
        tone = 2.1 - 0.25 * t - 0.35 * across * abs(across)
        self.tone += self.window.cover(distance) * (tone - self.tone)
        self._edge(distance, smooth(2.2 * t - 0.5))
        self.distance = np.minimum(self.distance, distance)

    def _edge(self, distance: Field, strength: Field) -> None:
        pen = max(LINE, 0.9 * self.window.pixel)
        self.tone *= 1 - strength * self.window.stroke(distance + np.float32(pen / 2), LINE)

    def paint(self, ramp: NDArray[np.float32]) -> None:
        self.window.paint_ramp(ramp, self.tone, self.window.cover(self.distance))


def fringe_locks(style: NDArray[np.int64]) -> list[Lock]:
    rows = TABLE[style]  # [count, locks, 7]
    return [Lock(*(rows[:, k, j, None, None] for j in range(7))) for k in range(rows.shape[1])]


def back_hair(window: Window, length: Field, volume: Field) -> Hair:
    """What hangs behind the neck; `length` in [0, 1] from the jaw to below the picture."""
    side = abs(window.x)
    skull = ellipse(window.x, window.y + np.float32(0.16), 0.62 + 0.05 * volume, 0.68)
    hair = Hair(window, skull, 1.2)
    tip = 0.42 + 0.95 * length
    inner = Lock(-0.3, tip + 0.02, 0.1, 0.16, 0.10, 0.26, 0.5)
    middle = Lock(-0.3, tip, 0.3, 0.40 + 0.05 * volume, 0.34, 0.22, 0.4)
    outer = Lock(-0.3, tip - 0.06, 0.42, 0.52 + 0.16 * volume, 0.50 + 0.08 * volume + 0.04 * length, 0.20, 0.3)
    for lock in (inner, middle, outer):
        distance, t, across = lock.measure(side, window.y)
        hair.tone += window.cover(distance) * (1.35 - 0.35 * t - 0.2 * across - hair.tone)
        hair._edge(distance, smooth(3 * t - 0.8))
        hair.distance = np.minimum(hair.distance, distance)
    return hair


def front_hair(window: Window, style: NDArray[np.int64], length: Field, volume: Field) -> Hair:
    """Cap, strands beside the cheeks and fringe."""
    x, y = window.x, window.y
    skull = ellipse(x, y + np.float32(0.16), 0.62 + 0.05 * volume, 0.68)
    hairline = y - (np.float32(-0.50) + np.float32(1.1) * x * x)
    hair = Hair(window, np.maximum(skull, hairline), 2.0)
    hair.add(Lock(-0.5, 0.34 + 0.5 * length, 0.40, 0.60 + 0.08 * volume, 0.50, 0.115, 0.0), mirrored=True)
    crown = np.where(y < np.float32(-0.16), skull, np.float32(-1))
    for lock in fringe_locks(style):
        hair.add(lock, within=crown)
    shine(hair, skull)
    return hair


def shine(hair: Hair, skull: Field) -> None:
    """A band of light around the crown, with a ragged lower edge."""
    x, y = hair.window.x, hair.window.y
    phase = x * np.float32(5.5)
    ragged = abs(phase - np.floor(phase) - np.float32(0.5)) - np.float32(0.25)
    height = y - (np.float32(-0.50) + np.float32(0.30) * x * x)
    band = abs(height - 0.06 * ragged) - (np.float32(0.055) - np.float32(0.12) * x * x)
    lit = smooth(0.5 - band / max(0.03, hair.window.pixel)) * smooth(-skull / np.float32(0.12))
    hair.tone += np.float32(0.85) * lit
