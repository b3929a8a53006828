"""The trained weights on disk: a safetensors file with a digest of its tensors, which safetensors itself lacks."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from saddle.runs.reading import MEND

KEY = "digest"
"""Key of the digest in the file's metadata; files of Saddle 0.3 and earlier have none."""


def sealed_weights(tensors: Mapping[str, Tensor]) -> bytes:
    """The content of the file of these tensors, which must be contiguous and on the CPU."""
    return save(dict(tensors), metadata={KEY: _digest(tensors)})


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name.

    Raises:
        ValueError: the file is damaged.
        OSError: the file cannot be read.
    """
    try:
        with safe_open(path, framework="pt") as file:
            stored = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # a file is no mapping
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file: {error}") from None
    except OSError as error:
        raise OSError(f"{path} cannot be read ({error}): {MEND}") from None
    if stored is not None and stored != _digest(tensors):
        raise ValueError(
            f"{path} is damaged (its digest is wrong): restore it from a copy, or train its run again (fresh=true)"
        )
    return tensors


def _digest(tensors: Mapping[str, Tensor]) -> str:
    state = blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        state.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        state.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return state.hexdigest()
