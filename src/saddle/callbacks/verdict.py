"""What D says of reals and fakes in the mode in which it plays; the game goes on as if it had not been asked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from saddle.distributed import world
from saddle.distributed.collectives import gathered
from saddle.models.gan import GAN
from saddle.models.learning import call_network


@contextmanager
def undisturbed(model: GAN) -> Iterator[None]:
    """No gradients; what a forward in training mode moves (statistics, vectors of a spectral norm) is put back."""
    buffers = [*model.generator.buffers(), *model.discriminator.buffers()]
    earlier = [buffer.clone() for buffer in buffers]
    try:
        with torch.no_grad():
            yield
    finally:
        for buffer, values in zip(buffers, earlier, strict=True):
            buffer.copy_(values)


def unseen_reals(model: GAN, batch: int) -> tuple[Tensor, Tensor | None]:
    """This rank's share of held-out batch number `batch`, of the game's size: [share, *shape], labels [share]."""
    own, start = world.share(model.batch_size), batch * model.batch_size
    positions = range(start + own.start, start + own.stop)
    x = model.data.unseen(model.seed, positions, model.device)
    labels = model.data.unseen_labels(model.seed, positions, model.device) if model.classes is not None else None
    return x, labels


def seen_steps(model: GAN, count: int) -> Sequence[int]:
    """At most `count` of the steps that D has taken, evenly spread over all of them."""
    steps = model.updates * model.d_steps
    count = min(count, steps)
    return [number * steps // count for number in range(count)]


def seen_reals(model: GAN, step: int) -> tuple[Tensor, Tensor | None]:
    """This rank's share of the reals of D's step number `step`: [share, *shape], labels [share]."""
    return model.reals(step, model.batch_size), model.labels_of_reals(step, model.batch_size)


def fresh_fakes(model: GAN, stream: str, batch: int) -> tuple[Tensor, Tensor | None]:
    """This rank's share of a batch of fakes of the generator that plays: [share, *shape], labels [share].

    Codes are those of `stream`, which no step of training draws from, the same ones at each reading; labels are drawn
    as often as in the training set.
    """
    labels = model.labels(f"{stream} labels", batch, model.batch_size)
    codes = model.codes(stream, batch, model.batch_size)
    return call_network(model.generator, codes, labels), labels


def logits(model: GAN, stream: str, batch: int, x: Tensor, labels: Tensor | None) -> Tensor:
    """D's logits [batch_size], float64, of all ranks' samples x [share, *shape], augmented as in the game."""
    outputs = call_network(model.discriminator, model.augmented(stream, batch, x), labels)  # [share, 1]; never compiled
    (together,) = gathered(outputs.squeeze(1).double())
    return together
