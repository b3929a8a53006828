"""The published weights of the Inception network: found or fetched, and read without running what they may hold."""

import sys
from hashlib import sha256
from http.client import HTTPException
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

from saddle.storage import socket_timeout

PUBLISHED = Path(URL_INCEPTION_V3).stem.rpartition("-")[2]
"""How the SHA-256 of the published file begins; its name says so."""
SILENCE = 10.0
"""Seconds that a server may be silent."""
COUNTER = "num_batches_tracked"
"""A whole number that batch normalisation keeps for training."""


class MissingWeightsError(FileNotFoundError):
    """The published weights are not on this machine and could not be fetched; the text says how to mend that."""


def published() -> Path:
    """The published weights where torch-fidelity keeps them, fetched once if they are not there.

    A file appears whole, with the hash that its name states, or not at all.

    Raises:
        MissingWeightsError: there is neither the file nor a way to fetch it.
    """
    name = URL_INCEPTION_V3.rpartition("/")[2]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if path.is_file():
        return path
    hash_prefix = Path(name).stem.rpartition("-")[2]
    print(f"fetching the Inception network (91 MB, once; kept as {path})", file=sys.stderr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with socket_timeout(SILENCE):
            torch.hub.download_url_to_file(URL_INCEPTION_V3, str(path), hash_prefix, progress=sys.stderr.isatty())
    except (OSError, HTTPException, RuntimeError, ValueError) as error:  # network, disk, answer, hash, proxy's address
        raise MissingWeightsError(
            f"the Inception network is not in {path} and could not be fetched ({error}); fetch {URL_INCEPTION_V3} "
            "on another machine, put it there or anywhere, and set extractor.weights=FILE"
        ) from None
    return path


def read(path: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors in `path` by name, and the digest of the file: 16 hexadecimal digits of its SHA-256.

    Raises:
        ValueError: it holds something else than finite floating-point tensors by name, or a pickle that would run code.
    """
    content = path.read_bytes()
    try:
        stored = torch.load(BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle may fail anywhere, and torch's advice is to run it all the same
        raise _other(path, f"it cannot be read as tensors and nothing else ({type(error).__name__})") from None
    if not isinstance(stored, dict) or not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in stored.items()):
        raise _other(path, f"it holds a {type(stored).__name__} that is not tensors by name")
    for name, tensor in stored.items():
        if name.endswith(COUNTER):
            continue
        if not tensor.is_floating_point():
            raise _other(path, f"{name} is {tensor.dtype}, not floating point")
        if not tensor.float().isfinite().all():
            raise _other(path, f"{name} is not finite")
    return stored, sha256(content).hexdigest()[:16]


def _other(path: Path, reason: str) -> ValueError:
    return ValueError(
        f"extractor.weights: {path} is refused: {reason}; expected is a state dict as in {URL_INCEPTION_V3}"
    )
