"""Networks through torch.compile, as an option: what it brings, and what it takes, is measured in experiments/speed."""

import os
from collections.abc import Callable
from shutil import which
from typing import Any

import torch
from torch import nn

Call = Callable[..., Any]

COMPILERS = (os.environ.get("CXX", "g++"), "g++", "clang++")
"""One of them builds what torch.compile generates, for the processor and for the launches of a GPU's kernels."""


def compiled_network(network: nn.Module) -> Call:
    """Another way to call the same network, with the same tensors; `network` itself remains as it was.

    The code is made at the first call, for each shape by itself: D sees batches of two sizes, and code for any size
    would be slower.

    Raises:
        ValueError: no C++ compiler is installed.
    """
    if not any(map(which, COMPILERS)):
        raise ValueError(
            f"compiled=true needs a C++ compiler, and none of {', '.join(dict.fromkeys(COMPILERS))} is here: "
            "install one, set CXX to it, or leave compiled=false"
        )
    return torch.compile(network, dynamic=False)
