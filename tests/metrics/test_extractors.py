"""The extractors that ship: what each promises, and that the metrics on them see what people see."""

import json
import sys
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from safetensors.torch import save_file
from torch import Tensor

from saddle.data.digits import Digits
from saddle.data.faces.dataset import Faces
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.extractors.small import SmallExtractor
from saddle.storage import SHIPPED

ROOT = Path(__file__).parents[2]
EXPERIMENT = ROOT / "experiments" / "extractors"
NAMES = sorted(file.stem for file in SHIPPED.glob("*.safetensors"))
sys.path.append(str(EXPERIMENT))

from study import rises, study  # noqa: E402  # its folder is no package


@pytest.fixture(scope="module", params=NAMES)
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return instantiate(OmegaConf.load(ROOT / "conf" / "extractor" / f"{request.param}.yaml"))


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Faces | Digits]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SADDLE_CACHE", str(tmp_path_factory.mktemp("cache")))
        faces = Faces(shape=(3, 32, 32), train_count=1, test_count=2000, seed=0, label=None, reference="test")
        assert len(faces.test) == 2000
    return {"faces": faces, "digits": Digits(shape=(1, 8, 8), test_count=360, label="digit", reference="test")}


def images(extractor: Extractor, count: int = 6, size: int = 16) -> Tensor:
    steps = torch.arange(count * extractor.channels * size * size)
    return (steps * 37 % 256).to(torch.uint8).view(count, extractor.channels, size, size)


def test_features_are_finite_float32_of_the_announced_number(extractor: Extractor) -> None:
    features = extractor(images(extractor))
    assert features.shape == (6, extractor.num_features)
    assert features.dtype == torch.float32
    assert features.isfinite().all()
    assert not features.requires_grad


def test_it_is_frozen_and_stays_in_eval_mode(extractor: Extractor) -> None:
    holder = torch.nn.ModuleList([extractor]).train()
    assert holder.training
    assert not any(module.training for module in extractor.modules())
    assert not any(parameter.requires_grad for parameter in extractor.parameters())


def test_features_of_an_image_depend_on_it_alone(extractor: Extractor) -> None:
    batch = images(extractor)
    torch.testing.assert_close(extractor(batch)[2:3], extractor(batch[2:3]), rtol=1e-4, atol=1e-4)


def test_autocast_changes_nothing(extractor: Extractor) -> None:
    expected = extractor(images(extractor))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(extractor(images(extractor)), expected)


def test_grey_is_repeated_and_colour_is_turned_to_luma(extractor: Extractor) -> None:
    grey = images(extractor)[:, :1]
    assert torch.equal(extractor(grey), extractor(grey.repeat(1, extractor.channels, 1, 1)))
    torch.testing.assert_close(extractor(grey), extractor(grey.repeat(1, 3, 1, 1)), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 2, 8, 8)])
def test_images_of_another_form_are_refused(extractor: Extractor, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"extractor {extractor.name}"):
        extractor(torch.zeros(shape, dtype=torch.uint8))


def test_float_images_are_refused(extractor: Extractor) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 images .*to_uint8"):
        extractor(torch.zeros(2, 3, 8, 8))


@pytest.mark.parametrize("name", NAMES)
def test_building_one_draws_nothing_from_the_global_generator(name: str) -> None:
    before = torch.random.get_rng_state()
    SmallExtractor(name=name, weights=f"{name}.safetensors")
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_small_and_the_digest_is_of_the_file(name: str, tmp_path: Path) -> None:
    content = (SHIPPED / f"{name}.safetensors").read_bytes()
    copy = tmp_path / "a folder (1)" / "copy.safetensors"
    copy.parent.mkdir()
    copy.write_bytes(content)
    assert len(content) < 1_000_000
    assert SmallExtractor(name=name, weights=str(copy)).digest == sha256(content).hexdigest()[:16]


@pytest.mark.parametrize("name", NAMES)
def test_each_factor_is_read_from_held_out_images(name: str) -> None:
    """What training wrote into the file; every factor is there, so a person's own weights state it, too."""
    scores = SmallExtractor(name=name, weights=f"{name}.safetensors").information["held_out"]
    assert all(value > 0.8 for score in scores.values() for value in score.values())
    assert scores == json.loads((EXPERIMENT / "results" / f"{name}.json").read_text())["held_out"]


def test_weights_that_are_not_there_or_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no\.safetensors; the package has digits\.safetensors and faces"):
        SmallExtractor(name="mine", weights="no.safetensors")
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="does not say which network it holds"):
        SmallExtractor(name="mine", weights=str(path))
    path.write_text("no weights at all")
    with pytest.raises(ValueError, match="does not say which network it holds"):
        SmallExtractor(name="mine", weights=str(path))
    announced = {"architecture": {"channels": 1, "size": 8, "widths": [4, 4], "num_features": 4}}
    save_file({"weight": torch.zeros(1)}, path, metadata={"extractor": json.dumps(announced)})
    with pytest.raises(ValueError, match="does not hold the network that it announces"):
        SmallExtractor(name="mine", weights=str(path))


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("{}", "architecture: Field required"),
        ("null", "extractor: Input should be"),
        ("[" * 10_000, "extractor: Invalid JSON"),
        ('{"architecture": null}', "architecture: Input should be"),
        ({"channels": 2}, "architecture.channels"),
        ({"size": 3}, "architecture.size"),
        ({"size": 513}, "architecture.size"),
        ({"size": 8.5}, "architecture.size"),
        ({"size": "8"}, "architecture.size"),
        ({"widths": [4]}, "architecture.widths"),
        ({"widths": [4] * 9}, "architecture.widths"),
        ({"widths": [4, 0]}, "architecture.widths.1"),
        ({"widths": [4, 10**9]}, "architecture.widths.1"),
        ({"num_features": 0}, "architecture.num_features"),
        ({"num_features": 10**12}, "architecture.num_features"),
        ({"more": 1}, "architecture.more"),
    ],
    ids=lambda case: str(case)[:40],
)
def test_a_file_that_states_an_impossible_network_is_refused_in_words(
    stated: str | dict[str, object], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "other.safetensors"
    if isinstance(stated, dict):
        good = {"channels": 1, "size": 8, "widths": [4, 4], "num_features": 4}
        stated = json.dumps({"architecture": good | stated})
    save_file({"weight": torch.zeros(1)}, path, metadata={"extractor": stated})
    with pytest.raises(ValueError, match=r"other\.safetensors does not say which network it holds") as refusal:
        SmallExtractor(name="mine", weights=str(path))
    assert f"({words}" in str(refusal.value)


@pytest.mark.parametrize("name", ["faces", "digits"])
def test_features_are_standardised(name: str, held_out: dict[str, Faces | Digits]) -> None:
    """Mean 0 and variance 1 over the training images, and so nearly over the others."""
    features = SmallExtractor(name=name, weights=f"{name}.safetensors")(held_out[name].test.pixels)
    assert features.mean(dim=0).abs().max() < 0.3
    assert features.var(dim=0).mean() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("name", ["faces", "digits"])
def test_distances_rise_with_every_step_of_every_degradation(name: str, held_out: dict[str, Faces | Digits]) -> None:
    """The study of experiments/extractors, on 2,000 faces instead of 10,000 and on all held-out digits."""
    settings = OmegaConf.load(EXPERIMENT / "sensitivity.yaml")
    assert isinstance(settings, DictConfig)
    settings.patches, settings.projections = 1, 1  # swd is not what is tested here
    strengths = settings.sets[name]
    extractor = SmallExtractor(name=name, weights=f"{name}.safetensors")
    data = held_out[name]
    rows = study(extractor, data.test.pixels, data.factors("test")[strengths.factor], strengths, settings)
    assert len(rows) == 5
    for degradation, found in rows.items():
        assert len(found) == 6, degradation
        assert rises(found, "fd"), (degradation, found)
        assert rises(found, "kd"), (degradation, found)
    floor = rows["blur"][0]
    assert abs(floor["kd"]) < 0.02
    assert floor["fd"] < 0.1 * extractor.num_features
    assert all(found[-1]["fd"] > 2 * found[0]["fd"] for found in rows.values())
