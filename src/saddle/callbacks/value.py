"""The value of the game where D cannot have learned it by heart: on held-out reals and fresh noise."""

from math import log

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from saddle.callbacks.discriminator_probe import (
    fresh_fakes,
    logits,
    seen_reals,
    seen_steps,
    undisturbed,
    unseen_reals,
)
from saddle.callbacks.measure import Instrument, Reading
from saddle.models.gan import GAN

IMAGES = 512
"""Reals, and as many fakes, where x is an image: a twentieth of an evaluation's."""
POINTS = 8_192
"""The same where x is a point of a known distribution."""
BISECTIONS = 80


class Value(Instrument):
    r"""V(G, D) of the two players as they are, and what it proves of the distance between their distributions.

    $$V = E_{P_{data}} \log \sigma(D(x) - c) + E_{P_G} \log(1 - \sigma(D(x) - c)) \le -2 \log 2 + 2 JSD(P_{data}, P_G)$$

    for every function D and every number c (Goodfellow et al. 2014; lecture II.2), in nats; hence `jsd_bound` =
    (V + 2 log 2) / 2 <= JSD, in expectation over samples that D does not depend on. Therefore `value` takes reals that
    are held out, and fresh noise. `value_error` is its standard error; that of `jsd_bound` is half of it. A bound that
    is negative says nothing, as any D can say 0. `value_train` is V on the same fakes and reals that D has seen: no
    bound, for D may know these by heart. What it has more than `value` is what D overfits.

    The game is the one that is played. P_G is that of the generator in training: D is the answer to it, and what D
    proves it proves of no other; the averaged generator, which `sample` draws with, is another distribution. D and G
    are in training mode with batches of the game's size, because a batch normalisation makes them other functions in
    evaluation mode. (With one in D, D's answer depends on the batch, and the bound holds for batches: the products of
    as many P_data, whose JSD is larger.) With labels V bounds the JSD of the joint distributions of x and label. With
    an augmentation T both sides go through it, and V bounds the JSD of T(P_data) and T(P_G), which is at most that of
    P_data and P_G. Arithmetic is in float32 even where the game's is in bfloat16.

    c is the loss's threshold. Where a loss has none, its logits count only up to a constant: c is the one that
    maximises V on reals that D has seen and on fakes of their own, before the first step 0. D is the log-odds that V
    wants with `minimax`, `nonsaturating` and `f_js`. With any other loss V is still a bound, usually a loose one: a
    critic of `hinge`, say, has no reason to give probabilities.

    Where nothing is held out, or less than two batches are, there is only `value_train`.

    Args:
        every: updates between two readings.
        count: reals, and fakes, in whole batches, two at least; fewer where fewer are held out.
    """

    model_type = GAN

    def __init__(self, *, every: int, count: int) -> None:
        self.every, self.count = every, count

    def measure(self, model: GAN) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        with undisturbed(model):
            return dict(self._read(model))

    def _read(self, model: GAN) -> dict[str, float]:
        wanted = max(2, self.count // model.batch_size)
        batches = min(wanted, model.data.held_out // model.batch_size)
        real = _seen(model, wanted)
        shift = shift_of(model, wanted)
        fake = _fakes(model, "value", wanted)
        readings: dict[str, float] = {}
        if batches > 1:
            unseen = [logits(model, "value unseen", batch, *unseen_reals(model, batch)) for batch in range(batches)]
            value, error = mean_and_error(unseen, fake, shift, coupled=model.separate_forwards)
            readings |= {"value": value, "value_error": error, "jsd_bound": value / 2 + log(2)}
        if real:
            readings["value_train"] = float(sum(side.mean() for side in _terms(real, fake, shift)))
        return readings


def mean_and_error(real: list[Tensor], fake: list[Tensor], shift: float, *, coupled: bool) -> tuple[float, float]:
    """V with c = `shift`, and its standard error, from logits of reals and of fakes, float64 [batch_size] per batch.

    The standard error is that of independent samples or, if D couples the samples of a batch, that of at least two
    independent batches.
    """
    means, variances = [], []
    for side in _terms(real, fake, shift):
        units = side.mean(1) if coupled else side.flatten()
        means.append(units.mean())
        variances.append(units.var() / len(units))
    return float(sum(means)), float(sum(variances)) ** 0.5


def _terms(real: list[Tensor], fake: list[Tensor], shift: float) -> tuple[Tensor, Tensor]:
    """What V is the sum of the means of: for reals and for fakes [batches, batch_size]."""
    return logsigmoid(torch.stack(real) - shift), logsigmoid(shift - torch.stack(fake))


def shift_of(model: GAN, batches: int) -> float:
    """c of `Value` from at most so many batches; it depends on no held-out real and on no fake that V is read from."""
    if model.loss.threshold is not None:
        return model.loss.threshold
    real = _seen(model, batches)
    return best_shift(torch.cat(real), torch.cat(_fakes(model, "value shift", len(real)))) if real else 0.0


def best_shift(real: Tensor, fake: Tensor) -> float:
    """The c that maximises E log sigma(real - c) + E log(1 - sigma(fake - c)), which is concave in c, by bisection.

    Args:
        real, fake: logits [count] each, float64.
    """
    both = torch.cat([real, fake])
    low, high = float(both.min()) - 50, float(both.max()) + 50
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        rising = torch.sigmoid(fake - middle).mean() > torch.sigmoid(middle - real).mean()  # the derivative in c
        low, high = (middle, high) if rising else (low, middle)
    return (low + high) / 2


def _seen(model: GAN, batches: int) -> list[Tensor]:
    return [logits(model, "value seen", step, *seen_reals(model, step)) for step in seen_steps(model, batches)]


def _fakes(model: GAN, stream: str, batches: int) -> list[Tensor]:
    return [logits(model, stream, batch, *fresh_fakes(model, stream, batch)) for batch in range(batches)]
