"""A view of the latent code: a picture, numbers, and a table for the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL.Image import Image

from saddle.samples.codes.subject import Subject


@dataclass(frozen=True, kw_only=True)
class View:
    """One view.

    Attributes:
        picture: picture of the samples.
        numbers: plain values for programs.
        words: numbers as a table for the terminal.
    """

    picture: Image
    numbers: Mapping[str, Any]
    words: str


Draw = Callable[[Subject, int], View]
"""Draws a view of a subject with a number of rows (for `truncation` columns)."""
