"""The colours of the faces: every ramp runs from line over shadow and body to light."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.floating[Any]]
"""A colour [3] or one for each picture [count, 3]; a ramp is [count, stops, 3]."""


def _colour(code: str) -> Colour:
    return np.array(list(bytes.fromhex(code)), np.float32) / 255


def _ramps(table: dict[str, str]) -> Colour:
    return np.stack(
        [np.stack([_colour(code) for code in codes.split()]) for codes in table.values()]
    )  # [options, stops, 3]


HAIR_COLOURS = {
    "black": "1d1826 332c40 4b4260 9488b4",
    "brown": "331d1a 5f3a30 855544 c8936f",
    "auburn": "421a20 83332f b3503f e8956f",
    "ginger": "63290f c25f25 e8893f ffc684",
    "blond": "7a5020 d8a24a f4cf74 fff3bb",
    "silver": "50506c a0a4c2 cfd3e5 f8faff",
    "pink": "732a4d d86f96 f59db8 ffdae4",
    "lilac": "46306e 8c6ac0 b797e0 e9d8fc",
    "blue": "1f2f66 4265b4 668fda b6d8fc",
    "mint": "164f52 409f99 74ccbe caf5e5",
}
EYE_COLOURS = {
    "brown": "3b1d18 8a4b2e e6ab6e",
    "amber": "5a2c0e c77a20 ffe084",
    "green": "0f3d2e 2f9464 aef0b2",
    "teal": "0b3a4a 1f93a5 9ef2f2",
    "blue": "16245e 3269d2 a6dcff",
    "violet": "2f1858 7645c4 dab4ff",
    "rose": "4c1026 c8385a ffaab4",
    "grey": "262b3e 606e8c ccd8ea",
}
SKIN = {
    "porcelain": "a85f58 f6ccc2 fff0e8",
    "fair": "a05646 f0b9a2 ffe3d0",
    "tan": "8a472f dc9d74 f5caa2",
    "brown": "60301f a96a45 cf956a",
    "deep": "3c1d13 71432d 97624a",
}
BACKGROUNDS = {
    "sky": "bfe3fb eef8ff ffffff",
    "rose": "ffd0da fff0f0 ffffff",
    "mint": "bfead9 f0fbf2 ffffff",
    "lemon": "ffe6a6 fff8e2 ffffff",
    "lilac": "d9ccf6 f6f0ff ffffff",
    "peach": "ffcfae fff0e2 ffffff",
    "dusk": "6f7fc0 e6b6cc ffe2dc",
    "night": "2f3a68 6a77ad a7b2dc",
}
OUTFITS = {  # line, shadow, body, collar, bow
    "navy": "1b2444 2c3a68 40538c f3f5fb e0524f",
    "white": "59628a cdd4e6 f8f9fd 4a68b0 d9485c",
    "red": "571a26 a8323f d24f55 fff0e6 f2b84b",
    "green": "173a33 2f6f5c 4a9a7e f6f3df e8864e",
    "yellow": "7a5218 dba23c f7cd66 ffffff 5a8fd0",
    "black": "17151f 2a2734 423d50 f4f4f8 d85a8a",
}

HAIR, EYES, SKINS = _ramps(HAIR_COLOURS), _ramps(EYE_COLOURS), _ramps(SKIN)
WHITE, EYE_WHITE, LASH = _colour("ffffff"), _colour("fffbfa"), _colour("291a26")
TONGUE, PETAL, POLLEN = _colour("f28585"), _colour("fff7f2"), _colour("ffc740")
FLUSH, LIPS = _colour("fa9994"), _colour("cc808c")
"""Tints that the skin is multiplied by."""
BACKDROPS, CLOTHES = _ramps(BACKGROUNDS), _ramps(OUTFITS)


def skin(tone: NDArray[np.floating[Any]]) -> Colour:
    """Line, shadow and body of the skin at `tone` in [0, 1], linear between the named ones: [count, 3, 3]."""
    position = tone * (len(SKINS) - 1)
    below = np.minimum(position.astype(np.int64), len(SKINS) - 2)
    share = (position - below.astype(np.float32))[:, None, None]
    return SKINS[below] + share * (SKINS[below + 1] - SKINS[below])
