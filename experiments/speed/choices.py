"""What does each choice bring that makes the best hand-written loop, and Saddle, fast? Each is taken back by itself.

    python experiments/speed/choices.py [rounds=5]       two cores that do nothing else: about 8 minutes

The loop of loops.py with everything plays against itself without one thing, in turn, in one process; a ratio above 1 is
the time that the thing saves. torch.compile is no part of the loop: there the ratio says what adding it would do, its
minutes of compiling left out. Writes results/choices.json and a table of README.md.
"""

import json
import os
import statistics
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from saddle.processes.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)

from saddle_studies import readme

import torch
from loops import BestLoop, Game
from torch import Tensor
from training import GAMES, composed, game_of, ratio, shown

from saddle.cli.arguments import arguments
from saddle.runs.environment import describe

HERE = Path(__file__).resolve().parent
ALLOWED = {"rounds": "of all variants in turn, by default 5"}
PLAYED = ["mlp on points, k = 1", "dcgan, k = 1", "dcgan of 512 channels, k = 1"]


class GraphOfG(BestLoop):
    """D's steps build the graph of G that they do not need."""

    def fakes(self) -> Tensor:
        with torch.enable_grad():
            return self.generator(next(self.codes)).detach()


class AllGradients(BestLoop):
    """G's step computes D's gradients as well."""

    def backward(self, loss: Tensor, parameters: list[Tensor]) -> None:
        loss.backward()


def contiguous(game: Game) -> BestLoop:
    """Channels before rows and columns, as torch has it."""
    loop = BestLoop(game, together=True)
    for network in (loop.generator, loop.discriminator):
        network.to(memory_format=torch.contiguous_format)
    loop.average = [parameter.detach().clone() for parameter in loop.parameters_g]
    game.pixels = game.pixels.contiguous()
    return loop


def compiled(game: Game) -> BestLoop:
    """Both networks compiled, for each shape by itself."""
    loop = BestLoop(game, together=True)
    for network in (loop.generator, loop.discriminator):
        network.compile(dynamic=False)
    return loop


def plain_adam(game: Game) -> BestLoop:
    """Adam tensor by tensor: torch's own choice on a CPU."""
    loop = BestLoop(game, together=True)
    loop.optimizer_g = torch.optim.Adam(loop.parameters_g, lr=game.lr, betas=game.betas)
    loop.optimizer_d = torch.optim.Adam(loop.parameters_d, lr=game.lr, betas=game.betas)
    return loop


def single_precision(game: Game) -> BestLoop:
    """float32 throughout."""
    game.bf16 = False
    return BestLoop(game, together=True)


VARIANTS: dict[str, Callable[[Game], BestLoop]] = {
    "without channels_last": contiguous,
    "without bf16": single_precision,
    "D in two passes": lambda game: BestLoop(game, together=False),
    "with a graph of G in D's steps": lambda game: GraphOfG(game, together=True),
    "with D's gradients in G's step": lambda game: AllGradients(game, together=True),
    "Adam not fused": plain_adam,
    "with torch.compile": compiled,
}


def main() -> None:
    """Measure all, and write results and table."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    warnings.simplefilter("ignore")
    rounds = int(given.get("rounds", 5))
    medians = {name: _measure(*GAMES[name], rounds) for name in PLAYED}
    if given:
        print(json.dumps(medians, indent=1))
        return
    machine = {key: describe("auto", None)[key] for key in ("processor", "threads", "versions")}
    (HERE / "results" / "choices.json").write_text(
        json.dumps({"rounds": rounds, **machine, "games": medians}, indent=1)
    )
    rows = [[name, *(shown(medians[game][name]) for game in PLAYED)] for name in VARIANTS]
    table = readme.table(["time, over that of the best loop", *PLAYED], rows)
    readme.replace(HERE / "README.md", "choices", table)
    print(table)


def _measure(overrides: list[str], stretch: int, rounds: int) -> dict[str, list[float]]:
    """For each variant the quartiles and the median of its time over that of the loop with everything."""
    with tempfile.TemporaryDirectory() as place:
        experiment = composed(overrides)
        bf16 = experiment.config.trainer.precision == "bf16-mixed"
        places = [Path(place) / str(number) for number in range(len(VARIANTS) + 1)]
        games = [game_of(experiment, folder, bf16=bf16) for folder in places]
        loops = {"best": BestLoop(games.pop(), together=True)}
        loops |= {name: make(games.pop()) for name, make in VARIANTS.items()}
        seconds: dict[str, list[float]] = {name: [] for name in loops}
        for _ in range(rounds + 1):
            for name, loop in loops.items():
                began = perf_counter()
                loop.run(stretch)
                seconds[name].append(perf_counter() - began)
    print(json.dumps({name: round(statistics.median(times[1:]) / stretch, 5) for name, times in seconds.items()}))
    return {name: ratio(seconds[name][1:], seconds["best"][1:]) for name in VARIANTS}


if __name__ == "__main__":
    main()
