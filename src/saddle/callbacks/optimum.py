"""How far D is from the best answer to G, where the densities of both sides can be had."""

from collections.abc import Callable

import torch
from torch import Tensor

from saddle.callbacks.measure import Instrument, Reading
from saddle.callbacks.value import shift_of
from saddle.callbacks.verdict import fresh_fakes, logits, undisturbed, unseen_reals
from saddle.distributed.collectives import gathered
from saddle.models.base import GenerativeModel
from saddle.models.gan import GAN
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.smoothed import convolved

POINTS = 1024
"""Reals, and as many fakes, at which D is compared; in whole batches."""
CODES = 4096
"""Fakes that stand for the density of P_G."""


class OptimumDistance(Instrument):
    r"""`distance_to_optimum`: the root mean square of sigma(D) - sigma(D*) over (P_data + P_G) / 2, in [0, 1].

    D* is the loss's optimum for the ratio p_s / q_s of both densities convolved with N(0, s^2 I), since that of G, the
    one that plays, is not known without (`saddle.theory.smoothed`): at points drawn without noise from both sides, of
    which D has seen none. It thus is not 0 for the D* of the unsmoothed game; the nearer s is to 0, the smaller that
    remainder and the more codes it needs. Logits are taken from the threshold on, as in `Value`. A loss whose optimum
    is no function of the ratio has no such distance, and points at which a whole interval of logits is best are left
    out.

    Args:
        every: updates between two readings.
        truth: P_data.
        deviation: s, in the unit of x.
    """

    def __init__(self, *, every: int, truth: GaussianMixture, deviation: float) -> None:
        self.every, self.deviation = every, deviation
        self.truth = truth.smoothed(deviation)

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        """Nothing of a model without a D, or of a loss without an optimum."""
        if not isinstance(model, GAN) or model.loss.optimum(torch.zeros(1, dtype=torch.float64)) is None:
            return {}
        with undisturbed(model):
            squares = self._squares(model)
        return {"distance_to_optimum": float(squares.nanmean().sqrt())}

    def _squares(self, model: GAN) -> Tensor:
        """(sigma(D) - sigma(D*))^2 at reals and at fakes, float64 [2 points]."""
        q = convolved(self._generated(model), self.deviation)
        shift = shift_of(model, max(1, POINTS // model.batch_size))
        reals = self._compared(model, q, shift, "optimum real", lambda batch: unseen_reals(model, batch))
        fakes = self._compared(model, q, shift, "optimum fake", lambda batch: fresh_fakes(model, "optimum fake", batch))
        return torch.cat([reals, fakes])

    def _generated(self, model: GAN) -> Tensor:
        """What G makes of fresh codes, float64 [codes, size], on the CPU."""
        x = [fresh_fakes(model, "optimum", batch)[0] for batch in range(max(1, CODES // model.batch_size))]
        return torch.cat([torch.stack(gathered(*part.double().T), dim=1) for part in x]).cpu()

    def _compared(
        self,
        model: GAN,
        q: GaussianMixture,
        shift: float,
        stream: str,
        drawn: Callable[[int], tuple[Tensor, Tensor | None]],
    ) -> Tensor:
        squares = []
        for batch in range(max(1, POINTS // model.batch_size)):
            x, labels = drawn(batch)
            points = torch.stack(gathered(*x.double().T), dim=1).cpu()  # [batch_size, size]
            best = model.loss.optimum(self.truth.log_prob(points) - q.log_prob(points))
            assert best is not None
            said = torch.sigmoid(logits(model, stream, batch, x, labels).cpu() - shift)
            squares.append((said - torch.sigmoid(best - (model.loss.threshold or 0.0))).square())
        return torch.cat(squares)
