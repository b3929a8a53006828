"""Is our FID torch-fidelity's? The same images and weights through both, from pixels to the number.

    python experiments/protocols/agreement.py [weights=FILE]                one core: about 1 minute
    python experiments/protocols/agreement.py images=2100 sizes=32          25 minutes; more images than features

Rows of other sizes and numbers of images stay in results/agreement.json; each says with which weights it was made.
Writes a table of README.md.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from saddle_studies import readme

import pairs
import torch
import untrained
from extraction import BATCH, distance, features
from omegaconf import DictConfig, OmegaConf
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from saddle.cli.arguments import arguments
from saddle.data.pixels import to_uint8
from saddle.metrics.extractors.inception import Inception
from saddle.metrics.frechet import GaussianFit

HERE = Path(__file__).resolve().parent
Row = dict[str, Any]
RESULTS = HERE / "results" / "agreement.json"
ALLOWED = {
    "weights": "the published weights; without them Inception is untrained",
    "images": "on each side",
    "sizes": "of the images, with commas between them",
}


def main() -> None:
    """Compare, and write results and table."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    settings = OmegaConf.load(HERE / "protocols.yaml")
    assert isinstance(settings, DictConfig)
    sizes = [int(size) for size in given.get("sizes", ",".join(map(str, settings.agreement.sizes))).split(",")]
    count = int(given.get("images", settings.agreement.images))
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(given.get("weights", f"{folder}/untrained.pth"))
        if "weights" not in given:
            untrained.write(weights, settings.untrained)
        extractor = Inception(weights=str(weights))
        rows = [_compared(extractor, weights, size, count, settings) for size in sizes]
    stored = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
    by_case = {(row["images"], row["size"]): row for row in [*stored, *rows]}
    results = [by_case[case] for case in sorted(by_case)]
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    readme.replace(HERE / "README.md", "agreement", _table(results))


def _compared(extractor: Inception, weights: Path, size: int, count: int, settings: DictConfig) -> Row:
    """Both distances of one pair of sets, and tr S_1 + tr S_2, which their difference is read against."""
    reference, others = pairs.faces(size, count)
    samples = to_uint8(pairs.spoilt(others, settings))
    network = FeatureExtractorInceptionV3("theirs", ["2048"], feature_extractor_weights_path=str(weights))
    real, fake = (features(extractor, images) for images in (reference, samples))
    their_real, their_fake = (_theirs(network, images) for images in (reference, samples))
    statistics = [fid_features_to_statistics(found) for found in (their_fake, their_real)]
    row = {
        "digest": extractor.digest,
        "size": size,
        "images": count,
        "ours": distance(real, fake),
        "theirs": fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"],
        "our_solver_on_their_features": distance(their_real, their_fake),
        "trace": GaussianFit.fitted(real).variance + GaussianFit.fitted(fake).variance,
        "features": float((torch.cat([real, fake]) - torch.cat([their_real, their_fake])).norm() / real.norm()),
    }
    print(json.dumps(row), flush=True)
    return row


def _theirs(network: FeatureExtractorInceptionV3, images: Tensor) -> Tensor:
    return torch.cat([network(batch)[0] for batch in images.split(BATCH)])


def _table(rows: list[Row]) -> str:
    header = ["size", "images on each side", "ours", "torch-fidelity's"]
    header += ["difference / distance", "difference / trace", "of it their solver's", "features apart"]
    return readme.table(header, [_line(row) for row in rows])


def _line(row: Row) -> list[str]:
    gap, solver = abs(row["ours"] - row["theirs"]), abs(row["our_solver_on_their_features"] - row["theirs"])
    numbers = [f"{row['size']}", f"{row['images']:,}", f"{row['ours']:.5f}", f"{row['theirs']:.5f}"]
    ratios = [gap / row["ours"], gap / row["trace"], solver / row["trace"], row["features"]]
    return [*numbers, *(f"{ratio:.1e}" for ratio in ratios)]


if __name__ == "__main__":
    main()
