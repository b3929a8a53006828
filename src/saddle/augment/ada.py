"""ADA: augmentation adapted to the overfitting of D (Karras, Aittala, Hellsten, Laine, Lehtinen and Aila 2020)."""

from typing import Annotated

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from saddle.augment.base import Augment
from saddle.augment.color import Color
from saddle.augment.cutout import Cutout
from saddle.augment.draws import Fraction
from saddle.augment.geometry import Geometry

Sign = Annotated[float, Field(ge=-1, le=1)]


class ADA(Augment):
    """Each transform of an image is applied with probability p, which adapts to D's confidence on the reals.

    After every `every` of D's steps, with r the mean over their reals of sign(D(x) - threshold), p changes by

        sign(r - target) batch every / (1000 kimg)

    and is clamped to [0, 1]. r is the paper's r_t, which needs no held-out images: 0 if D is undecided and 1 if it
    recognises every real. The signs are those of the whole batch, so p is the same on every rank. p and the sum since
    its last change are buffers and belong to the checkpoint. (The authors' code does not limit p to 1.)

    The transforms are the paper's choice "bgc", pixel blitting, geometry, colour, and cutout, which is not in "bgc".
    The wavelet filters around the geometry are left out, see `Geometry`. Image-space filters and noise, which are not
    in "bgc" either, are not implemented. According to the paper, G does not learn the transforms themselves while
    p < 0.8.

    Args:
        probability: initial value of p.
        target: target of r; null: p is constant.
        kimg: thousands of reals in which p can go from 0 to 1.
        every: steps of D between two changes.
        geometry, color, cutout: transforms; null: no cutout.
    """

    probability: Tensor
    signs: Tensor

    def __init__(
        self,
        *,
        probability: Fraction,
        target: Sign | None,
        kimg: PositiveFloat,
        every: PositiveInt,
        geometry: Geometry,
        color: Color,
        cutout: Cutout | None,
    ) -> None:
        super().__init__()
        self.target, self.kimg, self.every = target, kimg, every
        self.geometry, self.color = geometry, color
        self.transforms: list[Geometry | Color | Cutout] = [geometry, color]  # in the order of the paper
        self.transforms += [cutout] if cutout is not None else []
        self.numbers = sum(transform.numbers for transform in self.transforms)
        self.register_buffer("probability", torch.tensor(float(probability)))
        self.register_buffer("signs", torch.zeros(()))  # sum over the steps since the last change

    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        parts = uniform.split([transform.numbers for transform in self.transforms], dim=1)
        for transform, numbers in zip(self.transforms, parts, strict=True):
            x = transform(x, numbers, self.probability)
        return x

    @torch.no_grad()
    def observe(self, step: int, logits_real: Tensor, threshold: float | None) -> None:
        """See `Augment.observe`.

        Raises:
            ValueError: p adapts, but the loss has no threshold.
        """
        if self.target is None:
            return
        if threshold is None:
            raise ValueError(
                "ADA compares D's logits with a threshold, and with this loss the logits are defined only up to a "
                "constant: set augment.target=null and a fixed augment.probability, such as 0.3, or choose another loss"
            )
        self.signs.add_((logits_real - threshold).sign().mean())
        if (step + 1) % self.every == 0:
            change = len(logits_real) * self.every / (1000 * self.kimg)
            self.probability.add_(change * (self.signs / self.every - self.target).sign()).clamp_(0, 1)
            self.signs.zero_()

    def readings(self) -> dict[str, Tensor]:
        return {"augment_probability": self.probability}
