"""The instruments of every run: training losses, a grid of samples, an evaluation."""

from math import ceil, sqrt

from PIL import Image

from saddle.callbacks.measure import Instrument, Reading
from saddle.data.base import Data
from saddle.metrics.base import SampleEvaluator
from saddle.models.base import GenerativeModel


class TrainingLosses(Instrument):
    """The means of what the model noted since the last reading."""

    def __init__(self, *, every: int) -> None:
        self.every = every

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        return dict(model.pop_means())


class SampleGrid(Instrument):
    """The same `count` samples each time, as one picture `samples`, as wide as high."""

    def __init__(self, *, every: int, data: Data, seed: int, count: int) -> None:
        self.every, self.data, self.seed, self.count = every, data, seed, count

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        samples = model.sample(range(self.count), self.seed)
        picture: Image.Image = self.data.render(samples, columns=ceil(sqrt(self.count)))
        return {"samples": picture}


class Evaluation(Instrument):
    """The metrics of an evaluator: samples against the data."""

    def __init__(self, *, every: int, evaluator: SampleEvaluator, seed: int) -> None:
        self.every, self.evaluator, self.seed = every, evaluator, seed

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        labels = model.labels_of(range(self.evaluator.count), self.seed)
        return dict(self.evaluator(lambda indices: model.sample(indices, self.seed), labels))
