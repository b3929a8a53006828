"""ADA: as much augmentation as D needs not to memorise (Karras, Aittala, Hellsten, Laine, Lehtinen and Aila 2020)."""

from typing import Annotated

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from saddle.augment.base import Augment
from saddle.augment.color import Color
from saddle.augment.geometry import Geometry

Part = Annotated[float, Field(ge=0, le=1)]
Sign = Annotated[float, Field(ge=-1, le=1)]


class ADA(Augment):
    """Each transform of an image happens with probability p, and p follows how sure D is of the reals.

    After every `every` of D's steps, with r the mean over their reals of sign(D(x) - threshold), p changes by

        sign(r - target) batch every / (1000 kimg)

    and is kept in [0, 1]. r is 0 where D is lost and 1 where it knows every real: the paper's r_t, which needs no
    held-out images. D's signs are those of the whole batch, so p is the same on every rank. p and what was summed
    up since its last change are buffers and belong to the checkpoint. (The authors' code does not hold p below 1.)

    The transforms are those that the paper goes on with, "bgc": pixel blitting, geometry, colour. Its wavelet filters
    around the geometry are left out, see `Geometry`; its image-space filters, noise and cutout, which "bgc" does
    without, are not there. While p < 0.8, says the paper, G does not learn the transforms themselves.

    Args:
        probability: p at the beginning, or for good.
        target: of r; null: p stays where it is, whatever the loss.
        kimg: thousands of reals in which p can go from 0 to 1.
        every: steps of D between two changes.
        geometry, color: the transforms.
    """

    probability: Tensor
    signs: Tensor

    def __init__(
        self,
        *,
        probability: Part,
        target: Sign | None,
        kimg: PositiveFloat,
        every: PositiveInt,
        geometry: Geometry,
        color: Color,
    ) -> None:
        super().__init__()
        self.target, self.kimg, self.every = target, kimg, every
        self.geometry, self.color = geometry, color
        self.numbers = geometry.numbers + color.numbers
        self.register_buffer("probability", torch.tensor(float(probability)))
        self.register_buffer("signs", torch.zeros(()))  # sum over the steps since the last change

    def transformed(self, x: Tensor, uniform: Tensor) -> Tensor:
        of_geometry, of_color = uniform.split([self.geometry.numbers, self.color.numbers], dim=1)
        return self.color(self.geometry(x, of_geometry, self.probability), of_color, self.probability)

    @torch.no_grad()
    def observe(self, step: int, logits_real: Tensor, threshold: float | None) -> None:
        """As `Augment.observe`.

        Raises:
            ValueError: p adapts, and the loss's logits have no threshold.
        """
        if self.target is None:
            return
        if threshold is None:
            raise ValueError(
                "ADA raises p while D takes the reals for real, and with this loss D's logits say that only up to a "
                "constant: set augment.target=null and a fixed augment.probability, such as 0.3, or choose another loss"
            )
        self.signs.add_((logits_real - threshold).sign().mean())
        if (step + 1) % self.every == 0:
            change = len(logits_real) * self.every / (1000 * self.kimg)
            self.probability.add_(change * (self.signs / self.every - self.target).sign()).clamp_(0, 1)
            self.signs.zero_()

    def readings(self) -> dict[str, Tensor]:
        return {"augment_probability": self.probability}
