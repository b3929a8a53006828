"""How far D is from the best answer to G, where the densities of both sides can be had."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from saddle.callbacks.discriminator_probe import fresh_fakes, logits, undisturbed, unseen_reals
from saddle.callbacks.measure import Instrument, Reading
from saddle.callbacks.value import shift_of
from saddle.distributed.collectives import gathered
from saddle.models.gan import GAN
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.smoothed import convolved

POINTS = 1024
"""Reals, and as many fakes, at which D is compared; in whole batches."""
CODES = 4096
"""Fakes that stand for the density of P_G."""


class OptimumDistance(Instrument):
    r"""`distance_to_optimum`: the root mean square of sigma(D) - sigma(D*) over M = (P_data + P_G) / 2, in [0, 1]; and
    `bound_slack`: by how many nats `jsd_bound` (`Value`) is below the JSD of P_data and the G that plays,

    $$JSD(P_{data}, P_G) - \frac{V(G, D) + 2 \log 2}{2} = E_M\, KL(\sigma(\log p / q) \,\|\, \sigma(D - c)) \ge 0,$$

    of two coins at each x: V of any D is V of the best one less twice this. (Put p = 2 m sigma(log p / q) and q =
    2 m sigma(log q / p) into both.)

    The ratio p / q is that of both densities convolved with N(0, s^2 I), since that of G, the one that plays, is not
    known without (`saddle.theory.smoothed`): at points drawn without noise from both sides, of which D has seen none.
    So neither is 0 for the best D of the unsmoothed game. With s half the deviation of a mode, and 4,096 codes, such a
    D is 0.03 to 0.06 away where G is as wide as the modes or wider, 0.13 where it is half as wide
    (`tests/callbacks/test_value.py`); the nearer s is to 0, the smaller that remainder and the more codes it needs.

    D* is the loss's optimum for that ratio. Logits are taken from the threshold c on, as in `Value`. A loss whose
    optimum is no function of the ratio has no such distance, and points at which a whole interval of logits is best are
    left out of it.

    Args:
        every: updates between two readings.
        truth: P_data.
        deviation: s, in the unit of x.
    """

    model_type = GAN

    def __init__(self, *, every: int, truth: GaussianMixture, deviation: float) -> None:
        self.every, self.deviation = every, deviation
        self.truth = truth.smoothed(deviation)

    def measure(self, model: GAN) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        """Without the distance for a loss that has no optimum."""
        with undisturbed(model):
            ratio, outputs = self._compared(model)
        slack = ratio.sigmoid() * (logsigmoid(ratio) - logsigmoid(outputs))
        slack += (-ratio).sigmoid() * (logsigmoid(-ratio) - logsigmoid(-outputs))
        readings: dict[str, Reading] = {"bound_slack": float(slack.mean())}
        best = model.loss.optimum(ratio)
        if best is not None:
            squares = (outputs.sigmoid() - (best - (model.loss.threshold or 0.0)).sigmoid()).square()
            readings["distance_to_optimum"] = float(squares.nanmean().sqrt())
        return readings

    def _compared(self, model: GAN) -> tuple[Tensor, Tensor]:
        """log p / q and D's logits from c on, at reals and at fakes, float64 [2 points] each."""
        q = convolved(self._generated(model), self.deviation)
        shift = shift_of(model, max(1, POINTS // model.batch_size))
        reals = self._at(model, q, "optimum real", lambda batch: unseen_reals(model, batch))
        fakes = self._at(model, q, "optimum fake", lambda batch: fresh_fakes(model, "optimum fake", batch))
        ratio, outputs = (torch.cat(both) for both in zip(reals, fakes, strict=True))
        return ratio, outputs - shift

    def _generated(self, model: GAN) -> Tensor:
        """What G makes of fresh codes, float64 [codes, size], on the CPU."""
        x = [fresh_fakes(model, "optimum", batch)[0] for batch in range(max(1, CODES // model.batch_size))]
        return torch.cat([torch.stack(gathered(*part.double().T), dim=1) for part in x]).cpu()

    def _at(
        self, model: GAN, q: GaussianMixture, stream: str, drawn: Callable[[int], tuple[Tensor, Tensor | None]]
    ) -> tuple[Tensor, Tensor]:
        """The same at one side, and D's logits as they are, float64 [points] each."""
        ratio, outputs = [], []
        for batch in range(max(1, POINTS // model.batch_size)):
            x, labels = drawn(batch)
            points = torch.stack(gathered(*x.double().T), dim=1).cpu()  # [batch_size, size]
            ratio.append(self.truth.log_prob(points) - q.log_prob(points))
            outputs.append(logits(model, stream, batch, x, labels).cpu())
        return torch.cat(ratio), torch.cat(outputs)
