"""The latent plane: the sample at each point of a two-dimensional code (lecture I.2.2)."""

import torch
from torch import Tensor

from saddle.samples.codes.directions import coordinates_along, principal
from saddle.samples.codes.subject import Subject
from saddle.samples.codes.views.sheet import Row, sheet
from saddle.samples.codes.views.traversal import PRIOR, WITHIN, metric
from saddle.samples.codes.views.view import View


def plane(subject: Subject, rows: int) -> View:
    """x on a lattice of `rows` x `rows` codes, from the 1st to the 99th percentile of the prior along both axes.

    For a two-dimensional code the picture shows everything that the model can generate. For a larger code it shows the
    plane through the prior's mean along the two principal directions (`codes.directions.principal`), which change x
    most. All samples of a conditional model have the label of sample 0.

    Raises:
        ValueError: the code has one dimension, which has no plane.
    """
    prior = subject.codes(range(PRIOR)).double().cpu()  # [PRIOR, code_size]
    size = prior.shape[1]
    if size < 2:
        raise ValueError("draw=plane: a code of one dimension has no plane; draw=dimensions shows it")
    across, up = torch.eye(2, dtype=torch.float64) if size == 2 else principal(*metric(subject)).vectors[:2]
    side = subject.columns(rows)
    right, high = (coordinates_along(prior, axis, side, WITHIN) for axis in (across, up))  # [side] each
    codes = _lattice(prior.mean(0), across, up, right, high.flip(0)).float().to(subject.model.device)
    label = subject.labels(range(1))
    x = subject.along(codes, None if label is None else label.expand(side))  # [side, side, *shape]
    names = ("1", "2") if size == 2 else ("principal direction 1", "principal direction 2")
    shown = [Row(f"{height:.1f}", line) for height, line in zip(high.flip(0).tolist(), x, strict=True)]
    of_class = "" if label is None else f" ({subject.name_of(int(label[0]))})"
    title = f"The latent plane{of_class}: to the right dimension {names[0]} of the code, upwards {names[1]}"
    if size > 2:
        title = f"A latent plane{of_class}: to the right {names[0]}, upwards {names[1]}, the others at their mean"
    return View(
        picture=sheet(subject.data, title, [f"{x:.1f}" for x in right.tolist()], shown, side),
        numbers={
            "axes": [across.tolist(), up.tolist()],
            "through": prior.mean(0).tolist(),
            "right": right.tolist(),
            "up": high.tolist(),
        },
        words=f"{title}\nboth from the 1st to the 99th percentile of the prior",
    )


def _lattice(middle: Tensor, across: Tensor, up: Tensor, right: Tensor, high: Tensor) -> Tensor:
    """Codes [len(high), len(right), code_size] with these coordinates along two orthonormal axes, else `middle`."""
    rest = middle - (middle @ across) * across - (middle @ up) * up
    return rest + right[None, :, None] * across + high[:, None, None] * up
