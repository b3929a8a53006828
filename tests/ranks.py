"""What `test_distributed` runs in two processes at once: `python tests/ranks.py FOLDER`, with LOCAL_RANK in 0, 1.

Each rank leaves `rank<r>.pt`: for every check a list of tensors, numbers or None. World size 1 is the same code without
a process group.
"""

import copy
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from pytorch_lightning import Callback, Trainer
from torch import Tensor, nn

from alones import alone
from options import build
from regressions import MODELS
from saddle.callbacks.value import Value
from saddle.distributed import world
from saddle.distributed.collectives import gathered
from saddle.distributed.strategy import PerNetworkStrategy
from saddle.engine.training import train
from saddle.losses.nonsaturating import NonSaturating
from saddle.losses.relativistic_average import RelativisticAverage
from saddle.models.gan import GAN
from saddle.networks.batch_norm import SynchronisedBatchNorm, synchronised
from saddle.noise import noise
from saddle.schedules.linear import Linear
from toy import LabelledToy, Toy, dcgan, game, mlp

Checks = dict[str, Any]
BATCH = 8
WORLD, RANK = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("LOCAL_RANK", 0))  # Lightning deletes the first


class Double(nn.Module):
    """A network in float64, codes and images given in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.double()

    def forward(self, x: Tensor, *labels: Tensor) -> Tensor:
        return self.network(x.double(), *labels)


def mlps() -> tuple[nn.Module, nn.Module]:
    generator, discriminator = mlp()
    return Double(generator), Double(discriminator)


def dcgans(norm: str, classes: int | None = None) -> tuple[nn.Module, nn.Module]:
    generator, discriminator = dcgan(norm, 16 if norm == "batch" else 8, classes)
    return Double(synchronised(generator)), Double(synchronised(discriminator))


class BigToy(Toy):
    """Toy images of 16 x 16, large enough for a batch normalisation in D."""

    shape = (1, 16, 16)

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return super().sample(seed, positions, device).repeat(1, 1, 2, 2)

    def unseen(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return super().unseen(seed, positions, device).repeat(1, 1, 2, 2)


GAMES: dict[str, dict[str, Any]] = {
    "mlp": {"networks": mlps},
    "mlp k=2": {"networks": mlps, "d_steps": 2},
    "mlp relativistic": {"networks": mlps, "loss": RelativisticAverage()},
    "mlp with limits": {
        "networks": mlps,
        "generator_batch_size": 4,
        "generator_schedule": Linear(begin=3, end=20, final=0.1, warm_up=5),
        "discriminator_clip_norm": 0.05,
        "generator_clip_norm": 0.05,
    },
    "mlp relativistic, large batch of G": {"networks": mlps, "loss": RelativisticAverage(), "generator_batch_size": 16},
    "dcgan": {"networks": functools.partial(dcgans, "none"), "g_steps": 2},
    "dcgan spectral": {"networks": functools.partial(dcgans, "spectral")},
    "dcgan ada": {
        "networks": functools.partial(dcgans, "none"),
        "augment": build("augment", "ada", probability=0.5, kimg=1),
    },
    "dcgan labels": {
        "networks": functools.partial(dcgans, "none", 3),
        "classes": LabelledToy().classes,
        "data": LabelledToy,
    },
    "dcgan batch norm k=2": {"networks": functools.partial(dcgans, "batch"), "d_steps": 2, "data": BigToy},
}


class Watch(Callback):
    """What each step of an optimiser communicated, in elements, and the gradients that it saw."""

    def __init__(self) -> None:
        self.moved: list[int] = []
        self.steps: list[tuple[str, list[int], Tensor]] = []

    def on_before_optimizer_step(self, trainer: Any, model: Any, optimizer: Any) -> None:
        gradients = [p.grad.flatten() for group in optimizer.param_groups for p in group["params"]]
        player = "G" if optimizer is model.optimizers()[1].optimizer else "D"
        self.steps.append((player, list(self.moved), torch.cat(gradients).clone()))
        self.moved.clear()


def trainer_of_ranks(*callbacks: Callback) -> Trainer:
    """For all processes that there are."""
    return Trainer(
        accelerator="cpu",
        devices=WORLD,
        strategy=PerNetworkStrategy([]) if WORLD > 1 else "auto",
        max_epochs=1,
        logger=False,
        callbacks=list(callbacks),
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def play(networks: Callable[[], Any], updates: int, data: type[Toy] = Toy, **changed: Any) -> tuple[GAN, Watch]:
    """Train on all ranks that there are."""
    changed = {"loss": NonSaturating(), "d_steps": 1, "batch_size": BATCH, **changed}
    model, watch = game(networks, **changed), Watch()
    if RANK:  # only the broadcast can make the ranks agree
        for parameter in model.parameters():
            parameter.data.add_(1)
    trainer = trainer_of_ranks(watch)
    plain = dist.all_reduce

    def counted(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
        watch.moved.append(tensor.numel())
        return plain(tensor, *args, **kwargs)

    dist.all_reduce = counted
    try:
        train(model=model, data=data(), trainer=trainer, updates=updates, every=[7])
    finally:
        dist.all_reduce = plain
    return model, watch


def games() -> Checks:
    """Twenty updates of every game: all weights and statistics, what was noted, what each step moved."""
    found: Checks = {}
    for name, settings in GAMES.items():
        model, watch = play(updates=20, **settings)
        found[name] = {
            "state": {key: value.clone() for key, value in model.state_dict().items()},
            "noted": model.pop_means(),
            "moved": [(player, moved) for player, moved, _ in watch.steps],
            "first_gradients": [gradient for _, _, gradient in watch.steps[:3]],
            "sizes": model.sizes(),
        }
    return found


def regressions() -> Checks:
    """Twenty updates of every model that is no game: all weights, averages and codes, what was noted."""
    found: Checks = {}
    for name, make in {**MODELS, "discriminator": alone}.items():
        model = make(batch_size=BATCH)
        train(model=model, data=Toy(), trainer=trainer_of_ranks(), updates=20, every=[7])
        state = {key: value.clone() for key, value in model.state_dict().items()}
        found[name] = {"state": state, "noted": model.pop_means()}
    return found


def batch_norm() -> Checks:
    """Forward, backward, the gradient of a gradient's norm, and running statistics, of this rank's share of a batch."""
    found: Checks = {}
    for name, shape in {"2d": (3, 5, 4), "1d": (3,)}.items():
        for dtype in (torch.float64, torch.float32):
            norm = SynchronisedBatchNorm(3).to(dtype)
            with torch.no_grad():
                norm.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
                norm.bias.copy_(torch.tensor([0.1, 0.2, 0.3]))
            own = world.share(BATCH)
            x = (10 + 3 * noise(0, "x", 0, own, shape)).to(dtype).requires_grad_()
            weight = noise(0, "w", 0, own, shape).to(dtype)
            y = norm(x)
            (dx,) = torch.autograd.grad((y.pow(3) * weight).sum(), x, create_graph=True)
            penalty = dx.square().sum()
            ddx, dw = torch.autograd.grad(penalty, [x, norm.weight], retain_graph=True)
            if world.size() > 1:
                dist.all_reduce(dw)  # of the objective summed over ranks
            assert norm.num_batches_tracked is not None
            found[f"{name} {dtype}"] = {
                "shared": [y.detach(), dx.detach(), ddx],
                "same": [dw, norm.running_mean, norm.running_var, norm.num_batches_tracked.double()],
            }
    return found


def gathering() -> Checks:
    """Logits of all ranks in the order of their indices, and the gradient of a loss that couples them."""
    own = world.share(BATCH)
    real, fake = (noise(0, name, 0, own, ()).double().requires_grad_() for name in ("real", "fake"))
    all_real, all_fake = gathered(real, fake)
    loss = RelativisticAverage().discriminator(all_real, all_fake)
    gradients = [gradient / world.size() for gradient in torch.autograd.grad(loss, [real, fake])]
    dealt = world.dealt(range(7))
    collected = world.collected([10 * piece for piece in dealt])
    return {"logits": [all_real.detach(), all_fake.detach()], "gradients": gradients, "collected": collected}


def plain_wrapper_is_wrong() -> Checks:
    """The usual way: a loss on each rank's own logits. Its averaged gradient for a loss that couples samples."""
    own = world.share(BATCH)
    real, fake = (noise(0, name, 0, own, ()).double().requires_grad_() for name in ("real", "fake"))
    loss = RelativisticAverage().discriminator(real, fake)
    return {"gradients": [gradient / world.size() for gradient in torch.autograd.grad(loss, [real, fake])]}


def values() -> Checks:
    """What the value of the game is read as after 7 updates, of a D that couples samples and of one that does not."""
    found: Checks = {}
    for name in ("mlp", "dcgan batch norm k=2"):
        model, _ = play(updates=7, **GAMES[name])
        found[name] = Value(every=1, count=4 * BATCH).measure(model)
    return found


def all_checks() -> Checks:
    return {
        "values": values(),
        "games": games(),
        "regressions": regressions(),
        "batch_norm": batch_norm(),
        "gathering": gathering(),
        "usual": plain_wrapper_is_wrong(),
    }


if __name__ == "__main__":
    found = copy.deepcopy(all_checks())
    torch.save(found, Path(sys.argv[1]) / f"rank{world.rank()}.pt")
