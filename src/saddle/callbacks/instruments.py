"""The instruments of every run: training losses, a grid of samples, an evaluation."""

from math import ceil, sqrt

import torch
from PIL import Image

from saddle.callbacks.measure import Instrument, Reading
from saddle.data.base import Data
from saddle.metrics.base import SampleEvaluator
from saddle.models.base import GenerativeModel

MOST_CLASSES = 16
"""Largest number of classes that a grid shows: the first ones, if there are more."""


class TrainingLosses(Instrument):
    """The means of the numbers that the model logged since the last reading."""

    evaluates = False

    def __init__(self, *, every: int) -> None:
        self.every = every

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        return dict(model.pop_means())


class SampleGrid(Instrument):
    """The same `count` samples each time, as one square picture `samples`."""

    evaluates = False

    def __init__(self, *, every: int, data: Data, seed: int, count: int) -> None:
        self.every, self.data, self.seed, self.count = every, data, seed, count

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        samples = model.sample(range(self.count), self.seed)
        picture: Image.Image = self.data.render(samples, columns=ceil(sqrt(self.count)))
        return {"samples": picture}


class ClassGrid(SampleGrid):
    """A grid of a conditional model: one row for each class, in the order of the labels, and one code for each column.

    There are as many columns as fit into `count` samples, at least one, with the same codes each time.
    """

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        rows = min(len(model.classes or ()), MOST_CLASSES)
        columns = max(1, self.count // rows)
        labels = torch.arange(rows, device=model.device).repeat_interleave(columns)  # 0, 0, ..., 1, 1, ...
        samples = model.sample([*range(columns)] * rows, self.seed, labels)
        picture: Image.Image = self.data.render(samples, columns=columns)
        return {"samples": picture}


class Evaluation(Instrument):
    """The metrics of an evaluator: samples against the data."""

    def __init__(self, *, every: int, evaluator: SampleEvaluator, seed: int) -> None:
        self.every, self.evaluator, self.seed = every, evaluator, seed

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        labels = model.labels_of(range(self.evaluator.count), self.seed)
        return dict(self.evaluator(lambda indices: model.sample(indices, self.seed), labels))
