"""The house holds: imports point one way, and a new member is two files."""

import ast
import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf

import test_losses
from saddle.losses.base import Loss

SADDLE = Path(__file__).resolve().parents[1] / "src" / "saddle"
GROUND = {"cache", "noise", "patience"}
MAY_IMPORT = {
    "config": {"weights"},
    "theory": {"noise", "losses"},
    "data": GROUND | {"theory"},
    "distributed": {"child", "prepared"},
    "networks": {"noise", "distributed"},
    "losses": set(),
    "penalties": set(),
    "augment": set(),
    "schedules": set(),
    "metrics": GROUND | {"data", "distributed", "theory", "weights"},
    "models": {"data", "distributed", "networks", "losses", "noise", "penalties", "augment", "schedules"},
    "callbacks": {"checkpoints", "data", "distributed", "metrics", "models", "runs", "theory"},
    "evaluation": {"building", "callbacks", "config", "data", "metrics", "models", "runs", "sampling", "stored"},
    "report": {"runs"},
    "runs": {"environment"},
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


def test_the_example_of_contributing_is_a_loss() -> None:
    """The class in CONTRIBUTING.md is a loss, and its yaml names it where the text says that the file lies."""
    text = (SADDLE.parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    python, yaml = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL) for kind in ("python", "yaml"))
    assert python
    assert yaml
    names: dict[str, Any] = {}
    exec(python[1], names)  # the documentation's own code
    settings: Any = OmegaConf.create(yaml[1])
    assert settings.pop("_target_") == "saddle.losses.smoothed_labels.SmoothedLabels"
    loss = names["SmoothedLabels"](**settings)
    assert isinstance(loss, Loss)
    sure = torch.full((4,), math.log(9), requires_grad=True)  # probability 0.9
    (slope,) = torch.autograd.grad(loss.discriminator(sure, 0 * sure.detach()), sure)
    assert slope.abs().max() < 1e-7
    test_losses.test_both_players_want_what_they_should(loss)
    for extreme in (-1e4, 1e4):
        test_losses.test_finite_at_extreme_logits(loss, extreme)
