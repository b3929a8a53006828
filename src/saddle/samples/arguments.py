"""Checks the arguments that a person passes to a trained model, before anything is drawn."""

from numbers import Integral
from typing import Any

import torch
from torch import Tensor

from saddle.models.base import CodedModel


def check_number(name: str, value: Any, *, least: int) -> None:
    """Refuse what is not a whole number of at least `least`.

    Raises:
        ValueError: names the argument.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise ValueError(f"{name}={value!r}: {name} takes a whole number of at least {least}")


def checked_codes(model: CodedModel, codes: Any) -> Tensor:
    """The latent codes [count, code_size] on the model's device, in its precision.

    Raises:
        ValueError: they are no such tensor.
    """
    wanted = f"decode takes a floating-point tensor [count, {model.code_size}]"
    if not isinstance(codes, Tensor):
        raise ValueError(f"codes: {wanted}, not {type(codes).__name__}; torch.as_tensor converts an array or a list")
    shape = list(codes.shape)
    if shape == [model.code_size]:
        raise ValueError(f"codes of shape {shape}: {wanted}; a single code is codes[None]")
    if len(shape) != 2 or shape[1] != model.code_size or not shape[0]:
        raise ValueError(f"codes of shape {shape}: {wanted}, as prior returns it")
    if not codes.is_floating_point():
        raise ValueError(f"codes of {codes.dtype}: {wanted}; codes.float() converts them")
    return codes.to(model.device, torch.float32)


def checked_labels(model: CodedModel, labels: Any, count: int) -> Tensor | None:
    """The labels [count] on the model's device; None for a model without classes.

    Raises:
        ValueError: the model needs labels, has no classes, or has not these.
    """
    if model.classes is None:
        if labels is not None:
            raise ValueError("labels: this model has no classes (it was trained with labels=false); leave labels out")
        return None
    last = len(model.classes) - 1
    wanted = f"this model takes a tensor of {count} whole numbers from 0 to {last}, one for each code"
    if not isinstance(labels, Tensor):
        raise ValueError(f"labels={labels!r}: {wanted}")
    if list(labels.shape) != [count]:
        raise ValueError(f"labels of shape {list(labels.shape)}: {wanted}")
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise ValueError(f"labels of {labels.dtype}: {wanted}")
    if labels.min() < 0 or labels.max() > last:
        raise ValueError(f"labels from {int(labels.min())} to {int(labels.max())}: {wanted}")
    return labels.to(model.device, torch.int64)
