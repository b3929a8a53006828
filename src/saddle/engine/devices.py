"""The devices of this machine: whether one exists, and which precision it computes fastest in."""

import torch


def require_device(accelerator: str) -> None:
    """Refuse a kind of device that does not exist.

    Raises:
        ValueError: torch finds no such device.
    """
    available = {"gpu": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available.get(accelerator, True):
        raise ValueError(f"trainer.accelerator={accelerator}: torch finds no such device here; set it to auto or cpu")


def best_precision(precision: str, accelerator: str) -> str:
    """The precision; `auto` becomes the fastest of the device: bf16-mixed if it has bf16 arithmetic, else 32-true."""
    if precision != "auto":
        return precision
    on_cuda = accelerator in ("auto", "gpu") and torch.cuda.is_available()
    has_bf16 = torch.cuda.is_bf16_supported() if on_cuda else torch.cpu._is_avx512_bf16_supported()
    return "bf16-mixed" if has_bf16 else "32-true"
