"""How far apart are the numbers that different evaluation protocols give for the same images?

    python experiments/protocols/table.py [weights=FILE]       one core: about 6 minutes

Measures the Frechet distance of one pair of image sets under the protocols that papers and libraries use. Writes
results/protocols.json and the tables of README.md. Without `weights` Inception is untrained.
"""

import json
import sys
from pathlib import Path
from typing import Any

from saddle_studies import readme

import pairs
from extraction import distance, features, features_resized, inception
from omegaconf import DictConfig, OmegaConf
from torch import Tensor

from saddle.cli.arguments import arguments
from saddle.data.pixels import to_uint8
from saddle.metrics.extractors.inception import Inception
from saddle.metrics.extractors.small import SmallExtractor

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
ALLOWED = {"weights": "the published weights, torch-fidelity's weights-inception-2015-12-05-6726825d.pth"}
FIELD = "the field's: TensorFlow 1 resize, rounded"

Row = dict[str, float]
Shards = dict[str, Any]


def main() -> None:
    """Measure, and write results and tables."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    settings = OmegaConf.load(HERE / "protocols.yaml")
    assert isinstance(settings, DictConfig)
    extractor, note = inception(given.get("weights"), settings.untrained)
    small = SmallExtractor(name="faces", weights="faces.safetensors")
    measured = {size: _protocols(extractor, size, settings) for size in settings.sizes}
    counts, shards = _counts(small, settings)
    results = {
        "extractors": {"inception": extractor.digest, "faces": small.digest},
        "note": note,
        "images": settings.images,
        "protocols": {size: rows for size, (rows, _) in measured.items()},
        "padded": [row for _, rows in measured.values() for row in rows] + shards,
        "counts": counts,
    }
    (HERE / "results" / "protocols.json").write_text(json.dumps(results, indent=1) + "\n")
    readme.replace(README, "protocols", f"{note}\n\n{_protocol_table(results['protocols'])}")
    readme.replace(README, "padded", _padded_table(results["padded"]))
    readme.replace(README, "counts", _count_table(counts))


def _protocols(extractor: Inception, size: int, settings: DictConfig) -> tuple[Row, list[Shards]]:
    """The distance under each protocol, and with padded shards of the reference, at one size."""
    reference, others = pairs.faces(size, settings.images)
    x = pairs.spoilt(others, settings)
    samples = to_uint8(x)
    real, fake = features(extractor, reference), features(extractor, samples)
    rows = {FIELD: distance(real, fake)}
    for name, resize in (
        ("torchmetrics' default: antialiased bilinear resize", pairs.antialiased),
        ("clean-fid: PIL bicubic resize", pairs.clean),
    ):
        resized = [features_resized(extractor, images, resize) for images in (reference, samples)]
        rows[name] = distance(*resized)
    rows["samples truncated to uint8, not rounded"] = distance(real, features(extractor, pairs.truncated(x)))
    for quality in settings.jpeg:
        compressed = features(extractor, pairs.compressed(reference, quality))
        rows[f"references stored as JPEG of quality {quality}"] = distance(compressed, fake)
    print(size, json.dumps(rows), flush=True)
    for part in (2, 4):
        count = settings.images // part
        rows[f"{count} images on each side instead of {settings.images}"] = distance(real[:count], fake[:count])
    shards = [_shards(real, fake, f"inception, {size} px", *pair) for pair in settings.padded.inception]
    return rows, shards


def _counts(small: SmallExtractor, settings: DictConfig) -> tuple[list[Row], list[Shards]]:
    """The distance for growing numbers of images, and with padded shards, on the small extractor."""
    reference, others = pairs.faces(small.trunk.size, max(settings.counts))
    real, same = features(small, reference), features(small, others)
    fake = features(small, to_uint8(pairs.spoilt(others, settings)))
    rows = [
        {"images": n, "real": distance(real[:n], same[:n]), "samples": distance(real[:n], fake[:n])}
        for n in settings.counts
    ]
    return rows, [_shards(real, fake, "faces, 32 px", *pair) for pair in settings.padded.faces]


def _shards(real: Tensor, fake: Tensor, name: str, count: int, ranks: int) -> Shards:
    """`count` images on each side, and the same with the reference padded for `ranks`."""
    real, fake = real[:count], fake[:count]
    shards = pairs.padded(real, ranks)
    distances = {"right": distance(real, fake), "padded": distance(shards, fake)}
    return {"extractor": name, "images": len(real), "ranks": ranks, "counted": len(shards), **distances}


def _protocol_table(protocols: dict[int, Row]) -> str:
    first = next(iter(protocols.values()))
    header = ["protocol", *(cell for size in protocols for cell in (f"{size} px", "against the field's"))]
    lines = [[name, *(cell for rows in protocols.values() for cell in _beside_the_field(rows, name))] for name in first]
    return readme.table(header, lines)


def _beside_the_field(rows: Row, name: str) -> tuple[str, str]:
    return f"{rows[name]:.3f}", _change(rows[name], rows[FIELD])


def _padded_table(rows: list[Shards]) -> str:
    header = ["extractor", "images", "ranks", "counted as", "right", "padded", "change"]
    lines = [
        [
            row["extractor"],
            *(f"{row[key]:,}" for key in ("images", "ranks", "counted")),
            *(f"{row[key]:.4f}" for key in ("right", "padded")),
            _change(row["padded"], row["right"]),
        ]
        for row in rows
    ]
    return readme.table(header, lines)


def _count_table(rows: list[Row]) -> str:
    last = rows[-1]
    lines = [
        [f"{row['images']:,}", f"{row['real']:.3f}", f"{row['samples']:.3f}", _change(row["samples"], last["samples"])]
        for row in rows
    ]
    return readme.table(["images on each side", "real against real", "real against samples", "against the last"], lines)


def _change(value: float, base: float) -> str:
    return f"{100 * (value / base - 1):+.2f}%" if value != base else "0"


if __name__ == "__main__":
    main()
