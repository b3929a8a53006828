"""D's landscape on the line, round by round."""

import logging
from collections.abc import Sequence
from functools import partial

from saddle_studies.figures.landscape import draw

import torch
from matplotlib.figure import Figure
from pytorch_lightning import Callback, Trainer
from torch import Tensor

import saddle
from saddle.data.densities.analytic import AnalyticData
from saddle.models.discriminating import scoring
from saddle.models.discriminator import DiscriminatorAlone
from saddle.search.base import Draw, Negatives
from saddle.search.replay_buffer import Find

SETTINGS = [
    *("model=discriminator", "data=mixture_1d", "network=mlp", "trainer.precision=32-true", "logger=none"),
    *("batch_size=256", "d_steps=10", "model.search.step=0.02", "model.search.temperature=0.1"),
    *("model.search.limit=null",),
]
SHOWN = 128


class Watch(Callback):
    """D on a grid `x` after the rounds that are asked for, and the search that comes next."""

    def __init__(self, x: Tensor, rounds: Sequence[int]) -> None:
        self.x, self.rounds = x, rounds
        self.heights: list[Tensor] = []
        self.starts: list[Tensor] = []
        self.ends: list[Tensor] = []

    def on_train_batch_end(self, trainer: Trainer, model: DiscriminatorAlone, *_: object) -> None:  # type: ignore[override]  # ours, not any
        if model.updates not in self.rounds:
            return
        with scoring(model.discriminator) as critic, torch.no_grad():
            self.heights.append(critic(self.x[:, None]))
        assert model.negatives is not None
        self.ends.append(model.found(model.updates * model.d_steps, partial(self._watched, model.negatives)).flatten())  # type: ignore[arg-type]  # a function in place of a module

    def _watched(self, negatives: Negatives, step: int, find: Find, draw: Draw) -> Tensor:
        """What the negatives of the next step will be, without putting them back."""
        remembered = {name: values.clone() for name, values in negatives.named_buffers()}

        def noted(start: Tensor, steps: int) -> Tensor:
            self.starts.append(start.flatten())
            return find(start, steps)

        found: Tensor = negatives(step, noted, draw)
        negatives.load_state_dict(remembered)
        return found


def landscape(rounds: Sequence[int]) -> Figure:
    """Train D on a mixture on the line, as many rounds as the last of `rounds`, and draw it after each of them."""
    experiment = saddle.compose(*SETTINGS, updates=rounds[-1])
    data = experiment.data
    assert isinstance(data, AnalyticData)
    x = torch.linspace(-1, 1, 401)
    watch = Watch(x, rounds)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)  # its remarks on hardware
    experiment.fit(experiment.trainer(callbacks=[watch]), every=[1])
    return draw(
        rounds=rounds,
        x=x,
        heights=torch.stack(watch.heights),
        density=data.distribution.log_prob(x[:, None]).exp(),
        starts=[points[:SHOWN] for points in watch.starts],
        ends=[points[:SHOWN] for points in watch.ends],
    )
