"""Two loops without Saddle around the same networks: as tutorials write it, and as fast as a person would write it."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus
from torch.utils.data import DataLoader, TensorDataset

NOTED = (
    "loss_discriminator",
    "gradient_discriminator",
    "accuracy_real",
    "accuracy_fake",
    "loss_generator",
    "gradient_generator",
)


@dataclass(kw_only=True)
class Game:
    """What both loops play: fresh networks, all images, and the numbers of a run."""

    generator: nn.Module
    discriminator: nn.Module
    pixels: Tensor  # uint8 [count, channels, height, width], or float32 [count, 2]
    batch_size: int
    d_steps: int
    code_size: int
    lr: float
    betas: tuple[float, float]
    average_decay: float
    bf16: bool
    log: Callable[[dict[str, float]], None]
    log_every: int

    def float_pixels(self, pixels: Tensor) -> Tensor:
        """In [-1, 1]; points as they are."""
        return pixels / 127.5 - 1 if pixels.dtype == torch.uint8 else pixels


class TutorialLoop:
    """The loop of most tutorials and suites: contiguous float32, two passes of D, a graph of G that D does not need.

    A DataLoader collates single samples, torch's optimisers are as they come, every step's losses are fetched.
    """

    def __init__(self, game: Game) -> None:
        self.game = game
        self.generator = game.generator.to(memory_format=torch.contiguous_format)
        self.discriminator = game.discriminator.to(memory_format=torch.contiguous_format)
        self.optimizer_g = torch.optim.Adam(self.generator.parameters(), lr=game.lr, betas=game.betas)
        self.optimizer_d = torch.optim.Adam(self.discriminator.parameters(), lr=game.lr, betas=game.betas)
        loader = DataLoader(
            TensorDataset(game.float_pixels(game.pixels)), batch_size=game.batch_size, shuffle=True, drop_last=True
        )
        self.batches: Iterator[Any] = chain.from_iterable(repeat(loader))
        self.average = [p.detach().clone() for p in self.generator.parameters()]

    def run(self, updates: int) -> None:
        """So many updates."""
        game, loss = self.game, binary_cross_entropy_with_logits
        ones, zeros = torch.ones(game.batch_size), torch.zeros(game.batch_size)
        for _ in range(updates):
            for _ in range(game.d_steps):
                (real,) = next(self.batches)
                fake = self.generator(torch.randn(game.batch_size, game.code_size))
                self.optimizer_d.zero_grad()
                loss_real = loss(self.discriminator(real).view(-1), ones)
                loss_real.backward()
                loss_fake = loss(self.discriminator(fake.detach()).view(-1), zeros)
                loss_fake.backward()
                self.optimizer_d.step()
                said = {"loss_discriminator": loss_real.item() + loss_fake.item()}
            fake = self.generator(torch.randn(game.batch_size, game.code_size))
            self.optimizer_g.zero_grad()
            loss_g = loss(self.discriminator(fake).view(-1), ones)
            loss_g.backward()
            self.optimizer_g.step()
            with torch.no_grad():
                for average, parameter in zip(self.average, self.generator.parameters(), strict=True):
                    average.mul_(game.average_decay).add_(parameter, alpha=1 - game.average_decay)
            game.log(said | {"loss_generator": loss_g.item()})


class BestLoop:
    """Everything that pays on this processor, nothing around it: what Saddle's own way is measured against.

    channels_last, bf16 where there is arithmetic for it, resident pixels picked by index, one pass of D over reals and
    fakes where no normalisation couples them, no graph of G in D's steps, gradients of the player alone, fused Adam,
    the averages in one call, codes drawn for many steps at once, no autocast where there is nothing to cast, sums
    fetched once for each line of the log. What is logged is what Saddle logs.
    """

    def __init__(self, game: Game, together: bool) -> None:
        self.game, self.together = game, together
        self.generator = game.generator.to(memory_format=torch.channels_last)
        self.discriminator = game.discriminator.to(memory_format=torch.channels_last)
        self.parameters_g, self.parameters_d = list(self.generator.parameters()), list(self.discriminator.parameters())
        adam: Any = torch.optim.Adam
        self.optimizer_g = adam(self.parameters_g, lr=game.lr, betas=game.betas, fused=True)
        self.optimizer_d = adam(self.parameters_d, lr=game.lr, betas=game.betas, fused=True)
        self.average = [p.detach().clone() for p in self.parameters_g]
        if game.pixels.dim() == 4:
            game.pixels = game.pixels.to(memory_format=torch.channels_last)
        self.arithmetic = torch.autocast("cpu", torch.bfloat16) if game.bf16 else nullcontext()
        self.codes: Iterator[Tensor] = chain.from_iterable(self._blocks_of_codes())
        self.order = torch.randperm(len(game.pixels))
        self.at = 0
        self.done = 0
        self.sums = torch.zeros(6)

    def run(self, updates: int) -> None:
        """So many updates."""
        game = self.game
        for _ in range(updates):
            for _ in range(game.d_steps):
                self._discriminator_step()
            self._generator_step()
            torch._foreach_lerp_(self.average, self.parameters_g, 1 - game.average_decay)
            self.done += 1
            if self.done % game.log_every == 0:
                game.log(dict(zip(NOTED, (self.sums / game.log_every).tolist(), strict=True)))
                self.sums.zero_()

    def fakes(self) -> Tensor:
        """For a step of D."""
        with torch.no_grad():
            return self.generator(next(self.codes))

    def backward(self, loss: Tensor, parameters: list[Tensor]) -> None:
        """The gradients of one player."""
        loss.backward(inputs=parameters)

    def norm(self, parameters: list[Tensor]) -> Tensor:
        """Of a player's gradient."""
        return torch.nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])

    def _blocks_of_codes(self) -> Iterator[Tensor]:
        while True:
            yield torch.randn(64, self.game.batch_size, self.game.code_size)

    def _discriminator_step(self) -> None:
        game, count = self.game, self.game.batch_size
        real = game.float_pixels(game.pixels[self._next()])
        with self.arithmetic:
            fake = self.fakes()
            if self.together:
                logits = self.discriminator(torch.cat([real, fake])).squeeze(1).float()
                logits_real, logits_fake = logits[:count], logits[count:]
            else:
                logits_real = self.discriminator(real).squeeze(1).float()
                logits_fake = self.discriminator(fake).squeeze(1).float()
        loss = softplus(-logits_real).mean() + softplus(logits_fake).mean()
        self.optimizer_d.zero_grad()
        self.backward(loss, self.parameters_d)
        norm = self.norm(self.parameters_d)
        self.optimizer_d.step()
        rights = [(logits_real > 0).float().mean(), (logits_fake < 0).float().mean()]
        self.sums[:4] += torch.stack([loss.detach(), norm, *rights]) / game.d_steps

    def _generator_step(self) -> None:
        with self.arithmetic:
            fake = self.generator(next(self.codes))
            logits = self.discriminator(fake).squeeze(1).float()
        loss = softplus(-logits).mean()
        self.optimizer_g.zero_grad()
        self.backward(loss, self.parameters_g)
        norm = self.norm(self.parameters_g)
        self.optimizer_g.step()
        self.sums[4:] += torch.stack([loss.detach(), norm])

    def _next(self) -> Tensor:
        if self.at + self.game.batch_size > len(self.order):
            self.order, self.at = torch.randperm(len(self.order)), 0
        picked = self.order[self.at : self.at + self.game.batch_size]
        self.at += self.game.batch_size
        return picked
