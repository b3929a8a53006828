"""What looking into the code gives: a picture, numbers, and words for the terminal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PIL.Image import Image

from saddle.samples.codes.subject import Subject


@dataclass(frozen=True, kw_only=True)
class View:
    """One look.

    Attributes:
        picture: for a person.
        numbers: for a program; plain values.
        words: the numbers as a table.
    """

    picture: Image
    numbers: Mapping[str, Any]
    words: str


Draw = Callable[[Subject, int], View]
"""Of a subject and a number of rows; of `truncation` a number of columns."""
