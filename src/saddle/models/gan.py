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
from saddle.models.base import CodedModel
from saddle.models.discriminating import DiscriminatingModel, as_logits
from saddle.models.learning import Player
from saddle.penalties.base import Penalty


class GAN(DiscriminatingModel, CodedModel):
    """Two players: in each update D takes `d_steps` steps and then G takes `g_steps`.

    Every step of D sees `batch_size` fresh reals and fakes from `batch_size` fresh codes; every step of G sees fakes
    from fresh codes. D's steps compute no gradient of G and build no graph of it.

    With a `RelativeLoss` every step of G also sees as many fresh reals as fakes. D reads the sequence of epochs
    forwards from position 0 and G backwards from -1, so D sees the same reals with every loss.

    On several devices each of W ranks has its share of every batch, and the loss sees the logits of all ranks. Codes
    and reals are functions of their index in the whole batch, so the game is the same for every W, up to rounding.

    With an augmentation D sees transformed images only, in its own steps and in G's, each with random numbers of its
    own. A penalty then differentiates D with respect to the transformed images, in the game between the two transformed
    distributions. (The code of StyleGAN2-ADA differentiates D(T(x)) with respect to x instead; the gradient norm is the
    same if T only moves pixels.)

    With `classes` the game is conditional: both players receive the label of every x. In D's steps fake i has the label
    of real i, so that both sides hold each class equally often, and a penalty finds real i and fake i under one label.
    The same holds in G's steps if the loss compares reals and fakes; otherwise G's steps draw labels, each class as
    often as in the training set. A loss that is a sum over samples has the same expectation as with labels drawn for
    all fakes; relativistic pairing compares within a class. The code of WGAN-GP and of R3GAN does the same; that of the
    projection discriminator (Miyato and Koyama 2018) draws labels for all fakes.

    Batch normalisation in G is in training mode in every step, so each update moves its running statistics
    d_steps + g_steps times. With momentum 0.1 one update thus replaces a fraction 1 - 0.9^(d_steps + g_steps) of them.
    The statistics belong to G's weights before its last step, and the averaged generator copies them although its
    weights are an average of older ones.

    Args:
        generator: latent codes [batch, code_size], and labels [batch] if there are classes, to x [batch, *shape].
        discriminator: x, and labels if there are classes, to logits [batch, 1].
        loss: terms of both players.
        penalty: term that D minimises in addition to its loss, with weight `penalty.every` in each step whose number
            `penalty.every` divides; None: no penalty.
        augment: transform of all inputs of D; None: D sees x itself.
        classes: classes of the labels; None: the game is not conditional.
        batch_size: m, reals in one step of D, over all devices together.
        generator_batch_size: fakes in one step of G, over all devices together; null: the same as `batch_size`.
        d_steps: k, discriminator steps in one update.
        g_steps: generator steps in one update.
        code_size: dimensions of a latent code.
        prior: distribution of the latent codes.
        seed: seed of the codes and of the data order.
        average_half_life: half-life of the averaged generator that `sample` draws with (`Average`), in images drawn in
            G's steps; null: no average.
        average_ramp: largest half-life as a fraction of these images so far.
    """

    generator: nn.Module

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
        super().__init__(
            discriminator=discriminator,
            generator=generator,
            loss=loss,
            penalty=penalty,
            classes=classes,
            batch_size=batch_size,
            d_steps=d_steps,
            seed=seed,
        )
        self.g, self.augment = generator, augment
        self.generator_batch_size = generator_batch_size or batch_size
        self.g_steps, self.code_size, self.prior_distribution = g_steps, code_size, prior
        images = self.generator_batch_size * g_steps
        self.averaged = averaged(self.generator, half_life=average_half_life, ramp=average_ramp, images=images)

    def take_steps(self, update: int) -> None:
        super().take_steps(update)
        for step in range(update * self.g_steps, (update + 1) * self.g_steps):
            self.log_mean(**self.generator_step(step))

    def discriminator_step(self, step: int) -> dict[str, Tensor]:
        real, labels = self.reals(step, self.batch_size), self.labels_of_reals(step, self.batch_size)
        with torch.no_grad():
            fake = self.g(self.codes("discriminator", step, self.batch_size), labels)
            real, fake = self.augmented("real", step, real), self.augmented("fake", step, fake)
        logits_real, logits_fake = gathered(*self.logits(real, fake, labels))  # [batch_size] each
        numbers = self.descend(step, real, fake, labels, logits_real, logits_fake)
        threshold = self.loss.threshold
        if threshold is not None:  # the fractions of reals and of fakes that D classifies correctly
            numbers["accuracy_real"] = (logits_real > threshold).float().mean()
            numbers["accuracy_fake"] = (logits_fake < threshold).float().mean()
        if self.augment is not None:
            self.augment.observe(step, logits_real, threshold)
            numbers |= self.augment.readings()
        return numbers

    def generator_step(self, step: int) -> dict[str, Tensor]:
        """G's step number `step` since the start of training; returns the numbers to log, [] each."""
        if isinstance(self.loss, RelativeLoss):
            labels = self.labels_of_reals(-1 - step, self.generator_batch_size)
        else:
            labels = self.labels("generator labels", step, self.generator_batch_size)
        fake = self.g(self.codes("generator", step, self.generator_batch_size), labels)
        logits_real, logits_fake = self.generator_logits(self.augmented("generator", step, fake), labels, step)
        loss = self.loss.generator(logits_real, logits_fake)
        (gradient,) = self.step(loss, self.g)
        return {"loss_generator": loss, "gradient_generator": gradient}

    def codes(self, stream: str, step: int, size: int) -> Tensor:
        """Fresh latent codes for a step: [share, code_size]."""
        return self.noise(stream, step, size, (self.code_size,), self.prior_distribution)

    def augmented(self, stream: str, step: int, x: Tensor) -> Tensor:
        """This rank's share of x [share, *shape] as D sees it; `stream` names the random numbers of the transform."""
        if self.augment is None:
            return x
        size, shape = len(x) * world.size(), (self.augment.numbers,)
        return self.augment(x, self.noise(f"augment {stream}", step, size, shape, "uniform"))

    def generator_logits(self, fake: Tensor, labels: Tensor | None, step: int) -> tuple[Tensor | None, Tensor]:
        """Logits [generator_batch_size] of the reals that G's step sees, or None, and of its fakes.

        Reals have a separate forward: their logits do not depend on G, even if D has batch normalisation.
        """
        logits_fake = as_logits(self.d(fake, labels))
        if not isinstance(self.loss, RelativeLoss):
            (logits_fake,) = gathered(logits_fake)
            return None, logits_fake
        with torch.no_grad():
            real = self.augmented("generator real", step, self.reals(-1 - step, self.generator_batch_size))
            logits_real = as_logits(self.d(real, labels))
        logits_real, logits_fake = gathered(logits_real, logits_fake)
        return logits_real, logits_fake

    def sampling_module(self) -> nn.Module:
        return self.generator if self.averaged is None else self.averaged.module

    def decoder(self) -> nn.Module:
        return self.sampling_module()
