"""The weights on disk are those that were stored, or are refused."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from saddle.runs.weights import read_weights, sealed_weights

TENSORS = {"b": torch.arange(6.0).reshape(2, 3), "a": torch.ones(2, dtype=torch.bfloat16), "n": torch.tensor(3)}


def test_tensors_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for content in (sealed_weights(TENSORS), save(TENSORS)):  # earlier versions stored no digest
        path.write_bytes(content)
        read = read_weights(path)
        assert read.keys() == TENSORS.keys()
        assert all(torch.equal(read[name], TENSORS[name]) for name in TENSORS)


def test_a_wrong_bit_anywhere_is_found(tmp_path: Path) -> None:
    """Or the file is refused by safetensors, or the names of its tensors are others: of the header it checks little."""
    path, whole = tmp_path / "model.safetensors", sealed_weights(TENSORS)
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            read = read_weights(path)
        except ValueError:
            continue
        assert all(torch.equal(read[name], TENSORS[name]) for name in TENSORS), place
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ValueError, match=r"model\.safetensors is damaged \(its digest is wrong\): restore it"):
        read_weights(path)
