"""The value of the game on samples that D cannot have memorised: held-out reals and fresh noise."""

from math import log

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from saddle.callbacks.discriminator_probe import fresh_fakes, logits, undisturbed, unseen_reals
from saddle.callbacks.measure import Instrument, Reading
from saddle.models.gan import GAN

IMAGES = 512
"""Number of reals, and of fakes, if x is an image: a twentieth of those of an evaluation."""
POINTS = 8_192
"""The same number if x is a point of a known distribution."""
BISECTIONS = 80


class Value(Instrument):
    r"""V(G, D) of the two players, and the lower bound of the JSD of their distributions that follows from it.

    $$V = E_{P_{data}} \log \sigma(D(x) - c) + E_{P_G} \log(1 - \sigma(D(x) - c)) \le -2 \log 2 + 2 JSD(P_{data}, P_G)$$

    for every function D and every number c (Goodfellow et al. 2014; lecture II.2), in nats. Hence `jsd_bound` =
    (V + 2 log 2) / 2 <= JSD, in expectation over samples that D does not depend on, so `value` is computed on held-out
    reals and fresh noise. `value_error` is its standard error; that of `jsd_bound` is half of it. A negative bound is
    trivial, since D = 0 gives 0. `value_train` is V on the same fakes and on reals that D has seen. It is no bound, as
    D may have memorised these; its excess over `value` measures overfitting.

    V is that of the game in training. P_G belongs to the generator in training, which D was trained against; the
    averaged generator, which `sample` draws with, has another distribution. D and G are in training mode with batches
    of the game's size, because batch normalisation makes them other functions in evaluation mode. (If D has batch
    normalisation, its logits depend on the batch, and the bound holds for products of batch_size copies of P_data and
    P_G, whose JSD is larger.) With labels V bounds the JSD of the joint distributions of x and label. With an
    augmentation T both sides are transformed, and V bounds the JSD of T(P_data) and T(P_G), which is at most that of
    P_data and P_G. The arithmetic is in float32 even if training is in bfloat16.

    c is the threshold of the loss. The logits of a loss without threshold are defined up to a constant: c then
    maximises V on reals that D has seen and on separate fakes, and is 0 before the first step. With `minimax`,
    `nonsaturating` and `f_js`, D is trained to be the log-odds in V. With any other loss V is still a bound, but
    usually a loose one: the critic of `hinge`, for example, has no reason to be a log-odds.

    If fewer than two batches are held out, there is only `value_train`.

    Args:
        every: updates between two readings.
        count: number of reals, and of fakes, in whole batches, at least two; limited by the held-out samples.
    """

    model_type = GAN

    def __init__(self, *, every: int, count: int) -> None:
        self.every, self.count = every, count

    def measure(self, model: GAN) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        with undisturbed(model):
            return dict(self._values(model))

    def _values(self, model: GAN) -> dict[str, float]:
        batches = max(2, self.count // model.batch_size)
        held_out = min(batches, model.data.held_out // model.batch_size)
        real = _seen(model, batches)
        shift = shift_of(model, batches)
        fake = _fakes(model, "value", batches)
        readings: dict[str, float] = {}
        if held_out > 1:
            unseen = [logits(model, "value unseen", batch, *unseen_reals(model, batch)) for batch in range(held_out)]
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
    """The terms whose means add up to V: for reals and for fakes, [batches, batch_size] each."""
    return logsigmoid(torch.stack(real) - shift), logsigmoid(shift - torch.stack(fake))


def shift_of(model: GAN, batches: int) -> float:
    """c of `Value` from at most `batches` batches, independent of the held-out reals and of the fakes in V."""
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
    """D's logits on reals of at most `batches` of its steps, evenly spaced over all of them."""
    taken, size = model.updates * model.d_steps, model.batch_size
    steps = [number * taken // min(batches, taken) for number in range(min(batches, taken))]
    return [logits(model, "value seen", n, model.reals(n, size), model.labels_of_reals(n, size)) for n in steps]


def _fakes(model: GAN, stream: str, batches: int) -> list[Tensor]:
    return [logits(model, stream, batch, *fresh_fakes(model, stream, batch)) for batch in range(batches)]
