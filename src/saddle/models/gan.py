"""Adversarial training (Goodfellow et al. 2014, algorithm 1; lecture I.1.4 and II.3)."""

from collections.abc import Callable, Iterable
from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.augment.base import Augment
from saddle.distributed import world
from saddle.distributed.collectives import gathered
from saddle.distributed.world import share
from saddle.losses.base import Loss, RelativeLoss
from saddle.models.average import Average
from saddle.models.base import CodedModel
from saddle.models.compilation import Call, compiled_network
from saddle.models.rate import Rate
from saddle.networks.base import couples_samples
from saddle.noise import noise
from saddle.penalties.base import Penalty
from saddle.schedules.base import Schedule

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
PLAYERS = ("discriminator", "generator")


class GAN(CodedModel):
    """Two players: in each update D takes `d_steps` steps and then G takes `g_steps`.

    Every step of D sees `batch_size` fresh reals and fakes from `batch_size` fresh codes, every step of G fakes from
    `generator_batch_size` fresh codes. D's steps send no gradient into G and build no graph of it.

    With a `RelativeLoss` every step of G sees as many fresh reals. D walks through the sequence of epochs from position
    0 on, G backwards from -1: they never meet, and D sees the same reals whatever the loss and the batch of G.

    On several devices each of W ranks has its share of every batch, and the loss sees the logits of all: codes and
    reals are functions of their index in the whole batch, so the game is the same for every W, up to rounding.

    With an augmentation D sees transformed images only, in its own steps and in G's, each with numbers of its own. A
    penalty is on D as a function of what it sees, in the game between the two transformed distributions. (The code of
    StyleGAN2-ADA derives D(T(x)) by x instead: the same slope where T only moves pixels.)

    Batch normalisation in G: it is in training mode wherever it plays, so each update moves its running statistics
    d_steps + g_steps times, d_steps of them in D's steps. With momentum 0.1 an update thus forgets
    1 - 0.9^(d_steps + g_steps) of them. They belong to G's weights before its last step, and the averaged generator
    copies them although its weights are an average of older ones.

    Args:
        generator: codes [batch, code_size] to x [batch, *shape].
        discriminator: x to logits [batch, 1].
        loss: both players' terms.
        penalty: what D minimises besides; None is nothing. In step t of D it counts `every` times if `every` divides t.
        augment: what D sees instead of x; None is x itself.
        make_generator_optimizer, make_discriminator_optimizer: from parameters to an optimiser.
        generator_schedule, discriminator_schedule: of its learning rate.
        generator_clip_norm, discriminator_clip_norm: a gradient with a larger norm, over all parameters of the player,
            is scaled down to it (Pascanu et al. 2013); null: none is.
        batch_size: m, reals in one step of D, over all devices together.
        generator_batch_size: fakes in one step of G, over all devices together; null: as many.
        d_steps: k.
        g_steps: generator steps in one update.
        code_size: dimensions of a code.
        prior: distribution of the codes.
        seed: of the codes and of the data order.
        average_half_life: of the averaged generator that `sample` draws with, see `Average`, in images drawn in G's
            steps; null: no average.
        average_ramp: its largest half-life as a fraction of these images so far.
        compiled: both networks go through `torch.compile` where they play; penalties and samples take them as they are.
    """

    def __init__(
        self,
        *,
        generator: nn.Module,
        discriminator: nn.Module,
        loss: Loss,
        penalty: Penalty | None,
        augment: Augment | None,
        make_generator_optimizer: MakeOptimizer,
        make_discriminator_optimizer: MakeOptimizer,
        generator_schedule: Schedule,
        discriminator_schedule: Schedule,
        generator_clip_norm: PositiveFloat | None,
        discriminator_clip_norm: PositiveFloat | None,
        batch_size: PositiveInt,
        generator_batch_size: PositiveInt | None,
        d_steps: PositiveInt,
        g_steps: PositiveInt,
        code_size: PositiveInt,
        prior: Literal["normal", "uniform"],
        seed: NonNegativeInt,
        average_half_life: PositiveFloat | None,
        average_ramp: PositiveFloat,
        compiled: bool,
    ) -> None:
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.batch_size, self.generator_batch_size = batch_size, generator_batch_size or batch_size
        self.averaged: Average | None = None
        if average_half_life is not None:
            images = self.generator_batch_size * g_steps
            self.averaged = Average(generator, half_life=average_half_life, ramp=average_ramp, images=images)
        self.loss, self.penalty, self.augment = loss, penalty, augment
        if penalty is not None and penalty.per_sample and couples_samples(discriminator):
            raise ValueError(
                f"{type(penalty).__name__} looks at D's slope at single samples, which a D with batch normalisation "
                "does not have: set network.discriminator.norm=none, layer or spectral, or another penalty"
            )
        self.make_optimizers = (make_discriminator_optimizer, make_generator_optimizer)
        self.schedules = (discriminator_schedule, generator_schedule)
        self.clip_norms = (discriminator_clip_norm, generator_clip_norm)
        self.d_steps, self.g_steps = d_steps, g_steps
        self.code_size, self.prior_distribution, self.seed = code_size, prior, seed
        self.separate_forwards = couples_samples(discriminator)
        self.playing: list[Call] = [
            compiled_network(network) if compiled else network for network in (discriminator, generator)
        ]

    def configure_optimizers(self) -> list[Optimizer]:
        make_d, make_g = self.make_optimizers
        self.parameters_of = [list(network.parameters()) for network in (self.discriminator, self.generator)]
        if self.averaged is not None:
            self.averaged.refer()
        of_d, of_g = self.parameters_of
        optimizers = [make_d(of_d), make_g(of_g)]
        self.rates = [Rate(*pair) for pair in zip(optimizers, self.schedules, strict=True)]
        return optimizers

    @property
    def real_per_update(self) -> int:
        return self.batch_size * self.d_steps

    def iterate(self, update: int) -> None:
        self.set_rates(update)
        for step in range(update * self.d_steps, (update + 1) * self.d_steps):
            self.discriminator_step(step)
        for step in range(update * self.g_steps, (update + 1) * self.g_steps):
            self.generator_step(step)
        if self.averaged is not None:
            self.averaged.update(update)

    def set_rates(self, update: int) -> None:
        """Both players' learning rates for all steps of `update`; those that vary are noted."""
        for player, rate in zip(PLAYERS, self.rates, strict=True):
            in_effect = rate.set(update)
            if rate.schedule.varies:
                self.note(**{f"rate_{player}": torch.tensor(in_effect)})

    def discriminator_step(self, step: int) -> None:
        """D's step number `step` since the start of training."""
        real = self.reals(step, self.batch_size)
        with torch.no_grad():
            fake = self.playing[1](self.codes("discriminator", step, self.batch_size))
            real, fake = self.seen("real", step, real), self.seen("fake", step, fake)
        logits_real, logits_fake = gathered(*self.logits(real, fake))  # [batch_size] each
        loss = self.loss.discriminator(logits_real, logits_fake)
        penalty = self.penalised(step, real, fake, logits_real, logits_fake)
        self.step(0, loss if penalty is None else loss + penalty)
        if self.penalty is not None:
            self.penalty.project(self.discriminator)
        self.note(
            loss_discriminator=loss,
            accuracy_real=(logits_real > 0).float().mean(),
            accuracy_fake=(logits_fake < 0).float().mean(),
        )
        if self.augment is not None:
            self.augment.observe(step, logits_real, self.loss.threshold)
            self.note(**self.augment.readings())

    def seen(self, stream: str, step: int, x: Tensor) -> Tensor:
        """What D sees of this rank's share of x in a step of one player; `stream` says which x these are."""
        if self.augment is None:
            return x
        own, shape = share(len(x) * world.size()), (self.augment.numbers,)
        return self.augment(x, noise(self.seed, f"augment {stream}", step, own, shape, "uniform").to(self.device))

    def penalised(
        self, step: int, real: Tensor, fake: Tensor, logits_real: Tensor, logits_fake: Tensor
    ) -> Tensor | None:
        """What D minimises besides its loss in this step; None if nothing."""
        if self.penalty is None or step % self.penalty.every:
            return None

        def critic(x: Tensor) -> Tensor:
            return _wide(self.discriminator(x))  # never compiled: that has no second derivative

        def draw(stream: str, shape: tuple[int, ...], distribution: str) -> Tensor:
            own = share(self.batch_size)
            return noise(self.seed, f"penalty {stream}", step, own, shape, distribution).to(self.device)

        penalty = self.penalty(critic, real, fake, logits_real, logits_fake, draw)
        self.note(penalty=gathered(penalty.detach()[None])[0].mean())
        return self.penalty.every * penalty

    def generator_step(self, step: int) -> None:
        """G's step number `step` since the start of training."""
        fake = self.seen("generator", step, self.playing[1](self.codes("generator", step, self.generator_batch_size)))
        logits_real, logits_fake = self.generator_logits(fake, step)
        loss = self.loss.generator(logits_real, logits_fake)
        gradient = self.step(1, loss)
        self.note(loss_generator=loss, gradient_generator=gradient)

    def generator_logits(self, fake: Tensor, step: int) -> tuple[Tensor | None, Tensor]:
        """Logits [generator_batch_size] of the reals that G's step sees, or None, and of its fakes.

        Reals have a forward of their own: their logits do not depend on G, even where D normalises over a batch.
        """
        logits_fake = _wide(self.playing[0](fake))
        if not isinstance(self.loss, RelativeLoss):
            (logits_fake,) = gathered(logits_fake)
            return None, logits_fake
        with torch.no_grad():
            real = self.reals(-1 - step, self.generator_batch_size)
            logits_real = _wide(self.playing[0](self.seen("generator real", step, real)))
        logits_real, logits_fake = gathered(logits_real, logits_fake)
        return logits_real, logits_fake

    def reals(self, batch: int, size: int) -> Tensor:
        """This rank's share of batch number `batch`, which may be negative, of `size` reals in the order of epochs."""
        own, start = share(size), batch * size
        return self.data.sample(self.seed, range(start + own.start, start + own.stop), self.device)

    def codes(self, stream: str, step: int, size: int) -> Tensor:
        """This rank's share of fresh codes [size, code_size] for one step of a player."""
        own, shape = share(size), (self.code_size,)
        return noise(self.seed, stream, step, own, shape, self.prior_distribution).to(self.device)

    def logits(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """D's logits [batch] of reals and fakes in float32 or wider: one forward, or two where D couples samples."""
        if self.separate_forwards:
            return _wide(self.playing[0](real)), _wide(self.playing[0](fake))
        both = _wide(self.playing[0](torch.cat([real, fake])))  # [2 batch]
        return both[: len(real)], both[len(real) :]

    def step(self, player: int, loss: Tensor) -> Tensor:
        """One step of one player, whose parameters alone receive gradients; returns the gradient's norm [].

        The strategy of several devices averages these gradients in `manual_backward`: the norm is that of all samples.
        It is taken, and looked at, before the gradient is clipped. D's steps go through the strategy and not through
        Lightning's wrapper, which would count them in `global_step`.

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
        limit = self.clip_norms[player]
        if limit is not None:
            torch.nn.utils.clip_grads_with_norm_(parameters, limit, norm)
        if player == 0:
            self.trainer.strategy.optimizer_step(optimizer.optimizer, lambda: None)
        else:
            optimizer.step()
        return norm

    def drawn(self) -> nn.Module:
        return self.generator if self.averaged is None else self.averaged.module

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        network = self.drawn()
        training = network.training
        network.eval()
        try:
            return network(codes)  # [count, *shape]; never compiled: the same bits wherever it is drawn
        finally:
            network.train(training)


def _wide(outputs: Tensor) -> Tensor:
    """D's outputs [batch, 1] as logits [batch], in float32 at least."""
    return outputs.squeeze(1).to(torch.promote_types(outputs.dtype, torch.float32))
