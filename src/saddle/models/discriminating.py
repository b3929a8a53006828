"""The base class of models with a discriminator: D's logits, and D's step down its loss and penalty."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from saddle.data.classes import Classes
from saddle.distributed.collectives import gathered
from saddle.losses.base import Loss
from saddle.models.base import evaluating
from saddle.models.learning import LearningModel, Player, call_network
from saddle.networks.base import couples_samples
from saddle.penalties.base import Penalty


class DiscriminatingModel(LearningModel, ABC):
    """A model in which a discriminator D learns to distinguish real samples from others.

    Args:
        discriminator: D; its network is the child module `discriminator`.
        generator: G, which moves after D; its network is the child module `generator`. None: there is no G.
        loss: loss whose term for D is minimised.
        penalty: term that D minimises in addition to its loss; None: no penalty.
        classes, batch_size, seed: see `LearningModel`.
        d_steps: k, steps of D in one update.

    Attributes:
        d: D as a player.
        separate_forwards: whether D's output for a sample depends on the other samples of its batch, so that reals and
            fakes need forwards of their own.

    Raises:
        ValueError: the penalty is on single samples, but D couples the samples of a batch.
    """

    discriminator: nn.Module

    def __init__(
        self,
        *,
        discriminator: Player,
        generator: Player | None,
        loss: Loss,
        penalty: Penalty | None,
        classes: Classes | None,
        batch_size: int,
        d_steps: int,
        seed: int,
    ) -> None:
        others = [] if generator is None else [generator]
        super().__init__(players=[discriminator, *others], classes=classes, batch_size=batch_size, seed=seed)
        for player in (*others, discriminator):  # G first: the order of the entries of a stored state
            self.add_module(player.name, player.network)
        self.d, self.loss, self.penalty, self.d_steps = discriminator, loss, penalty, d_steps
        self.separate_forwards = couples_samples(self.discriminator)
        if penalty is not None and penalty.per_sample and self.separate_forwards:
            raise ValueError(
                f"{type(penalty).__name__} needs D's slope at single samples, which a D with batch normalisation "
                "does not have: set network.discriminator.norm=none, layer or spectral, or choose another penalty"
            )

    @property
    def real_per_update(self) -> int:
        return self.batch_size * self.d_steps

    def take_steps(self, update: int) -> None:
        for step in range(update * self.d_steps, (update + 1) * self.d_steps):
            self.log_mean(**self.discriminator_step(step))

    @abstractmethod
    def discriminator_step(self, step: int) -> dict[str, Tensor]:
        """D's step number `step` since the start of training; returns the numbers to log, [] each."""

    def logits(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """D's logits [share] of reals and fakes in float32 or wider: one forward, or two where D couples samples."""
        if self.separate_forwards:
            return as_logits(self.d(real, labels)), as_logits(self.d(fake, labels))
        twice = None if labels is None else torch.cat([labels, labels])
        both = as_logits(self.d(torch.cat([real, fake]), twice))  # [2 share]
        return both[: len(real)], both[len(real) :]

    def descend(
        self,
        step: int,
        real: Tensor,
        fake: Tensor,
        labels: Tensor | None,
        logits_real: Tensor,
        logits_fake: Tensor,
    ) -> dict[str, Tensor]:
        """D's step number `step` down its loss and its penalty; returns the numbers to log, [] each.

        Args:
            step: number since the start of training; every `penalty.every`-th one includes the penalty.
            real, fake: x [share, *shape] as D sees it.
            labels: labels [share] of both sides; None for a model that is not conditional.
            logits_real, logits_fake: D's outputs [batch_size] of all ranks.
        """
        objective = loss = self.loss.discriminator(logits_real, logits_fake)
        numbers: dict[str, Tensor] = {}
        if self.penalty is not None and step % self.penalty.every == 0:

            def critic(x: Tensor) -> Tensor:
                return as_logits(call_network(self.discriminator, x, labels))  # compiled code has no second derivative

            penalty = self.penalty(critic, real, fake, logits_real, logits_fake, self.draw("penalty", step))
            if penalty.dim():
                shape = list(penalty.shape)
                raise ValueError(
                    f"{type(self.penalty).__name__} returns {shape}, not a scalar []: take the batch's mean"
                )
            numbers["penalty"] = gathered(penalty.detach()[None])[0].mean()
            objective = loss + self.penalty.every * penalty
        (gradient,) = self.step(objective, self.d)
        if self.penalty is not None:
            self.penalty.project(self.discriminator)
        return {**numbers, "loss_discriminator": loss, "gradient_discriminator": gradient}


def as_logits(outputs: Tensor) -> Tensor:
    """D's outputs [count, 1] as logits [count], in float32 at least."""
    return outputs.squeeze(1).to(torch.promote_types(outputs.dtype, torch.float32))


@contextmanager
def scoring(network: nn.Module) -> Iterator[Callable[[Tensor], Tensor]]:
    """D as a function from x [n, *shape] to logits [n], in evaluation mode; not compiled, to be differentiable."""
    with evaluating(network):
        yield lambda x: as_logits(network(x))
