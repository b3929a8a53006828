"""D's logits on samples that it has and has not seen: an instrument for a D alone, and functions for a game's D."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from saddle.callbacks.measure import Instrument, Reading
from saddle.distributed.collectives import gathered
from saddle.models.discriminating import scoring
from saddle.models.discriminator import DiscriminatorAlone
from saddle.models.gan import GAN
from saddle.models.learning import call_network, positions
from saddle.noise import noise


class DiscriminatorProbe(Instrument):
    """D's mean logits on reals and on five kinds of x that are not real, for a discriminator without a generator.

    `score_real` is on held-out reals (on training samples if none are held out), `score_noise` on x uniform on [-1, 1],
    `score_half_noised` on the mean of a real and such noise, `score_between` on the mean of two reals, and
    `score_gaussian` on a weak generator: the Gaussian with the mean and the covariance of the reals, clipped to [-1, 1]
    if the reals are in that interval.

    Logits of two losses cannot be compared, so `fooled_...` is the share of pairs of a real and such an x in which x
    scores higher; a tie counts one half. It is 0 if D separates them and 1/2 if it cannot (1 minus the area under the
    ROC curve). The lecture's claims (I.3): after positives alone D outputs 1; after random negatives noise does not
    fool it, and more realistic x do.

    Args:
        every: updates between two readings.
        count: number of reals and of x of each kind.
    """

    model_type = DiscriminatorAlone

    def __init__(self, *, every: int, count: int) -> None:
        self.every, self.count = every, count

    def measure(self, model: DiscriminatorAlone) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        with scoring(model.discriminator) as critic, torch.no_grad():
            real, unreal = _reals(model, self.count), self._unreal(model)
            scores_real = critic(real).double()
            readings: dict[str, Reading] = {"score_real": float(scores_real.mean())}
            for name, x in unreal.items():
                scores = critic(x.to(real)).double()
                readings |= {f"score_{name}": float(scores.mean()), f"fooled_{name}": fooled(scores_real, scores)}
        return readings

    def _unreal(self, model: DiscriminatorAlone) -> dict[str, Tensor]:
        x = model.data.sample(model.seed, range(2 * self.count), model.device)
        first, second = x.split(self.count)
        uniform = noise(model.seed, "scores", 0, range(self.count), model.shape, "uniform").to(x)
        weak = gaussian(x, noise(model.seed, "scores", 1, range(self.count), (len(x),)).to(x))
        return {
            "noise": uniform,
            "half_noised": (first + uniform) / 2,
            "between": (first + second) / 2,
            "gaussian": weak.clamp(-1, 1) if x.abs().max() <= 1 else weak,
        }


def fooled(real: Tensor, unreal: Tensor) -> float:
    """The share of pairs of scores [n] and [m] in which the unreal x scores higher; a tie counts one half."""
    lower = torch.searchsorted(real.sort().values, unreal)
    not_higher = torch.searchsorted(real.sort().values, unreal, right=True)
    return float((lower + not_higher).double().mean() / (2 * len(real)))


def gaussian(x: Tensor, base_noise: Tensor) -> Tensor:
    """Samples [n, *shape] of the Gaussian with the moments of x [count, *shape], from N(0, I) [n, count].

    mean + sum_i base_noise_i (x_i - mean) / sqrt(count): exact, without a factorised covariance of large images.
    """
    flat = x.flatten(1).double()
    mean = flat.mean(0)
    return (mean + base_noise.double() @ (flat - mean) / len(x) ** 0.5).reshape(-1, *x.shape[1:]).to(x)


def _reals(model: DiscriminatorAlone, count: int) -> Tensor:
    held_out = min(count, model.data.held_out)
    if held_out:
        return model.data.unseen(model.seed, range(held_out), model.device)
    return model.data.sample(model.seed, range(count), model.device)


@contextmanager
def undisturbed(model: GAN) -> Iterator[None]:
    """No gradients; buffers that a forward in training mode changes (statistics, spectral norms) are restored."""
    buffers = [*model.generator.buffers(), *model.discriminator.buffers()]
    values = [buffer.clone() for buffer in buffers]
    try:
        with torch.no_grad():
            yield
    finally:
        for buffer, value in zip(buffers, values, strict=True):
            buffer.copy_(value)


def unseen_reals(model: GAN, batch: int) -> tuple[Tensor, Tensor | None]:
    """This rank's share of held-out batch number `batch`, of the game's size: [share, *shape], labels [share]."""
    indices = positions(batch, model.batch_size)
    x = model.data.unseen(model.seed, indices, model.device)
    labels = model.data.unseen_labels(model.seed, indices, model.device) if model.classes is not None else None
    return x, labels


def fresh_fakes(model: GAN, stream: str, batch: int) -> tuple[Tensor, Tensor | None]:
    """This rank's share of a batch of fakes of the generator in training: [share, *shape], labels [share].

    The codes are those of `stream`, which no step of training draws from, and the same at each reading; each class is
    drawn as often as in the training set.
    """
    labels = model.labels(f"{stream} labels", batch, model.batch_size)
    codes = model.codes(stream, batch, model.batch_size)
    return call_network(model.generator, codes, labels), labels


def logits(model: GAN, stream: str, batch: int, x: Tensor, labels: Tensor | None) -> Tensor:
    """D's logits [batch_size], float64, of all ranks' samples x [share, *shape], augmented as in the game."""
    outputs = call_network(model.discriminator, model.augmented(stream, batch, x), labels)  # [share, 1]; never compiled
    (outputs,) = gathered(outputs.squeeze(1).double())
    return outputs
