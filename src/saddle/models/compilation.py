"""Networks through torch.compile, as an option: what it brings, and what it takes, is measured in experiments/speed."""

import os
from shutil import which

from torch import nn

COMPILERS = (os.environ.get("CXX", "g++"), "g++", "clang++")
"""One of them builds what torch.compile generates, for the processor and for the launches of a GPU's kernels."""


def compile_in_place(*networks: nn.Module) -> None:
    """From now on calls of these networks run compiled code; `network.forward` and deep copies remain as they were.

    The code is made at the first call, for each shape by itself: D sees batches of two sizes, and code for any size
    would be slower.

    Raises:
        ValueError: no C++ compiler is installed.
    """
    if not any(map(which, COMPILERS)):
        raise ValueError(
            f"model.compiled=true needs a C++ compiler, and none of {', '.join(dict.fromkeys(COMPILERS))} is here: "
            "install one, set CXX to it, or leave model.compiled=false"
        )
    for network in networks:
        network.compile(dynamic=False)
