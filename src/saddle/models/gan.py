"""Adversarial training (Goodfellow et al. 2014, algorithm 1; lecture I.1.4 and II.3)."""

from typing import Literal

import torch
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from saddle.augment.base import Augment
from saddle.data.classes import Classes
from saddle.distributed import world
from saddle.distributed.collectives import gathered
from saddle.losses.base import Loss, RelativeLoss
from saddle.models.average import averaged
from saddle.models.drawing import DrawingModel
from saddle.models.judging import JudgingModel, wide
from saddle.models.player import Player
from saddle.penalties.base import Penalty


class GAN(JudgingModel, DrawingModel):
    """Two players: in each update D takes `d_steps` steps and then G takes `g_steps`.

    Every step of D sees `batch_size` fresh reals and fakes from `batch_size` fresh codes, every step of G fakes from
    fresh codes. D's steps send no gradient into G and build no graph of it.

    With a `RelativeLoss` every step of G sees as many fresh reals as fakes. D walks through the sequence of epochs
    from position 0 on, G backwards from -1: they never meet, and D sees the same reals whatever the loss.

    On several devices each of W ranks has its share of every batch, and the loss sees the logits of all: codes and
    reals are functions of their index in the whole batch, so the game is the same for every W, up to rounding.

    With an augmentation D sees transformed images only, in its own steps and in G's, each with numbers of its own. A
    penalty is on D as a function of what it sees, in the game between the two transformed distributions. (The code of
    StyleGAN2-ADA derives D(T(x)) by x instead: the same slope where T only moves pixels.)

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
        augment: what D sees instead of x; None is x itself.
        classes: what the labels of the data mean; None: nobody is told a label.
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
    """

    def __init__(
        self,
        *,
        generator: Player,
        discriminator: Player,
        loss: Loss,
        penalty: Penalty | None,
        augment: Augment | None,
        classes: Classes | None,
        batch_size: PositiveInt,
        generator_batch_size: PositiveInt | None,
        d_steps: PositiveInt,
        g_steps: PositiveInt,
        code_size: PositiveInt,
        prior: Literal["normal", "uniform"],
        seed: NonNegativeInt,
        average_half_life: PositiveFloat | None,
        average_ramp: PositiveFloat,
    ) -> None:
        super().__init__()
        self.g, self.generator = generator, generator.network  # before D: parts of a state stand in this order
        self.judge(discriminator, loss, penalty, batch_size)
        self.players = (discriminator, generator)
        self.augment, self.classes = augment, classes
        self.generator_batch_size = generator_batch_size or batch_size
        self.d_steps, self.g_steps = d_steps, g_steps
        self.code_size, self.prior_distribution, self.seed = code_size, prior, seed
        images = self.generator_batch_size * g_steps
        self.averaged = averaged(self.generator, half_life=average_half_life, ramp=average_ramp, images=images)

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

    def discriminator_step(self, step: int) -> None:
        """D's step number `step` since the start of training."""
        real, labels = self.reals(step, self.batch_size), self.labels_of_reals(step, self.batch_size)
        with torch.no_grad():
            fake = self.g(self.codes("discriminator", step, self.batch_size), labels)
            real, fake = self.augmented("real", step, real), self.augmented("fake", step, fake)
        logits_real, logits_fake = gathered(*self.logits(real, fake, labels))  # [batch_size] each
        loss = self.loss.discriminator(logits_real, logits_fake)
        penalty = self.penalised(step, real, fake, labels, logits_real, logits_fake)
        (gradient,) = self.step(loss if penalty is None else loss + penalty, self.d)
        if self.penalty is not None:
            self.penalty.project(self.discriminator)
        accuracies = self.accuracies(logits_real, logits_fake)
        self.log_mean(loss_discriminator=loss, gradient_discriminator=gradient, **accuracies)
        if self.augment is not None:
            self.augment.observe(step, logits_real, self.loss.threshold)
            self.log_mean(**self.augment.readings())

    def generator_step(self, step: int) -> None:
        """G's step number `step` since the start of training."""
        if isinstance(self.loss, RelativeLoss):
            labels = self.labels_of_reals(-1 - step, self.generator_batch_size)
        else:
            labels = self.labels("generator labels", step, self.generator_batch_size)
        fake = self.g(self.codes("generator", step, self.generator_batch_size), labels)
        logits_real, logits_fake = self.generator_logits(self.augmented("generator", step, fake), labels, step)
        loss = self.loss.generator(logits_real, logits_fake)
        (gradient,) = self.step(loss, self.g)
        self.log_mean(loss_generator=loss, gradient_generator=gradient)

    def augmented(self, stream: str, step: int, x: Tensor) -> Tensor:
        """What D sees of this rank's share of x in a step of one player; `stream` says which x these are."""
        if self.augment is None:
            return x
        size, shape = len(x) * world.size(), (self.augment.numbers,)
        return self.augment(x, self.numbers(f"augment {stream}", step, size, shape, "uniform"))

    def generator_logits(self, fake: Tensor, labels: Tensor | None, step: int) -> tuple[Tensor | None, Tensor]:
        """Logits [generator_batch_size] of the reals that G's step sees, or None, and of its fakes.

        Reals have a forward of their own: their logits do not depend on G, even where D normalises over a batch.
        """
        logits_fake = wide(self.d(fake, labels))
        if not isinstance(self.loss, RelativeLoss):
            (logits_fake,) = gathered(logits_fake)
            return None, logits_fake
        with torch.no_grad():
            real = self.augmented("generator real", step, self.reals(-1 - step, self.generator_batch_size))
            logits_real = wide(self.d(real, labels))
        logits_real, logits_fake = gathered(logits_real, logits_fake)
        return logits_real, logits_fake

    def sampling_module(self) -> nn.Module:
        return self.generator if self.averaged is None else self.averaged.module

    def decoder(self) -> nn.Module:
        return self.sampling_module()
