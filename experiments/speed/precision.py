"""May features be computed in bfloat16? Only where a Frechet distance moves by less than 0.001 of itself.

    python experiments/speed/precision.py       about 2 minutes

Faces against faces, as they are and spoilt, through the extractor that ships: the distance in float32, and what becomes
of it where the spoilt side, or both sides, are seen through bfloat16. Expected: less than 1e-3 everywhere, or features
stay in float32. Writes results/precision.json and a table of README.md.
"""

import json
import os
import statistics
import sys
from pathlib import Path
from time import perf_counter

from saddle.processes.threads import thread_variables

os.environ |= thread_variables(side_by_side=1)

from saddle_studies import readme

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from torch import Tensor

from saddle.config import instantiate
from saddle.config.keys import CONF
from saddle.data.images import Images
from saddle.engine.building import build_data
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.frechet import GaussianFit, frechet_distance
from saddle.runs.environment import describe

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "extractors"))
from degrade import blur, grain, swap_halves  # noqa: E402  # its folder is no package

COUNT, BATCH = 5_000, 250
SPOILT = {
    "as they are": lambda images: images,
    "blurred, 0.5 pixels": lambda images: blur(images, 0.5),
    "blurred, 2 pixels": lambda images: blur(images, 2.0),
    "grain of 8 grey levels": lambda images: grain(images, 8.0),
    "halves of half of them swapped": lambda images: swap_halves(images, 0.5),
}


def main() -> None:
    """Measure, and write results and table."""
    with initialize_config_dir(str(CONF), version_base=None):
        cfg = compose("train", overrides=["logger=none"])
    data, extractor = build_data(cfg), instantiate(cfg.extractor)
    assert isinstance(data, Images)
    real, other = data.train[np.arange(COUNT)], data.train[np.arange(COUNT, 2 * COUNT)]
    exact, coarse = (GaussianFit.fitted(_features(extractor, real, bf16)) for bf16 in (False, True))
    rows, results = [], {}
    for name, spoil in SPOILT.items():
        fakes = [GaussianFit.fitted(_features(extractor, spoil(other), bf16)) for bf16 in (False, True)]
        distance = frechet_distance(exact, fakes[0])
        moved = [frechet_distance(sides, fakes[1]) / distance - 1 for sides in (exact, coarse)]
        results[name] = {"distance": distance, "one_side": moved[0], "both_sides": moved[1]}
        rows.append([name, f"{distance:.4g}", f"{moved[0]:+.1e}", f"{moved[1]:+.1e}"])
    results["time"] = _time(extractor, other)
    machine = {key: describe("auto", None)[key] for key in ("processor", "threads", "versions")}
    (HERE / "results" / "precision.json").write_text(json.dumps({**results, **machine}, indent=1) + "\n")
    rows.append(["time, over that in float32", "", "", f"{results['time']:.2f}"])
    table = readme.table(["other faces", "fd_faces", "one side in bf16", "both sides"], rows)
    readme.replace(HERE / "README.md", "precision", table)
    print(table)


def _features(extractor: Extractor, images: Tensor, bf16: bool) -> Tensor:
    """Features [count, num_features], float32, of a network that computes in float32 or in bfloat16."""
    parts = images.split(BATCH)
    if not bf16:
        return torch.cat([extractor(part) for part in parts])
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return torch.cat([extractor.features(part.float()).float() for part in parts])


def _time(extractor: Extractor, images: Tensor) -> float:
    seconds: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(6):
        for bf16, times in seconds.items():
            began = perf_counter()
            _features(extractor, images[:1000], bf16)
            times.append(perf_counter() - began)
    return statistics.median(a / b for a, b in zip(seconds[True][1:], seconds[False][1:], strict=True))


if __name__ == "__main__":
    main()
