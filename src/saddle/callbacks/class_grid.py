"""A grid that shows what a conditional model makes of each class."""

import torch
from PIL import Image

from saddle.callbacks.measure import Instrument, Reading
from saddle.data.base import Data
from saddle.models.base import GenerativeModel

MOST = 16
"""Classes that are shown: the first of them, where there are more."""


class ClassGrid(Instrument):
    """One row for each class, in the order of the labels; one code for each column, the same each time.

    Down a column the code stays and the class changes. There are as many columns as fit into `count` samples, one at
    least.
    """

    def __init__(self, *, every: int, data: Data, seed: int, count: int) -> None:
        self.every, self.data, self.seed, self.count = every, data, seed, count

    def measure(self, model: GenerativeModel) -> dict[str, Reading]:
        rows = min(len(model.classes or ()), MOST)
        columns = max(1, self.count // rows)
        labels = torch.arange(rows, device=model.device).repeat_interleave(columns)  # 0, 0, ..., 1, 1, ...
        samples = model.sample([*range(columns)] * rows, self.seed, labels)
        picture: Image.Image = self.data.render(samples, columns=columns)
        return {"samples": picture}
