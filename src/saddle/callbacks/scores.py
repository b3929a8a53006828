"""The discriminator alone: how high it scores what is real, what is noise, and what is something between."""

import torch
from torch import Tensor

from saddle.callbacks.measure import Instrument, Reading
from saddle.models.base import GenerativeModel
from saddle.models.discriminating import scoring
from saddle.models.discriminator import DiscriminatorAlone
from saddle.noise import noise


class Scores(Instrument):
    """D's mean logits on reals and on five kinds of x that are not; nothing of a model with a generator.

    `score_real` on held-out reals (of the training set where none are held out), `score_noise` on x uniform on [-1, 1],
    `score_half_noised` on the mean of a real and such noise, `score_between` on the mean of two reals,
    `score_gaussian` on a weak generator: the Gaussian with the mean and the covariance of the reals, cut to [-1, 1]
    where the reals lie there.

    Logits of two losses do not compare, so `fooled_...` is the share of pairs of a real and such an x in which x
    scores higher, ties by half: 0 where D tells them apart, 1/2 where it cannot (1 minus the area under the ROC curve).
    The lecture's claims (I.3): after positives alone D says 1; after random negatives noise does not fool it, and what
    is more realistic does.

    Args:
        every: updates between two readings.
        count: reals, and x of each kind.
    """

    def __init__(self, *, every: int, count: int) -> None:
        self.every, self.count = every, count

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        if not isinstance(model, DiscriminatorAlone):
            return {}
        with scoring(model.discriminator) as critic, torch.no_grad():
            real, others = _reals(model, self.count), self._others(model)
            heights = critic(real).double()
            found = {"score_real": float(heights.mean())}
            for name, x in others.items():
                scores = critic(x.to(real)).double()
                found |= {f"score_{name}": float(scores.mean()), f"fooled_{name}": fooled(heights, scores)}
        return dict(found)

    def _others(self, model: DiscriminatorAlone) -> dict[str, Tensor]:
        x = model.data.sample(model.seed, range(2 * self.count), model.device)
        one, two = x[: self.count], x[self.count :]
        drawn = noise(model.seed, "scores", 0, range(self.count), model.shape, "uniform").to(x)
        weak = gaussian(x, noise(model.seed, "scores", 1, range(self.count), (len(x),)).to(x))
        return {
            "noise": drawn,
            "half_noised": (one + drawn) / 2,
            "between": (one + two) / 2,
            "gaussian": weak.clamp(-1, 1) if x.abs().max() <= 1 else weak,
        }


def fooled(real: Tensor, other: Tensor) -> float:
    """The share of pairs from scores [n] and [m] in which the other one is higher, ties by half."""
    below = torch.searchsorted(real.sort().values, other)
    above = torch.searchsorted(real.sort().values, other, right=True)
    return float((below + above).double().mean() / (2 * len(real)))


def gaussian(x: Tensor, drawn: Tensor) -> Tensor:
    """Samples [n, *shape] of the Gaussian with the moments of x [count, *shape], from N(0, I) [n, count].

    mean + sum_i drawn_i (x_i - mean) / sqrt(count): exact, and no covariance of large images is factorised.
    """
    flat = x.flatten(1).double()
    mean = flat.mean(0)
    return (mean + drawn.double() @ (flat - mean) / len(x) ** 0.5).reshape(-1, *x.shape[1:]).to(x)


def _reals(model: DiscriminatorAlone, count: int) -> Tensor:
    held_out = min(count, model.data.held_out)
    if held_out:
        return model.data.unseen(model.seed, range(held_out), model.device)
    return model.data.sample(model.seed, range(count), model.device)
