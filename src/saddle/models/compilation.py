"""Networks compiled by torch.compile, as an option; experiments/speed measures its gain and its cost."""

import os
from collections.abc import Callable
from shutil import which
from typing import Any

import torch
from torch import nn

Call = Callable[..., Any]

COMPILERS = (os.environ.get("CXX", "g++"), "g++", "clang++")
"""C++ compilers, one of which torch.compile needs on a processor and for the launches of a GPU's kernels."""


def compiled_network(network: nn.Module) -> Call:
    """A compiled function that calls `network` with the same tensors; `network` itself does not change.

    The code is generated at the first call with each shape: D sees batches of two sizes, and code for any size would be
    slower.

    Raises:
        ValueError: no C++ compiler is installed.
    """
    if not any(map(which, COMPILERS)):
        raise ValueError(
            f"compiled=true needs a C++ compiler, and none of {', '.join(dict.fromkeys(COMPILERS))} is installed: "
            "install one, set CXX to one, or set compiled=false"
        )
    return torch.compile(network, dynamic=False)
