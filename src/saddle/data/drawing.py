"""Drawing many pictures at once: signed distances, their coverage of a pixel, and layers painted over one another.

A canvas spans [-1, 1] in both directions, y downwards. A shape is its signed distance d, negative inside; the share of
a pixel that it covers is clip(1/2 - d / pixel, 0, 1), the exact area for an edge along the grid. Only +, -, *, / and
square roots of numpy are used on pixels: they are correctly rounded, element by element, so a picture does not depend
on the pictures drawn with it or on the processor.
"""

from copy import copy
from dataclasses import dataclass
from math import ceil, floor
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
"""[count, height, width] or broadcastable to it: one number for each picture is [count, 1, 1]."""

Number = TypeVar("Number", float, Field)
Box = tuple[float, float, float, float]
"""Left, right, top, bottom."""


@dataclass(frozen=True)
class Window:
    """The part of a canvas that a layer may touch."""

    pixels: NDArray[np.floating[Any]]
    """The colours in [0, 1], a view: [count, 3, height, width]."""
    x: Field
    y: Field
    pixel: float
    """The side of a pixel."""

    def cover(self, distance: Field) -> Field:
        """The share of each pixel that the shape covers."""
        return np.clip(0.5 - distance / self.pixel, 0, 1, dtype=np.float32)

    def stroke(self, distance: Field, width: Field | float) -> Field:
        """The share of each pixel that a line of `width` along distance = 0 covers.

        A line is never drawn thinner than a pixel, so its ink does not depend on its position. A thinner line is paler
        instead, by the root of the widening, so that it does not vanish.
        """
        drawn = np.maximum(np.asarray(width, np.float32), self.pixel)
        return self.cover(abs(distance) - drawn / 2) * np.sqrt(width / drawn)

    def paint(self, colour: Field, alpha: Field) -> None:
        """Blend `colour`, [3] or [count, 3], over the window with opacity `alpha`."""
        for channel in range(3):
            layer = self.pixels[:, channel]
            layer += alpha * (colour[..., channel, None, None] - layer)

    def paint_ramp(self, stops: Field, tone: Field, alpha: Field | float) -> None:
        """Blend a colour of the ramp `stops` [count, steps, 3] over the window; tone k is the stop k."""
        steps = [np.clip(tone - k, 0, 1) for k in range(stops.shape[1] - 1)]
        for channel in range(3):
            layer = self.pixels[:, channel]
            colour = stops[:, 0, channel, None, None]
            for k, step in enumerate(steps):
                colour = colour + step * (stops[:, k + 1, channel] - stops[:, k, channel])[:, None, None]
            layer += alpha * (colour - layer)


class Canvas:
    """`count` square pictures of `resolution` pixels, each with its own frame, rotated about `pivot`.

    Args:
        resolution: side length in pixels.
        turn: the tangent of half of each picture's angle, clockwise, within +-`most`; [count].
        most: bound of |turn|, which makes a window the same for every picture.
        pivot: the fixed point (x, y) of the rotation.
    """

    def __init__(self, *, resolution: int, turn: Field, most: float, pivot: tuple[float, float]) -> None:
        self.resolution, self.most, self.pivot = resolution, most, pivot
        self.pixel = 2 / resolution
        self.pixels = np.zeros((len(turn), 3, resolution, resolution), np.float32)
        centres = ((np.arange(resolution) + 0.5) * self.pixel - 1).astype(np.float32)
        self.x, self.y = centres[None, None, :], centres[None, :, None]
        cosine, sine = rotation(turn[:, None, None])
        dx, dy = self.x - pivot[0], self.y - pivot[1]
        self.u = cosine * dx + sine * dy + pivot[0]  # [count, resolution, resolution]
        self.v = cosine * dy - sine * dx + pivot[1]

    def part(self, rows: NDArray[np.int64]) -> "Canvas":
        """A canvas of the pictures `rows` alone, with copies of their pixels."""
        part = copy(self)
        part.pixels, part.u, part.v = self.pixels[rows], self.u[rows], self.v[rows]
        return part

    def still(self, box: Box) -> Window:
        """The window `box` in coordinates of the canvas."""
        rows, columns = self._slices(box)
        return Window(self.pixels[:, :, rows, columns], self.x[:, :, columns], self.y[:, rows], self.pixel)

    def turned(self, box: Box) -> Window:
        """A window that contains `box` of every picture's own frame, in the coordinates of that frame."""
        left, right, top, bottom = box
        corners = np.array([(x, y) for x in (left, right) for y in (top, bottom)]) - self.pivot  # [4, 2]
        reach = []
        for turn in (-self.most, 0.0, self.most):
            cosine, sine = rotation(turn)
            reach.append(corners @ np.array([[cosine, sine], [-sine, cosine]]) + self.pivot)
        low, high = np.min(reach, axis=(0, 1)), np.max(reach, axis=(0, 1))
        rows, columns = self._slices((low[0], high[0], low[1], high[1]))
        return Window(self.pixels[:, :, rows, columns], self.u[:, rows, columns], self.v[:, rows, columns], self.pixel)

    def _slices(self, box: Box) -> tuple[slice, slice]:
        first = [max(0, floor((edge + 1) / self.pixel) - 1) for edge in (box[2], box[0])]
        last = [min(self.resolution, ceil((edge + 1) / self.pixel) + 1) for edge in (box[3], box[1])]
        return slice(first[0], last[0]), slice(first[1], last[1])


def rotation(turn: Number) -> tuple[Number, Number]:
    """Cosine and sine of the angle whose half has the tangent `turn`, without a transcendental function."""
    return (1 - turn * turn) / (1 + turn * turn), 2 * turn / (1 + turn * turn)


def ellipse(x: Field, y: Field, width: Field | float, height: Field | float) -> Field:
    """Distance to the ellipse of half axes `width`, `height` about the origin, to first order: f / |grad f|."""
    p, q = x / width, y / height
    radius = np.sqrt(p * p + q * q) + 1e-6
    p, q = p / width, q / height
    return (radius - 1) * radius / (np.sqrt(p * p + q * q) + 1e-6)


def bump(x: Field, y: Field, width: Field | float, height: Field | float) -> Field:
    """A soft spot, 1 at the origin and 0 outside the ellipse: (1 - r^2)^2."""
    p, q = x / width, y / height
    inside = np.maximum(1 - p * p - q * q, 0)
    return inside * inside


def smooth(t: Field) -> Field:
    """Smoothstep: 0 below 0, 1 above 1, 3 t^2 - 2 t^3 between."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)
