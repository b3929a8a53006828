"""The house holds: imports point one way, and a new option is two files."""

import ast
import math
import re
import shutil
from pathlib import Path

import pytest
import torch

import saddle.losses
import test_losses
from options import CONF
from saddle.config import ConfigError, check, help_text, instantiate, source
from saddle.config.composing import composer
from saddle.losses.base import Loss
from toy import game, play

SADDLE = Path(__file__).resolve().parents[1] / "src" / "saddle"
GROUND = {"storage", "noise"}
MAY_IMPORT = {
    "cli": {"config", "distributed", "engine", "evaluation", "processes", "report", "runs", "samples"},
    "config": {"pictures", "storage"},
    "theory": {"noise", "losses"},
    "data": GROUND | {"pictures", "theory"},
    "processes": set(),
    "distributed": {"processes"},
    "networks": {"noise", "distributed"},
    "losses": set(),
    "penalties": {"noise"},
    "augment": set(),
    "schedules": set(),
    "metrics": GROUND | {"data", "distributed", "theory"},
    "search": {"noise", "distributed"},
    "models": {
        "data",
        "distributed",
        "networks",
        "losses",
        "noise",
        "penalties",
        "augment",
        "schedules",
        "search",
        "theory",
    },
    "callbacks": {"data", "distributed", "metrics", "models", "noise", "processes", "runs", "theory"},
    "engine": {
        "callbacks",
        "config",
        "data",
        "distributed",
        "metrics",
        "models",
        "networks",
        "processes",
        "runs",
    },
    "samples": GROUND | {"config", "data", "engine", "metrics", "models", "networks", "runs", "search"},
    "evaluation": {"callbacks", "config", "data", "engine", "metrics", "models", "runs", "samples"},
    "report": {"config", "runs", "storage"},
    "runs": {"config", "distributed", "storage"},
}
"""Room -> rooms and modules of the package that it may know."""


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str) -> None:
    found = {name for path in (SADDLE / room).rglob("*.py") for name in _imported(path)}
    assert found - {room} <= MAY_IMPORT[room]


def test_every_room_is_known() -> None:
    rooms = {path.name for path in SADDLE.iterdir() if (path / "__init__.py").exists()}
    assert rooms == set(MAY_IMPORT)


def _imported(path: Path) -> set[str]:
    """Rooms and top-level modules of the package that a file imports, late imports too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("saddle.")}


def test_the_example_of_contributing_is_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its two files, as CONTRIBUTING.md has them, and nothing else: `loss=smoothed_labels` is listed and plays."""
    text = (SADDLE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    python, yaml = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("python", "yaml"))
    assert python
    assert yaml
    assert "`src/saddle/losses/NAME.py`" in text
    file, place_of = tmp_path / "smoothed_labels.py", source._path
    file.write_text(python[1])
    monkeypatch.setattr(saddle.losses, "__path__", [*saddle.losses.__path__, str(tmp_path)])
    monkeypatch.setattr(source, "_path", lambda name: file if name.endswith(".smoothed_labels") else place_of(name))
    assert "`conf/loss/NAME.yaml`" in text
    conf = tmp_path / "conf"
    shutil.copytree(CONF, conf)
    (conf / "loss/smoothed_labels.yaml").write_text(yaml[1])
    assert re.search(r"^    smoothed_labels +The non-saturating game with", help_text(conf), re.MULTILINE)
    with composer(conf) as made:
        cfg = made.compose(["loss=smoothed_labels", "loss.real_label=0.9"])
        check(cfg)
        with pytest.raises(ConfigError, match=r"loss\.real_label=much"):
            check(made.compose(["loss=smoothed_labels", "loss.real_label=much"]))
    loss = instantiate(cfg.loss)
    assert isinstance(loss, Loss)
    sure = torch.full((4,), math.log(9), requires_grad=True)  # probability 0.9
    (slope,) = torch.autograd.grad(loss.discriminator(sure, 0 * sure.detach()), sure)
    assert slope.abs().max() < 1e-7
    test_losses.test_both_players_want_what_they_should(loss)
    for extreme in (-1e4, 1e4):
        test_losses.test_finite_at_extreme_logits(loss, extreme)
    assert math.isfinite(play(game(loss=loss), 3).pop_means()["loss_discriminator"])
