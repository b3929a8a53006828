"""D alone where all x can be listed: what samples of exp(D / T) are, and what the argmax is."""

from collections.abc import Sequence
from typing import Any

from PIL.Image import Image

from saddle.engine.experiment import trained
from saddle.models.discriminator import DiscriminatorAlone
from saddle.runs.folder import RunFolder
from saddle.samples.codes.views.sheet import Row, sheet
from saddle.search.enumeration import Enumeration

GREY = 0.8
"""In the picture white is light grey, and what is white lies between two samples."""
METRICS = ("points_covered", "on_support", "total_variation")


def listed(runs: Sequence[RunFolder], columns: int) -> tuple[list[dict[str, Any]], Image]:
    """The last readings of every run, and samples of the first run at each temperature below reals."""
    found: list[dict[str, Any]] = []
    rows: list[Row] = []
    for run in runs:
        experiment = trained(run)
        cfg, data, model = experiment.config, experiment.data, experiment.model
        assert isinstance(model, DiscriminatorAlone)
        assert isinstance(model.search, Enumeration)
        temperature = model.search.temperature
        words = f"T = {temperature:g}" if temperature else "argmax"
        last: dict[str, float] = {}
        for line in run.metrics():
            last |= line
        rows = rows or [Row("real", GREY * data.sample(cfg.seed, range(columns), model.device))]
        if words not in (row.words for row in rows):
            rows.append(Row(words, GREY * model.sample(range(columns), cfg.seed)))
        found.append({"search": words, "seed": cfg.seed, **{name: last[name] for name in METRICS}})
    return found, sheet(data, "Of all 65,536 images, by what D says of each", [""] * columns, rows, columns)
