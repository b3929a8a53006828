"""A package from outside: its options are found, checked, trained and recorded; one that is not trusted is refused."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from options import composed
from saddle.config import ConfigError, check, check_jobs, help_text, instantiate, precheck
from saddle.config.keys import option_files
from saddle.config.packages import described_packages, trusted_packages
from saddle.engine.errors import RunFailedError
from saddle.engine.experiment import Experiment
from saddle.engine.session import run
from saddle.engine.stored import stored_config
from saddle.metrics.extractors.base import Extractor
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder

FILES = {
    "__init__.py": '"""A laboratory that Saddle knows nothing of."""\n',
    "parts.py": '''
"""Parts, each derived from what Saddle, or torch, offers for it."""

from pydantic import PositiveFloat, PositiveInt
from pytorch_lightning import Callback
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import Logger
from torch import Tensor, nn

from saddle.data.densities import mixture
from saddle.losses.base import Loss
from saddle.metrics.base import PointMetric
from saddle.penalties.base import Penalty
from saddle.metrics.extractors.base import Extractor
from saddle.theory.gaussian_mixture import GaussianMixture
from saddle.theory.arrangements import ring


class Margin(Loss):
    def __init__(self, *, margin: PositiveFloat) -> None:
        self.margin = margin

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return (self.margin - real).relu().mean() + (self.margin + fake).relu().mean()

    def generator_term(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return -fake.mean()


class Linear(nn.Module):
    def __init__(self, *, inputs: PositiveInt, outputs: PositiveInt, classes: PositiveInt | None) -> None:
        super().__init__()
        self.map = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.map(x)


class Pair(mixture.MixtureData):
    name = "pair"

    def __init__(self, *, shape: list[PositiveInt], distance: PositiveFloat) -> None:
        super().__init__(ring(count=2, radius=distance / 2, deviation=0.05), (2,))


class Brightness(Extractor):
    name, digest, resize, channels, num_features = "brightness", "none", "none", 1, 1
    frechet_name, kernel_name = "fd_brightness", "kd_brightness"

    def features(self, images: Tensor) -> Tensor:
        return images.mean(dim=(1, 2, 3))[:, None]


class Spread(PointMetric):
    needs = "points"

    def __init__(self, *, real: GaussianMixture, scale: PositiveFloat) -> None:
        self.real, self.scale = real, scale

    @property
    def higher_is_better(self) -> dict[str, bool]:
        return {"spread": True}

    def compute(self, x: Tensor) -> dict[str, float]:
        return {"spread": self.scale * x.std().item()}


class Steps(Callback):
    def __init__(self, *, first: PositiveInt) -> None:
        self.steps = first

    def on_before_optimizer_step(self, *_: object) -> None:
        self.steps += 1

    def state_dict(self) -> dict[str, int]:
        return {"steps": self.steps}


class Keep(ModelCheckpoint):
    def __init__(self, *, directory: str) -> None:
        super().__init__(directory)


class Notes(Logger):
    name = "notes"
    version = None

    def __init__(self, *, last: PositiveInt) -> None:
        super().__init__()
        self.rows, self.last = 0, last

    def log_hyperparams(self, params: dict, *_: object) -> None:
        assert params["seed"] == 0

    def log_metrics(self, metrics: dict, step: int) -> None:
        self.rows += 1
        if self.rows == self.last:
            raise OSError("no space left")


class Default(Loss):
    def __init__(self, *, margin: PositiveFloat = 1.0) -> None:
        self.margin = margin

    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return real + fake

    generator_term = discriminator_term


class Unfinished(Loss):
    def discriminator_term(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean()


class Silent(Pair):
    def __init__(self, *, shape: list[PositiveInt], distance: PositiveFloat) -> None:
        self.shape = tuple(shape)


class Flat(Linear):
    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return super().forward(x).squeeze(1)


class Rows(Penalty):
    def __init__(self) -> None:
        super().__init__()

    def forward(self, critic, real, fake, logits_real, logits_fake, draw):
        return logits_real


class Worse(Spread):
    def compute(self, x: Tensor) -> dict[str, float]:
        return {"spread": 1 / 0}


class Late(Steps):
    def on_train_batch_end(self, trainer: object, pl_module: object, *_: object) -> None:
        raise KeyError("mine")


class Helper:
    pass
''',
    "conf/loss/margin.yaml": "# A hinge of any margin\n_target_: outside_lab.parts.Margin\nmargin: 2.0\n",
    "conf/network/affine.yaml": """
# Affine players
generator:
  _target_: outside_lab.parts.Linear
  inputs: ${code_size}
  outputs: 2
  classes: null
discriminator:
  _target_: outside_lab.parts.Linear
  inputs: 2
  outputs: 1
  classes: null
""",
    "conf/data/pair.yaml": """
# Two Gaussians
defaults:
  - /evaluator@_global_.evaluator: mixture
  - _self_

_target_: outside_lab.parts.Pair
shape: [2]
distance: 1.0
""",
    "conf/metric/spread.yaml": "# Spread\n_target_: outside_lab.parts.Spread\n_partial_: true\nscale: 2.0\n",
    "conf/callback/steps.yaml": "# @package callback.steps\n# Steps\n_target_: outside_lab.parts.Steps\nfirst: 1\n",
    "conf/callback/bare.yaml": "# A forgotten first line\n_target_: outside_lab.parts.Steps\nfirst: 1\n",
    "conf/logger/notes.yaml": "# @package logger.notes\n# Notes\n_target_: outside_lab.parts.Notes\nlast: 2\n",
    "conf/penalty/rows.yaml": "# No scalar\n_target_: outside_lab.parts.Rows\n",
    "conf/loss/nothing.yaml": "# A forgotten class\nmargin: 1.0\n",
    "conf/extractor/brightness.yaml": "# One feature: how bright\n_target_: outside_lab.parts.Brightness\n",
}
PARTS = ["loss=margin", "network=affine", "data=pair"]
ADDED = ["+metric@evaluator.metrics.spread=spread", "callback=[steps,learning_rate]"]


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package on Python's path, and trusted."""
    folder = tmp_path / "path" / "outside_lab"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.setenv("SADDLE_PACKAGES", "outside_lab")
    monkeypatch.chdir(tmp_path)
    _forget()
    yield folder
    _forget()


def _forget() -> None:
    """Each test has its own copy of the package, in a folder of its own."""
    from saddle.config import packages, source

    packages._packages.cache_clear()
    source.load.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "outside_lab"]:
        del sys.modules[name]


def test_its_options_are_listed_and_checked_as_those_of_saddle() -> None:
    assert re.search(r"^    margin +A hinge of any margin$", help_text(), re.MULTILINE)
    assert instantiate(composed("data=digits", "extractor=brightness").extractor).num_features == 1
    assert precheck(PARTS).notes == []
    for typed, words in {
        "loss.margin=-1": "loss.margin=-1: loss.margin takes a number above 0",
        "loss.limit=1": "loss has no limit; it has margin",
        "loss=marg": "loss=marg: there is no such option; did you mean margin",
        "loss._target_=outside_lab.parts.Margn": "there is no such class; did you mean outside_lab.parts.Margin",
        "loss._target_=outside_lab.parts.Brightness": r"Brightness must be derived from a class of saddle.losses.\*",
        "data._target_=outside_lab.parts.Helper": r"Helper must be derived from a class of saddle.data.\*",
        "loss._target_=outside_lab.parts.Unfinished": "Unfinished does not define generator_term",
        "loss._target_=outside_lab.parts.Default ~loss.margin": "Default has a default for margin; write",
        "+logger.mine._target_=outside_lab.parts.Helper": "Helper must be derived from a class of pytorch_li",
        "+callback.mine._target_=outside_lab.parts.Keep +callback.mine.directory=x": "callback=mine: Saddle stores",
        "loss=nothing": "loss names no class: the yaml file of an option needs _target_",
        "callback=bare": "callback: the yaml file of an option NAME must begin with `# @package callback.NAME`",
        "data._target_=outside_lab.parts.nn.Linear": "this is torch.nn.modules.linear.Linear, which is not allowed",
    }.items():
        with pytest.raises(ConfigError, match=words):
            precheck([*PARTS, *typed.split()])


def test_it_trains_and_is_recorded(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The logger fails at its second row, of the three that every log has: training goes on without it."""
    (cfg,) = check_jobs(
        [[*PARTS, *ADDED, "updates=3", "log_every=1", "logger=notes", "sample_images=4", "evaluate_images=50"]]
    )
    folder = RunFolder(Path("runs/single/outside"))
    run(Experiment(cfg, folder))
    assert (folder.summary() or {})["updates"] == 3
    assert capsys.readouterr().err.count("logger notes failed and receives no more of this run (no space left)") == 1
    assert (folder.summary() or {})["metrics"]["spread"]["higher_is_better"]
    state, _ = Checkpoints(folder.checkpoints).load()
    assert state is not None
    assert state["callbacks"]["Steps"] == {"steps": 7}  # one, and a step of each player in each of three updates
    before = (folder.environment() or {})["packages"]
    assert list(before) == ["outside_lab"]
    assert before == described_packages()
    (lab / "parts.py").write_text(FILES["parts.py"] + "\n")
    assert before != described_packages()  # another code under the same name


LINE = r"outside_lab/parts.py:\d+\)"
QUICK = ["updates=3", "logger=none", "sample_images=4", "evaluate_images=50"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (
            "data._target_=outside_lab.parts.Silent",
            "data=pair: Silent has no distribution: its constructor calls super",
        ),
        (
            "network.generator.outputs=3",
            r"network=affine: the generator returns \[2, 3\]: it must return x \[2, 2\]",
        ),
        (
            "network.discriminator._target_=outside_lab.parts.Flat",
            r"network=affine: the discriminator returns \[2\]: it must return one logit for each x, \[2, 1\]",
        ),
        (
            "network.discriminator.inputs=5",
            r"network=affine: the discriminator fails on an input \[2, 2\]: RuntimeError: .*mat1 and mat2",
        ),
        (
            "penalty=rows",
            r"Rows returns \[\d+\], not a scalar \[\]: take the batch's mean",
        ),
        (
            "+metric@evaluator.metrics.mine=spread evaluator.metrics.mine._target_=outside_lab.parts.Worse",
            rf"metric mine: ZeroDivisionError: division by zero \(.*{LINE}",
        ),
        (
            "callback=[steps] callback.steps._target_=outside_lab.parts.Late",
            rf"callback steps: KeyError: 'mine' \(.*{LINE}",
        ),
    ],
)
def test_a_broken_contract_names_the_option_in_one_line(typed: str, words: str) -> None:
    (cfg,) = check_jobs([[*PARTS, *QUICK, *typed.split()]])
    with pytest.raises(RunFailedError, match=rf"^{words}") as failure:
        run(Experiment(cfg, RunFolder(Path("runs/single/outside"))))
    assert failure.value.expected


def test_a_run_folder_cannot_make_it_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path / "stranger")
    folder.write_config(OmegaConf.to_yaml(composed(*PARTS), resolve=True))
    stored_config(folder, files=False)
    monkeypatch.delenv("SADDLE_PACKAGES")
    with pytest.raises(ValueError, match=r"outside_lab.*refused.*if you trust .*set SADDLE_PACKAGES=outside_lab"):
        stored_config(folder, files=False)
    with pytest.raises(ConfigError, match="loss=margin: there is no such option"):
        precheck(["loss=margin"])
    with pytest.raises(ConfigError, match=r"^loss._target_=os.system is refused: a target is a class of [^;]*$"):
        instantiate(OmegaConf.create({"loss": {"_target_": "os.system"}}))


def test_a_package_that_is_not_there_or_takes_a_name_is_refused(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab / "conf/loss/hinge.yaml").write_text("_target_: outside_lab.parts.Margin\nmargin: 1.0\n")
    with pytest.raises(ConfigError, match=r"outside_lab.*hinge.yaml: loss=hinge is .*hinge.yaml already; give"):
        option_files()
    monkeypatch.setenv("SADDLE_PACKAGES", "nowhere_lab")
    with pytest.raises(ConfigError, match=r"SADDLE_PACKAGES=nowhere_lab: Python finds no package.*; install it"):
        precheck([])


def test_a_single_file_offers_its_classes(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab.parent / "outside_file.py").write_text(FILES["parts.py"])
    monkeypatch.setenv("SADDLE_PACKAGES", "outside_file, outside_lab")
    assert [package.conf is None for package in trusted_packages()] == [True, False]
    check(composed("extractor._target_=outside_file.Brightness", "~extractor.name", "~extractor.weights"))
    built = instantiate(OmegaConf.create({"_target_": "outside_file.Brightness"}))
    assert isinstance(built, Extractor)


def test_an_installed_package_is_trusted_by_its_entry_point(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_PACKAGES", "")
    info = lab.parent / "outside_lab-3.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-lab\nVersion: 3.1\n")
    (info / "entry_points.txt").write_text("[saddle.packages]\nlab = outside_lab\n")
    _forget()
    assert described_packages()["outside_lab"]["version"] == "3.1"
    assert precheck(PARTS).notes == []
