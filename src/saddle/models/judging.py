"""What models with a discriminator have in common: its logits, and what it minimises besides its loss."""

from abc import ABC
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from saddle.distributed.collectives import gathered
from saddle.losses.base import Loss
from saddle.models.learning import LearningModel
from saddle.models.player import Player, call_network
from saddle.networks.base import couples_samples
from saddle.penalties.base import Penalty


class JudgingModel(LearningModel, ABC):
    """A model in which a discriminator tells reals from what is none.

    Attributes:
        d: the discriminator as a player.
        discriminator: its network.
        loss: D's term of it is what D minimises.
        penalty: what D minimises besides; None is nothing.
        batch_size: m, reals in one step of D, over all devices together.
    """

    d: Player
    discriminator: nn.Module
    loss: Loss
    penalty: Penalty | None
    batch_size: int

    separate_forwards: bool
    """Whether D's answer to a sample depends on the others of its batch."""

    def judge(self, discriminator: Player, loss: Loss, penalty: Penalty | None, batch_size: int) -> None:
        """With this D, and what it minimises.

        Raises:
            ValueError: the penalty is on single samples, and D couples those of a batch.
        """
        self.d, self.discriminator = discriminator, discriminator.network
        self.loss, self.penalty, self.batch_size = loss, penalty, batch_size
        self.separate_forwards = couples_samples(self.discriminator)
        if penalty is not None and penalty.per_sample and self.separate_forwards:
            raise ValueError(
                f"{type(penalty).__name__} looks at D's slope at single samples, which a D with batch normalisation "
                "does not have: set network.discriminator.norm=none, layer or spectral, or another penalty"
            )

    def logits(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """D's logits [batch] of reals and fakes in float32 or wider: one forward, or two where D couples samples."""
        if self.separate_forwards:
            return wide(self.d(real, labels)), wide(self.d(fake, labels))
        twice = None if labels is None else torch.cat([labels, labels])
        both = wide(self.d(torch.cat([real, fake]), twice))  # [2 batch]
        return both[: len(real)], both[len(real) :]

    def penalised(
        self,
        step: int,
        real: Tensor,
        fake: Tensor,
        labels: Tensor | None,
        logits_real: Tensor,
        logits_fake: Tensor,
    ) -> Tensor | None:
        """What D minimises besides its loss in this step; None if nothing. `labels` [n] are those of both sides."""
        if self.penalty is None or step % self.penalty.every:
            return None

        def critic(x: Tensor) -> Tensor:
            return wide(call_network(self.discriminator, x, labels))  # never compiled: that has no second derivative

        def draw(stream: str, shape: tuple[int, ...], distribution: str) -> Tensor:
            return self.numbers(f"penalty {stream}", step, self.batch_size, shape, distribution)

        penalty = self.penalty(critic, real, fake, logits_real, logits_fake, draw)
        self.log_mean(penalty=gathered(penalty.detach()[None])[0].mean())
        return self.penalty.every * penalty

    def accuracies(self, logits_real: Tensor, logits_fake: Tensor) -> dict[str, Tensor]:
        """Shares [] of reals and of fakes on their side of the loss's threshold; nothing where it has none."""
        threshold = self.loss.threshold
        if threshold is None:
            return {}
        real, fake = logits_real > threshold, logits_fake < threshold
        return {"accuracy_real": real.float().mean(), "accuracy_fake": fake.float().mean()}


def wide(outputs: Tensor) -> Tensor:
    """D's outputs [batch, 1] as logits [batch], in float32 at least."""
    return outputs.squeeze(1).to(torch.promote_types(outputs.dtype, torch.float32))


@contextmanager
def scoring(network: nn.Module) -> Iterator[Callable[[Tensor], Tensor]]:
    """D as a function x [n, *shape] to logits [n], in evaluation mode; never compiled, as its slope is asked for."""
    training = network.training
    network.eval()
    try:
        yield lambda x: wide(network(x))
    finally:
        network.train(training)
