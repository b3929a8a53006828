"""The distance of D from the optimal discriminator for G, where the densities of both sides can be computed."""

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
"""Number of reals, and of fakes, at which D is compared with the optimum; in whole batches."""
CODES = 4096
"""Number of fakes from which the density of P_G is estimated."""


class OptimumDistance(Instrument):
    r"""`distance_to_optimum`: the root mean square of sigma(D) - sigma(D*) over M = (P_data + P_G) / 2, in [0, 1]; and
    `bound_slack`: by how many nats `jsd_bound` (`Value`) is below the JSD of P_data and the P_G of G in training,

    $$JSD(P_{data}, P_G) - \frac{V(G, D) + 2 \log 2}{2} = E_M\, KL(\sigma(\log p / q) \,\|\, \sigma(D - c)) \ge 0,$$

    the KL divergence of two coins at each x: V of any D is V of the best one minus twice this. (Substitute p =
    2 m sigma(log p / q) and q = 2 m sigma(log q / p) in both.)

    The ratio p / q is that of both densities convolved with N(0, s^2 I), since the density of G in training is not
    known otherwise (`saddle.theory.smoothed`). It is evaluated at points drawn without noise from both sides, none of
    which D has seen. Hence neither number is 0 for the best D of the unsmoothed game. With s half the deviation of a
    mode and 4,096 codes, the distance of that D is 0.03 to 0.06 if G is as wide as the modes or wider, and 0.13 if it
    is half as wide (`tests/callbacks/test_value.py`); a smaller s leaves a smaller remainder and needs more codes.

    D* is the loss's optimum for that ratio. The threshold c is subtracted from logits, as in `Value`. A loss whose
    optimum is not a function of the ratio has no distance; points at which a whole interval of logits is optimal are
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
        with undisturbed(model):
            ratio, outputs = self._ratio_and_logits(model)
        slack = ratio.sigmoid() * (logsigmoid(ratio) - logsigmoid(outputs))
        slack += (-ratio).sigmoid() * (logsigmoid(-ratio) - logsigmoid(-outputs))
        readings: dict[str, Reading] = {"bound_slack": float(slack.mean())}
        best = model.loss.optimum(ratio)
        if best is not None:
            squares = (outputs.sigmoid() - (best - (model.loss.threshold or 0.0)).sigmoid()).square()
            readings["distance_to_optimum"] = float(squares.nanmean().sqrt())
        return readings

    def _ratio_and_logits(self, model: GAN) -> tuple[Tensor, Tensor]:
        """log p / q and D's logits minus c, at reals and at fakes, float64 [2 points] each."""
        q = convolved(self._generated(model), self.deviation)
        shift = shift_of(model, max(1, POINTS // model.batch_size))
        reals = self._at(model, q, "optimum real", lambda batch: unseen_reals(model, batch))
        fakes = self._at(model, q, "optimum fake", lambda batch: fresh_fakes(model, "optimum fake", batch))
        ratio, outputs = (torch.cat(both) for both in zip(reals, fakes, strict=True))
        return ratio, outputs - shift

    def _generated(self, model: GAN) -> Tensor:
        """Fakes of fresh codes, float64 [codes, size], on the CPU."""
        x = [fresh_fakes(model, "optimum", batch)[0] for batch in range(max(1, CODES // model.batch_size))]
        return torch.cat([torch.stack(gathered(*part.double().T), dim=1) for part in x]).cpu()

    def _at(
        self, model: GAN, q: GaussianMixture, stream: str, draw: Callable[[int], tuple[Tensor, Tensor | None]]
    ) -> tuple[Tensor, Tensor]:
        """log p / q and D's logits at points of one side, float64 [points] each."""
        ratio, outputs = [], []
        for batch in range(max(1, POINTS // model.batch_size)):
            x, labels = draw(batch)
            points = torch.stack(gathered(*x.double().T), dim=1).cpu()  # [batch_size, size]
            ratio.append(self.truth.log_prob(points) - q.log_prob(points))
            outputs.append(logits(model, stream, batch, x, labels).cpu())
        return torch.cat(ratio), torch.cat(outputs)
