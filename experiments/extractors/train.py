"""Trains the small feature extractors that ship with the data sets.

    python experiments/extractors/train.py faces       one core: about 4 minutes
    python experiments/extractors/train.py digits      one core: 10 seconds

The network reads the known factors of its data set from its features: categories by cross-entropy, continuous factors
by squared error, each divided by what a constant guess would lose, so that all count alike. What it reaches on held-out
images is written into the weights file and to results/NAME.json. The same number of threads gives the same file.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from saddle_studies import readme

import numpy as np
import torch
from omegaconf import DictConfig, OmegaConf
from safetensors.torch import save_file
from sets import load
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from saddle.data.digits import Digits
from saddle.data.faces.dataset import Faces
from saddle.data.pixels import from_uint8
from saddle.metrics.extractors.trunk import Trunk
from saddle.noise import generator, order
from saddle.storage import SHIPPED

HERE = Path(__file__).resolve().parent
RECIPES = HERE / "recipes"
BATCH = 500
"""Images at a time where nothing is learned."""


@dataclass(frozen=True)
class Factor:
    """One known factor of the images: a category among `values`, or a continuous number where `values` is 1."""

    name: str
    values: int
    train: Tensor  # [train count]
    test: Tensor  # [test count]

    @classmethod
    def of(cls, name: str, train: np.ndarray, test: np.ndarray) -> "Factor":
        """Continuous factors are brought to mean 0 and variance 1 over the training images."""
        if np.issubdtype(train.dtype, np.integer):
            return cls(name, int(train.max()) + 1, torch.from_numpy(train), torch.from_numpy(test))
        columns = [torch.from_numpy(((side - train.mean()) / train.std()).astype(np.float32)) for side in (train, test)]
        return cls(name, 1, *columns)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Of outputs [count, values]; 1 for the best constant guess."""
        if self.values == 1:
            return (output[:, 0] - target).square().mean()
        return cross_entropy(output, target) / np.log(self.values)

    def score(self, output: Tensor) -> dict[str, float]:
        """On held-out images: accuracy of a category, R^2 of a number."""
        if self.values > 1:
            return {"accuracy": round(float((output.argmax(dim=1) == self.test).float().mean()), 4)}
        unexplained = (output[:, 0] - self.test).square().sum() / (self.test - self.test.mean()).square().sum()
        return {"r2": round(float(1 - unexplained), 4)}


def main() -> None:
    """Train the extractor that the command line names."""
    parser = argparse.ArgumentParser(description="Train a feature extractor; its numbers are in recipes/NAME.yaml.")
    parser.add_argument("name", choices=sorted(file.stem for file in RECIPES.glob("*.yaml")))
    name = parser.parse_args().name
    recipe = OmegaConf.load(RECIPES / f"{name}.yaml")
    assert isinstance(recipe, DictConfig)
    data = load(name, recipe.architecture.size)
    factors = [Factor.of(key, value, data.factors("test")[key]) for key, value in data.factors("train").items()]
    started = time.perf_counter()
    trunk, head = fit(name, recipe, data, factors)
    scores = held_out(trunk, head, data, factors)
    print(json.dumps(scores, indent=1), f"{time.perf_counter() - started:.0f} s", sep="\n")
    store(name, recipe, trunk, scores)


def fit(name: str, recipe: DictConfig, data: Faces | Digits, factors: list[Factor]) -> tuple[Trunk, nn.Linear]:
    """The trunk and the linear map from its features to the factors, trained together."""
    trunk = Trunk(**recipe.architecture)
    head = nn.Linear(recipe.architecture.num_features, sum(factor.values for factor in factors))
    network = nn.Sequential(trunk, head)
    initialise(network, name)
    network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    steps = recipe.epochs * (len(data.train) // recipe.batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.learning_rate, total_steps=steps)
    for epoch in range(recipe.epochs):
        for rows in batches(epoch, len(data.train), recipe.batch_size):
            images = from_uint8(data.train.pixels[rows]).to(memory_format=torch.channels_last)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = network(images)
            pieces = outputs.float().split([factor.values for factor in factors], dim=1)
            losses = [factor.loss(piece, factor.train[rows]) for factor, piece in zip(factors, pieces, strict=True)]
            loss = torch.stack(losses).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {recipe.epochs}: loss {loss.item():.4f}", flush=True)
    return trunk, head


def initialise(network: nn.Module, name: str) -> None:
    """He et al. 2015 for every weight, from a stream of its own; normalisations start as they are."""
    for key, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            draw = generator("extractor", name, key).standard_normal(module.weight.shape, dtype=np.float32)
            module.weight.data = torch.from_numpy(draw * np.float32(np.sqrt(2 / draw[0].size)))
            if module.bias is not None:
                module.bias.data.zero_()


def batches(epoch: int, count: int, batch_size: int) -> Iterator[Tensor]:
    """The images of one epoch in full batches."""
    rows = torch.from_numpy(order(0, epoch, count))
    return iter(rows[: count // batch_size * batch_size].split(batch_size))


@torch.no_grad()
def held_out(trunk: Trunk, head: nn.Linear, data: Faces | Digits, factors: list[Factor]) -> dict[str, dict[str, float]]:
    """Scores per factor, after the standardisation has been set to the exact moments over the training images."""
    trunk.to(memory_format=torch.contiguous_format).eval()
    raw = torch.cat(
        [trunk.raw(from_uint8(images)) for images in data.train.pixels.split(BATCH)]
    )  # [train count, features]
    trunk.standardise.running_mean, trunk.standardise.running_var = raw.mean(dim=0), raw.var(dim=0)
    outputs = torch.cat([head(trunk(from_uint8(images))) for images in data.test.pixels.split(BATCH)])
    pieces = outputs.split([factor.values for factor in factors], dim=1)
    return {factor.name: factor.score(piece) for factor, piece in zip(factors, pieces, strict=True)}


def store(name: str, recipe: DictConfig, trunk: Trunk, scores: dict[str, dict[str, float]]) -> None:
    """Write the weights with all that is to be known about them."""
    information = {
        "architecture": OmegaConf.to_container(recipe.architecture),
        "held_out": scores,
        "command": f"python experiments/extractors/train.py {name}",
        "torch": torch.__version__,
    }
    SHIPPED.mkdir(exist_ok=True)
    tensors = {
        key: value.contiguous() for key, value in trunk.state_dict().items() if not key.endswith("num_batches_tracked")
    }
    # One entry only: safetensors writes several in no fixed order, and the hash of the file names the extractor.
    save_file(tensors, SHIPPED / f"{name}.safetensors", metadata={"extractor": json.dumps(information)})
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"{name}.json").write_text(json.dumps(information, indent=1) + "\n")
    kinds = {"accuracy": "{:.2%}", "r2": "{:.4f}"}
    rows = [
        [key, *(kinds[kind].format(score[kind]) if kind in score else "" for kind in kinds)]
        for key, score in scores.items()
    ]
    readme.replace(HERE / "README.md", f"held out {name}", readme.table(["factor", "accuracy", "R^2"], rows))


if __name__ == "__main__":
    main()
