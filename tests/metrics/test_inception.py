"""Inception as torch-fidelity computes it, and files of weights that are refused. No network, nobody's weights."""

import os
import pickle
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
import torch_fidelity
from hydra.utils import instantiate
from omegaconf import OmegaConf
from torch import Tensor
from torch.utils.data import Dataset
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3
from torchmetrics.image.fid import NoTrainInceptionV3

from saddle.config import ConfigError, precheck
from saddle.data.pixels import to_uint8
from saddle.metrics.extractors import inception_weights
from saddle.metrics.extractors.inception import Inception
from saddle.metrics.extractors.inception_weights import MissingWeightsError, published
from saddle.metrics.frechet import GaussianFit, frechet_distance
from saddle.metrics.inception_score import inception_score
from saddle.metrics.kernel import MeanDiscrepancy
from saddle.noise import noise

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "experiments" / "protocols"), str(ROOT / "experiments" / "extractors")]

from extraction import features_resized  # noqa: E402  # its folder is no package
from pairs import antialiased, clean, compressed, padded, truncated  # noqa: E402  # its folder is no package
from untrained import pictures, write  # noqa: E402  # its folder is no package

SIZES = (28, 32, 64, 299, 300)
CLOSE = 1e-5
"""Relative to the norm of the features; channels_last sums in another order."""


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("inception") / "untrained.pth"
    write(path, 8)
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def extractor(weights: Path) -> Inception:
    return Inception(weights=str(weights))


@pytest.fixture(scope="session")
def theirs(weights: Path) -> FeatureExtractorInceptionV3:
    return FeatureExtractorInceptionV3(
        "theirs", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(weights)
    )


def apart(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


# ---- the same numbers


@pytest.mark.parametrize("size", SIZES)
def test_features_and_logits_are_torch_fidelitys(
    size: int, extractor: Inception, theirs: FeatureExtractorInceptionV3
) -> None:
    images = pictures(2, size)
    features = extractor(images)
    expected, logits = theirs(images)
    assert features.shape == (2, extractor.num_features)
    assert features.dtype == torch.float32
    assert apart(features, expected) < CLOSE
    assert apart(features[0] - features[1], expected[0] - expected[1]) < CLOSE
    assert apart(extractor.logits(features), logits) < CLOSE
    assert apart(extractor.logits(features) + extractor.network.fc.bias, logits) > 100 * CLOSE


def test_features_are_alive(extractor: Inception) -> None:
    """Otherwise the tests above would say nothing: every feature depends on the image."""
    features = extractor(pictures(4, 32))
    assert features.var(dim=0).min() > 1e-4
    assert 0.02 < features.var(dim=0).mean() < 1


class Stored(Dataset[Tensor]):
    """Images as torch-fidelity takes them."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index]


@pytest.mark.parametrize("size", [32, 300])
def test_distances_are_torch_fidelitys_from_end_to_end(size: int, extractor: Inception, weights: Path) -> None:
    count = 4
    images = pictures(2 * count, size)
    first, second = images[:count], (images[count:].float() * 0.8).to(torch.uint8)
    theirs = torch_fidelity.calculate_metrics(
        **{"input1": Stored(first), "input2": Stored(second), "feature_extractor_weights_path": str(weights)},
        **{"isc": True, "fid": True, "kid": True, "isc_splits": 1, "kid_subsets": 1, "kid_subset_size": count},
        **{"cuda": False, "cache": False, "save_cpu_ram": True, "verbose": False},
    )
    a, b = extractor(first), extractor(second)
    gaussians = GaussianFit.fitted(a), GaussianFit.fitted(b)
    scale = sum(gaussian.variance for gaussian in gaussians)
    frechet = frechet_distance(*gaussians)
    assert frechet > 0.1 * scale
    assert frechet == pytest.approx(theirs["frechet_inception_distance"], abs=1e-6 * scale)
    assert MeanDiscrepancy(real=b)(a) == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4, abs=1e-6)
    score = inception_score(extractor.logits(a), 1)
    assert score > 1.001
    assert score == pytest.approx(theirs["inception_score_mean"], rel=1e-5)


# ---- other protocols give other numbers, so the tests above can tell them apart


def test_the_default_of_torchmetrics_is_another_protocol(extractor: Inception, weights: Path) -> None:
    images = pictures(2, 64)
    theirs = NoTrainInceptionV3("theirs", ["2048"], str(weights))
    features = extractor(images)
    assert apart(theirs(images), features) > 100 * CLOSE
    assert apart(theirs(images), features_resized(extractor, images, antialiased)) < CLOSE
    theirs.use_antialias = False
    assert apart(theirs(images), features) < CLOSE


def test_truncated_images_have_other_features(extractor: Inception) -> None:
    x = noise(0, "images", 0, range(2), [3, 32, 32], "uniform")
    assert apart(extractor(truncated(x)), extractor(to_uint8(x))) > 100 * CLOSE


def test_the_protocols_of_the_table_do_what_they_are_called() -> None:
    images = pictures(2, 16)
    assert torch.equal(padded(torch.arange(13), 2), torch.tensor([*range(13), 0]))
    assert len(padded(torch.arange(1001), 8)) == 1008
    flat = torch.full((1, 3, 16, 16), 77, dtype=torch.uint8)
    for resize in antialiased, clean:
        torch.testing.assert_close(resize(flat), torch.full((1, 3, 299, 299), 77.0))
        assert float(resize(images).mean()) == pytest.approx(float(images.float().mean()), abs=2)
    jpeg = compressed(images, 95)
    assert jpeg.shape == images.shape
    assert 0 < float((jpeg.float() - images.float()).abs().mean()) < 20


# ---- the promises of an extractor


def test_nothing_around_it_changes_it(extractor: Inception) -> None:
    images = pictures(2, 16)
    expected = extractor(images)
    holder = torch.nn.ModuleList([extractor]).train()
    assert holder.training
    assert not any(module.training for module in extractor.modules())
    assert not any(parameter.requires_grad for parameter in extractor.parameters())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = extractor(images)
        logits = extractor.logits(found)
    assert torch.equal(found, expected)
    assert torch.equal(logits, extractor.logits(expected))
    assert logits.dtype == torch.float32


def test_grey_is_repeated(extractor: Inception) -> None:
    grey = pictures(2, 16)[:, :1]
    assert torch.equal(extractor(grey), extractor(grey.repeat(1, 3, 1, 1)))


def test_building_it_draws_nothing_and_names_the_file(weights: Path) -> None:
    node = OmegaConf.load(ROOT / "conf" / "extractor" / "inception.yaml")
    before = torch.random.get_rng_state()
    extractor = instantiate(node, weights=str(weights))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert extractor.digest == sha256(weights.read_bytes()).hexdigest()[:16]
    assert (extractor.name, extractor.frechet_name, extractor.kernel_name) == ("inception", "fid", "kid")
    assert not any(parameter.is_meta for parameter in extractor.parameters())
    assert not any(buffer.is_meta for buffer in extractor.buffers())


# ---- weights that are refused


class Command:
    """Unpickled it runs a command, if it is let."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    path, proof = tmp_path / "hostile (1).pth", tmp_path / "proof"
    for save in (torch.save, lambda hostile, file: file.write_bytes(pickle.dumps(hostile))):
        save({"fc.bias": Command(f"touch '{proof}'")}, path)
        with pytest.raises(ValueError, match=r"hostile \(1\)\.pth is refused: it cannot be read as tensors") as refusal:
            Inception(weights=str(path))
        assert "weights_only=False" not in str(refusal.value)
        assert refusal.value.__suppress_context__
        assert not proof.exists()


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_text("no weights at all")
    with pytest.raises(ValueError, match=r"other\.pth is refused: it cannot be read"):
        Inception(weights=str(path))
    for stored, reason in ([torch.zeros(1)], "a list"), ({"epoch": 3}, "a dict"), ({3: torch.zeros(1)}, "a dict"):
        torch.save(stored, path)
        with pytest.raises(ValueError, match=rf"other\.pth is refused: it holds {reason} that is not tensors by name"):
            Inception(weights=str(path))
    for values, reason in (
        (torch.tensor([0.0, torch.nan]), "is not finite"),
        (torch.tensor([torch.inf], dtype=torch.float16), "is not finite"),
        (torch.zeros(2, dtype=torch.uint8), "is torch.uint8, not floating point"),
        (torch.zeros(2, dtype=torch.complex64), "is torch.complex64, not floating point"),
    ):
        torch.save({"fine": torch.zeros(1), "fc.weight": values}, path)
        with pytest.raises(ValueError, match=rf"other\.pth is refused: fc\.weight {reason}"):
            Inception(weights=str(path))
    for tensors in {}, {"weight": torch.zeros(1)}, {"fc.bias": torch.zeros(1000)}:
        torch.save(tensors, path)
        with pytest.raises(ValueError, match=r"other\.pth does not hold torch-fidelity's Inception: .*\.\.\.$"):
            Inception(weights=str(path))


def test_a_truncated_file_is_refused(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "half.pth"
    content = weights.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"half\.pth is refused: it cannot be read"):
        Inception(weights=str(path))


def test_a_path_to_nothing_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "no.pth"
    with pytest.raises(FileNotFoundError, match=rf"extractor\.weights={path}: there is no {path}") as refusal:
        Inception(weights=str(path))
    assert not isinstance(refusal.value, MissingWeightsError)
    with pytest.raises(ConfigError, match=rf"extractor\.weights={path}: there is no {path}"):
        precheck(["extractor=inception", f"extractor.weights={path}"])
    precheck(["extractor=inception"])


def test_a_bare_name_is_not_sought_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.pth").write_text("weights")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"the file of that name in this folder is \./mine\.pth"):
        precheck(["extractor=inception", "extractor.weights=mine.pth"])


# ---- the published weights


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """torch.hub's folder, empty, and no proxy between it and the network."""
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    monkeypatch.setattr(urllib.request, "getproxies", dict)
    monkeypatch.setattr(urllib.request, "_opener", None)
    return tmp_path / "hub" / "checkpoints" / URL_INCEPTION_V3.rpartition("/")[2]


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_they_are_taken_from_torch_fidelitys_place(hub: Path, weights: Path) -> None:
    hub.parent.mkdir(parents=True)
    hub.symlink_to(weights)
    assert published() == hub
    assert Inception(weights=None).digest == sha256(weights.read_bytes()).hexdigest()[:16]


def test_a_server_that_is_silent_or_absent_is_given_up(
    hub: Path, server: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{server.getsockname()[1]}/weights-6726825d.pth"
    monkeypatch.setattr(inception_weights, "URL_INCEPTION_V3", address)
    monkeypatch.setattr(inception_weights, "SILENCE", 0.3)
    for mute in True, False:
        began = time.monotonic()
        with pytest.raises(MissingWeightsError) as refusal:
            Inception(weights=None)
        assert time.monotonic() - began < 3
        for part in str(hub.parent), address, "extractor.weights=FILE", "timed out" if mute else "refused":
            assert part in str(refusal.value)
        assert refusal.value.__suppress_context__
        assert socket.getdefaulttimeout() is None
        assert list(hub.parent.iterdir()) == []
        server.close()


def test_an_answer_with_another_hash_is_not_kept(hub: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    half = tmp_path / "weights-6726825d.pth"
    half.write_text("the first half")
    monkeypatch.setattr(inception_weights, "URL_INCEPTION_V3", half.as_uri())
    with pytest.raises(MissingWeightsError, match=r"invalid hash value .*expected \"6726825d\""):
        published()
    assert list(hub.parent.iterdir()) == []
    whole = tmp_path / f"weights-{sha256(b'the first half').hexdigest()[:8]}.pth"
    half.rename(whole)
    monkeypatch.setattr(inception_weights, "URL_INCEPTION_V3", whole.as_uri())
    assert published().read_bytes() == b"the first half"
