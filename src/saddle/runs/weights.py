"""The weights with which samples are drawn: those of the last state, of the best, and of others by choice.

Each is a file of safetensors in the folder of the checkpoints. Its metadata contain the number of updates and a digest
of the tensors, so that a file is complete by itself and an altered one is noticed.
"""

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddle.runs.reading import MEND, is_there

if TYPE_CHECKING:
    from torch import Tensor

LAST, BEST = "last", "best"
LONGEST_HEADER = 100_000_000
"""Bytes of the longest header that safetensors accepts."""


class Weights:
    """The stored weights of one run, by state: `last`, `best`, or a number of updates such as `500`.

    Args:
        folder: folder of the checkpoints.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, state: str) -> Path:
        """The file of a state, whether or not it exists."""
        names = {LAST: "model.safetensors", BEST: "best.safetensors"}
        return self.folder / (names.get(state) or f"{int(state):06d}.safetensors")

    def states(self) -> list[str]:
        """The states whose weights are stored: `last`, `best`, and numbers of updates in their order."""
        named = [state for state in (LAST, BEST) if is_there(self.path(state))]
        return [*named, *map(str, self.kept())]

    def kept(self) -> list[int]:
        """The updates of the states that are stored by choice (`keep`), in their order."""
        return sorted(int(path.stem) for path in self.folder.glob("*.safetensors") if path.stem.isdecimal())

    def require(self, state: str) -> str:
        """The state, as it is called here.

        Raises:
            LookupError: no weights of the state are stored; the message names those that are.
            ValueError: `state` is neither a name nor a number.
        """
        if state not in (LAST, BEST) and not state.isdecimal():
            raise ValueError(f"state={state}: takes last, best or a number of updates")
        name = state if state in (LAST, BEST) else str(int(state))
        if name not in (stored := self.states()):
            there = f"stored are {', '.join(stored)}" if stored else "it has stored no weights"
            raise LookupError(f"state={state}: {self.folder.parent} has no weights of it; {there}")
        return name

    def load(self, state: str) -> "dict[str, Tensor]":
        """The tensors of a state.

        Raises:
            ValueError: the file is damaged, or is not what was stored.
            OSError: the file cannot be read.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        path = self.path(state)
        try:
            tensors = load_file(path)
        except OSError as error:
            raise OSError(f"{path} cannot be read ({error.strerror or error}): {MEND}") from None
        except (SafetensorError, ValueError) as error:
            raise ValueError(f"{path} is damaged or no safetensors file: {error}") from None
        stored, updates = self.metadata(state).get("digest"), self.updates(state)
        if state.isdecimal() and updates != int(state):
            raise ValueError(f"{path} has the weights of update {updates}: it was renamed or copied by hand")
        if stored is not None and stored != digest(tensors, updates):  # Saddle 0.3 stored none
            raise ValueError(f"{path} is damaged: its digest is wrong; resuming the run replaces it")
        return tensors

    def updates(self, state: str) -> int | None:
        """The number of updates after which a state was stored; None if an earlier version did not write it."""
        updates = self.metadata(state).get("updates")
        return updates if isinstance(updates, int) else None

    def metadata(self, state: str) -> dict[str, Any]:
        """What a state's file says of itself, `updates` and `digest`; empty if it says nothing."""
        try:
            with self.path(state).open("rb") as file:
                length = int.from_bytes(file.read(8), "little")
                header = json.loads(file.read(min(length, LONGEST_HEADER)))
            stored = json.loads(header["__metadata__"]["saddle"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):  # of a stranger, or of an earlier version
            return {}
        return stored if isinstance(stored, dict) else {}

    def discard(self, *, after: int) -> None:
        """Delete the states after `after` updates, where the run resumes, except the last, which is replaced."""
        if (self.updates(BEST) or 0) > after:
            self.path(BEST).unlink(missing_ok=True)
        for updates in self.kept():
            if updates > after:
                self.path(str(updates)).unlink()

    def prune(self, newest: int) -> None:
        """Delete all states kept by choice but the `newest`."""
        for updates in self.kept()[: -newest or None]:
            self.path(str(updates)).unlink()


def packed(tensors: "Mapping[str, Tensor]", updates: int) -> bytes:
    """The content of a file of weights."""
    from safetensors.torch import save

    facts = json.dumps({"updates": updates, "digest": digest(tensors, updates)})
    return save(dict(tensors), {"saddle": facts})  # one key, because safetensors writes several in a random order


def digest(tensors: "Mapping[str, Tensor]", updates: int | None) -> str:
    """32 hexadecimal digits of the updates and the names, types, shapes and bytes of tensors, whatever their order."""
    sha = blake2b(f"{updates}\n".encode(), digest_size=16)
    for name, tensor in sorted(tensors.items()):
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        sha.update(_bytes(tensor))
    return sha.hexdigest()


def _bytes(tensor: "Tensor") -> memoryview:
    import torch

    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().data
