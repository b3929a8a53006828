"""Adversarial training (Goodfellow et al. 2014, algorithm 1; lecture I.1.4 and II.3)."""

from collections.abc import Callable, Iterable
from typing import Annotated, Literal

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.data.classes import Classes
from saddle.distributed.collectives import gathered
from saddle.distributed.world import share
from saddle.losses.base import Loss, RelativeLoss
from saddle.models.average import Average
from saddle.models.base import CodedModel
from saddle.networks.base import couples_samples
from saddle.noise import drawn_labels, noise
from saddle.penalties.base import Penalty

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
PLAYERS = ("discriminator", "generator")


class GAN(CodedModel):
    """Two players: in each update D takes `d_steps` steps and then G takes `g_steps`.

    Every step of D sees `batch_size` fresh reals and fakes from `batch_size` fresh codes, every step of G fakes from
    fresh codes. D's steps send no gradient into G and build no graph of it.

    With a `RelativeLoss` every step of G sees `batch_size` fresh reals as well. D walks through the sequence of epochs
    from position 0 on, G backwards from -1: they never meet, and D sees the same reals whatever the loss.

    On several devices each of W ranks has its share of every batch, and the loss sees the logits of all: codes and
    reals are functions of their index in the whole batch, so the game is the same for every W, up to rounding.

    With `classes` the game is conditional: both players are told the label of every x. D's steps give their fakes the
    labels of their reals, one by one, so that both sides hold each class equally often, and a penalty finds real i and
    fake i under one label. So do G's steps where the loss compares the two; otherwise they draw labels, each class as
    often as in the training set. A loss that is a sum over samples has the same expectation as with labels drawn for
    all fakes; relativistic pairing then compares within a class. WGAN-GP's and R3GAN's code do the same, that of the
    projection discriminator (Miyato and Koyama 2018) draws labels for all fakes.

    Batch normalisation in G: it is in training mode wherever it plays, so each update moves its running statistics
    d_steps + g_steps times, d_steps of them in D's steps. With momentum 0.1 an update thus forgets
    1 - 0.9^(d_steps + g_steps) of them. They belong to G's weights before its last step, and the averaged generator
    copies them although its weights are an average of older ones.

    Args:
        generator: codes [batch, code_size], and labels [batch] if there are classes, to x [batch, *shape].
        discriminator: x, and labels if there are classes, to logits [batch, 1].
        loss: both players' terms.
        penalty: what D minimises besides; None is nothing. In step t of D it counts `every` times if `every` divides t.
        make_generator_optimizer, make_discriminator_optimizer: from parameters to an optimiser.
        batch_size: m, reals in one step of D, over all devices together.
        d_steps: k.
        g_steps: generator steps in one update.
        code_size: dimensions of a code.
        prior: distribution of the codes.
        seed: of the codes and of the data order.
        average_decay: of the averaged generator that `sample` draws with, see `Average`; null: no average.
        classes: what the labels of the data mean; None: nobody is told a label.
    """

    def __init__(
        self,
        *,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: Loss,
        penalty: Penalty | None,
        make_generator_optimizer: MakeOptimizer,
        make_discriminator_optimizer: MakeOptimizer,
        batch_size: PositiveInt,
        d_steps: PositiveInt,
        g_steps: PositiveInt,
        code_size: PositiveInt,
        prior: Literal["normal", "uniform"],
        seed: NonNegativeInt,
        average_decay: Annotated[float, Field(ge=0, lt=1)] | None,
        classes: Classes | None,
    ) -> None:
        super().__init__()
        self.classes = classes
        self.generator, self.discriminator = generator, discriminator
        self.averaged = None if average_decay is None else Average(generator, average_decay)
        self.loss, self.penalty = loss, penalty
        if penalty is not None and penalty.per_sample and couples_samples(discriminator):
            raise ValueError(
                f"{type(penalty).__name__} looks at D's slope at single samples, which a D with batch normalisation "
                "does not have: set network.discriminator.norm=none, layer or spectral, or another penalty"
            )
        self.make_optimizers = (make_discriminator_optimizer, make_generator_optimizer)
        self.batch_size, self.d_steps, self.g_steps = batch_size, d_steps, g_steps
        self.code_size, self.prior_distribution, self.seed = code_size, prior, seed
        self.separate_forwards = couples_samples(discriminator)

    def configure_optimizers(self) -> list[Optimizer]:
        make_d, make_g = self.make_optimizers
        self.parameters_of = [list(network.parameters()) for network in (self.discriminator, self.generator)]
        if self.averaged is not None:
            self.averaged.refer()
        of_d, of_g = self.parameters_of
        return [make_d(of_d), make_g(of_g)]

    @property
    def real_per_update(self) -> int:
        return self.batch_size * self.d_steps

    def iterate(self, update: int) -> None:
        for step in range(update * self.d_steps, (update + 1) * self.d_steps):
            self.discriminator_step(step)
        for step in range(update * self.g_steps, (update + 1) * self.g_steps):
            self.generator_step(step)
        if self.averaged is not None:
            self.averaged.update(update)

    def discriminator_step(self, step: int) -> None:
        """D's step number `step` since the start of training."""
        real, labels = self.reals(step), self.labels_of_reals(step)
        with torch.no_grad():
            fake = _told(self.generator, self.codes("discriminator", step), labels)
        logits_real, logits_fake = gathered(*self.logits(real, fake, labels))  # [batch_size] each
        loss = self.loss.discriminator(logits_real, logits_fake)
        penalty = self.penalised(step, real, fake, labels, logits_real, logits_fake)
        self.step(0, loss if penalty is None else loss + penalty)
        if self.penalty is not None:
            self.penalty.project(self.discriminator)
        self.note(
            loss_discriminator=loss,
            accuracy_real=(logits_real > 0).float().mean(),
            accuracy_fake=(logits_fake < 0).float().mean(),
        )

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
            return _wide(_told(self.discriminator, x, labels))

        def draw(stream: str, shape: tuple[int, ...], distribution: str) -> Tensor:
            own = share(self.batch_size)
            return noise(self.seed, f"penalty {stream}", step, own, shape, distribution).to(self.device)

        penalty = self.penalty(critic, real, fake, logits_real, logits_fake, draw)
        self.note(penalty=gathered(penalty.detach()[None])[0].mean())
        return self.penalty.every * penalty

    def generator_step(self, step: int) -> None:
        """G's step number `step` since the start of training."""
        labels = self.labels_for_generator(step)
        fake = _told(self.generator, self.codes("generator", step), labels)
        logits_real, logits_fake = self.generator_logits(fake, labels, step)
        loss = self.loss.generator(logits_real, logits_fake)
        gradient = self.step(1, loss)
        self.note(loss_generator=loss, gradient_generator=gradient)

    def generator_logits(self, fake: Tensor, labels: Tensor | None, step: int) -> tuple[Tensor | None, Tensor]:
        """Logits [batch_size] of the reals that G's step sees, None unless the loss wants them, and of its fakes.

        Reals have a forward of their own: their logits do not depend on G, even where D normalises over a batch.
        """
        logits_fake = _wide(_told(self.discriminator, fake, labels))
        if not isinstance(self.loss, RelativeLoss):
            (logits_fake,) = gathered(logits_fake)
            return None, logits_fake
        with torch.no_grad():
            logits_real = _wide(_told(self.discriminator, self.reals(-1 - step), labels))
        logits_real, logits_fake = gathered(logits_real, logits_fake)
        return logits_real, logits_fake

    def reals(self, batch: int) -> Tensor:
        """This rank's share of batch number `batch`, which may be negative, of the sequence of epochs."""
        return self.data.sample(self.seed, self.positions(batch), self.device)

    def labels_of_reals(self, batch: int) -> Tensor | None:
        """Those of `reals(batch)`; None if nobody is told any."""
        return None if self.classes is None else self.data.labels(self.seed, self.positions(batch), self.device)

    def positions(self, batch: int) -> range:
        """Where this rank's share of batch number `batch` stands in the sequence of epochs."""
        own, start = share(self.batch_size), batch * self.batch_size
        return range(start + own.start, start + own.stop)

    def labels_for_generator(self, step: int) -> Tensor | None:
        """What G's step is to draw, and what its reals are if it sees any; None if nobody is told any label."""
        if self.classes is None or isinstance(self.loss, RelativeLoss):
            return self.labels_of_reals(-1 - step)
        counts = list(self.classes.counts.values())
        return drawn_labels(self.seed, "generator labels", step, share(self.batch_size), counts).to(self.device)

    def codes(self, stream: str, step: int) -> Tensor:
        """This rank's share of fresh codes [batch_size, code_size] for one step of a player."""
        own, shape = share(self.batch_size), (self.code_size,)
        return noise(self.seed, stream, step, own, shape, self.prior_distribution).to(self.device)

    def logits(self, real: Tensor, fake: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """D's logits [batch] of reals and fakes in float32 or wider: one forward, or two where D couples samples."""
        if self.separate_forwards:
            return _wide(_told(self.discriminator, real, labels)), _wide(_told(self.discriminator, fake, labels))
        twice = None if labels is None else torch.cat([labels, labels])
        both = _wide(_told(self.discriminator, torch.cat([real, fake]), twice))  # [2 batch]
        return both[: len(real)], both[len(real) :]

    def step(self, player: int, loss: Tensor) -> Tensor:
        """One step of one player, whose parameters alone receive gradients; returns the gradient's norm [].

        The strategy of several devices averages these gradients in `manual_backward`: the norm is that of all samples.
        D's steps go through the strategy and not through Lightning's wrapper, which would count them in `global_step`.

        Raises:
            DivergedError: the loss or the norm is not finite; the step is not taken.
        """
        parameters = self.parameters_of[player]
        optimizer = self.optimizers()[player]  # type: ignore[index]  # two optimisers are a list
        for parameter in parameters:
            parameter.grad = None
        self.manual_backward(loss, inputs=parameters)
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        self.guard.look(PLAYERS[player], self.updates + 1, loss, norm)
        if player == 0:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)
        else:
            optimizer.step()
        return norm

    def drawn(self) -> nn.Module:
        return self.generator if self.averaged is None else self.averaged.module

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is not None and self.classes is None:
            raise ValueError("this model knows no classes (it was trained with labels=false): draw without labels")
        network = self.drawn()
        training = network.training
        network.eval()
        try:
            return _told(network, codes, labels)  # [count, *shape]
        finally:
            network.train(training)


def _told(network: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    """The network's output; one that is not conditional takes no labels."""
    return network(x) if labels is None else network(x, labels)


def _wide(outputs: Tensor) -> Tensor:
    """D's outputs [batch, 1] as logits [batch], in float32 at least."""
    return outputs.squeeze(1).to(torch.promote_types(outputs.dtype, torch.float32))
