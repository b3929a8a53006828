"""Do the metrics see what people see? Five ways to spoil real images, five strengths each.

    python experiments/extractors/sensitivity.py       one core: about 4 minutes

Held-out images are cut in two halves; one is spoilt and compared with the other. Expected: the Frechet and the kernel
distance rise with every step of strength, on faces and on digits, from the floor, which is what the unspoilt half
measures. Writes results/sensitivity.json, results/sensitivity.png and the tables of README.md.
"""

import json
from pathlib import Path

from saddle_studies import readme

import numpy as np
import torch
from degrade import kept
from figure import LABELS, draw
from omegaconf import DictConfig, OmegaConf
from sets import load
from study import DEGRADATIONS, Instruments, Row, rises, study
from torch import Tensor

from saddle.metrics.extractors.small import SmallExtractor

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
FORMATS = {"fd": "{:.3f}", "kd": "{:.5f}", "swd": "{:.4f}", "precision": "{:.3f}", "recall": "{:.3f}"}
SHOWN = 90
"""Images from which the figure takes its examples."""


def main() -> None:
    """Carry out the study and write its table, figure and README sections."""
    settings = OmegaConf.load(HERE / "sensitivity.yaml")
    assert isinstance(settings, DictConfig)
    results, examples = {}, {}
    for name, strengths in settings.sets.items():
        extractor = SmallExtractor(name=name, weights=f"{name}.safetensors")
        data = load(name, extractor.trunk.size)
        test, ranks = data.test.pixels, data.factors("test")[strengths.factor]
        rows = study(extractor, test, ranks, strengths, settings)
        results[name] = {
            "digest": extractor.digest,
            "half": len(test) // 2,
            "against_train": Instruments(extractor, test, settings).measure(0, data.train.pixels[: len(test)]),
            "degradations": rows,
            "rising": {key: {metric: rises(curves, metric) for metric in ("fd", "kd")} for key, curves in rows.items()},
        }
        examples[name] = {key: spoilt(key, test[:SHOWN], ranks[:SHOWN], strengths[key]) for key in LABELS}
        readme.replace(README, f"sensitivity {name}", _table(rows))
        print(name, json.dumps(results[name]["rising"]), flush=True)
    (HERE / "results" / "sensitivity.json").write_text(json.dumps(results, indent=1) + "\n")
    readme.replace(README, "floors", _floors(results))
    draw(results, examples, HERE / "results" / "sensitivity.png")


def spoilt(degradation: str, images: Tensor, ranks: np.ndarray, strengths: list[float]) -> list[Tensor]:
    """Six images as they are and at each strength: uint8 [6, channels, height, width] each."""
    if degradation == "lose_modes":
        return [images[torch.from_numpy(kept(ranks, share))][:6] for share in (0, *strengths)]
    return [images[:6], *(DEGRADATIONS[degradation](images[:6], strength) for strength in strengths)]


def _table(rows: dict[str, list[Row]]) -> str:
    lines = [
        [LABELS[name] if index == 0 else "", f"{row['strength']:g}", *_values(row)]
        for name, curves in rows.items()
        for index, row in enumerate(curves)
    ]
    return readme.table(["degradation", "strength", *FORMATS], lines)


def _floors(results: dict[str, dict]) -> str:
    lines = []
    for name, curves in results.items():
        halves = curves["degradations"]["blur"][0]
        lines.append([f"{name}: held out, one half against the other", f"{curves['half']:,}", *_values(halves)])
        lines.append(
            [f"{name}: training against held out", f"{2 * curves['half']:,}", *_values(curves["against_train"])]
        )
    return readme.table(["real against real", "images on each side", *FORMATS], lines)


def _values(row: Row) -> list[str]:
    return [form.format(row[metric]) for metric, form in FORMATS.items()]


if __name__ == "__main__":
    main()
