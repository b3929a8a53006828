"""Who catches a relation between parts: a CNN, an MLP, and which generator draws it?

    make study NAME=relations          two cores: about 6 minutes

First D alone (detectors.py): faces whose two sides differ in one colour, so that each part is right and their relation
is wrong, against whole faces, for two networks and two numbers of training faces. Then conf/experiment/relations.yaml:
a game, an autoencoder and two VAEs on bars and stripes, which are right only as a whole. Writes results.json, the
tables of README.md, detectors.png, faces.png and patterns.png.
"""

import sys
from collections.abc import Sequence
from typing import Any

from saddle_studies.grouped import grouped, last, plus_minus
from saddle_studies.panels import Panel, draw
from saddle_studies.study import Study

import torch
from detectors import COUNTS, NETWORKS, RELATIONS, Reading, examples, measured

from saddle.engine.experiment import trained
from saddle.report.run import RunRecord
from saddle.report.statistics import t_interval
from saddle.runs.folder import RunFolder
from saddle.samples.codes.views.sheet import Row, sheet

SHOWN = 16
COLUMNS = {
    "on_support": "right patterns, share",
    "points_covered": "patterns found, of 30",
    "total_variation": "total variation",
}


def main() -> None:
    """Train, measure, draw, write."""
    study = Study(__file__, sys.argv, __doc__ or "")
    runs = study.finished()
    groups = grouped(runs, ["model"])
    shortest = min(max(run.curve("on_support")) for records in groups.values() for run in records)
    readings = measured(most=shortest)
    study.numbers({"detectors": readings, "patterns": {name: _each(records) for (name,), records in groups.items()}})
    study.table(
        "detectors",
        ["relation", "network", *(f"{count:,} faces" for count in COUNTS)],
        [
            [relation, network, *(plus_minus(_shares(readings, relation, network, count), 2) for count in COUNTS)]
            for relation in RELATIONS
            for network in NETWORKS
        ],
    )
    study.table(
        "patterns",
        ["trained as", *COLUMNS.values()],
        [[name, *(plus_minus(last(records, metric), 2) for metric in COLUMNS)] for (name,), records in groups.items()],
    )
    study.figure("detectors", draw([_panel(relation, readings) for relation in RELATIONS], 2))
    study.picture("faces", examples(SHOWN // 2))
    study.picture("patterns", _patterns(runs))


def _each(records: Sequence[RunRecord]) -> dict[str, list[float]]:
    return {metric: last(records, metric) for metric in COLUMNS}


def _shares(readings: Sequence[Reading], relation: str, network: str, count: int) -> list[float]:
    wanted = {"relation": relation, "network": network, "faces": count}
    return [one["share"] for one in readings if wanted.items() <= one.items()]


def _panel(relation: str, readings: Sequence[Reading]) -> Panel:
    lines = {
        network: {count: t_interval(_shares(readings, relation, network, count)) for count in COUNTS}
        for network in NETWORKS
    }
    return Panel(title=relation, across="training faces", up="whole face preferred", lines=lines, logarithmic="x")


def _patterns(runs: Sequence[RunFolder]) -> Any:
    """The first samples of the first seed of each model."""
    rows: dict[str, Row] = {}
    for run in runs:
        experiment = trained(run)
        name = type(experiment.model).__name__
        likelihood = getattr(experiment.model, "likelihood", None)
        words = f"{name} ({type(likelihood).__name__})" if likelihood else name
        with torch.no_grad():
            rows.setdefault(words, Row(words, experiment.model.sample(range(SHOWN), experiment.config.seed)))
    return sheet(experiment.data, "Bars and stripes, as drawn", [""] * SHOWN, list(rows.values()), SHOWN)


if __name__ == "__main__":
    main()
