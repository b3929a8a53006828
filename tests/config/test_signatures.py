"""Values against the types of a constructor that is read and never imported, and objects from nodes."""

import os
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from pydantic import PositiveInt
from torch import nn

from saddle.config import (
    ConfigError,
    instantiate,
)
from saddle.config.kinds import Opaque, describe, fits, mended
from saddle.config.signatures import signature
from saddle.config.source import Definition, attribute, find
from saddle.losses.minimax import Minimax
from saddle.networks.mlp import MLPGenerator

# ---- values against types


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (int, [0, -3], ["3", True, 2.0, None]),
        (float, [1, 0.5], ["1", True, float("nan"), float("inf")]),
        (bool, [True], [1, "true"]),
        (PositiveInt | None, [1, None], [0, "null"]),
        (Literal[1, "a"], [1, "a"], [True, 1.0, "b"]),
        (tuple[float, float], [[1, 0.5]], [[1], 0.5, [1, "x"]]),
        (list[PositiveInt], [[], [1, 2]], [[0], (True,), {"a": 1}]),
        (Path, ["a/b"], [3]),
        (float | Opaque, [0.5], ["x"]),
        (Opaque, [], ["x", 1, {"a": 1}]),
    ],
)
def test_values_fit_their_type_and_nothing_is_coerced(kind: Any, good: list[Any], bad: list[Any]) -> None:
    assert [fits(value, kind) for value in good] == [True] * len(good)
    assert [fits(value, kind) for value in bad] == [False] * len(bad)


def test_types_in_words() -> None:
    assert describe(PositiveInt | None) == "a whole number above 0 or null"
    assert describe(Literal["a", "b"] | None) == "a, b or null"
    assert describe(float | Opaque) == "a number"
    assert describe(tuple[int, ...]) == "a list, each element a whole number"
    assert mended("3", int) == "3"
    assert mended("no", bool) == "false"
    assert mended("abc", int) is None


# ---- signatures, read and never imported


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package that cannot be imported; its name is new in every test, because what was read is remembered."""
    name = f"toys_{tmp_path.name.replace('-', '_')}"
    files = {
        "__init__.py": "raise ImportError\nfrom .inner import Renamed as Car, Kit\nfrom .stars import *\n",
        "inner.py": (
            "import torch\nfrom typing import Literal\nfrom torch import nn\nfrom pydantic import PositiveInt\n"
            "try:\n    from nowhere import Base\nexcept ImportError:\n    Base = object\n"
            "Size = Literal[8, 16]\n"
            "class Parent(nn.Module):\n"
            "    def __init__(self, wheels: int, *, size: Size, body: 'nn.Module | None' = None) -> None: ...\n"
            "class Original(Parent):\n    color = 1\n"
            "Renamed = Original\n"
            "class Kit:\n    def __init__(self, count: PositiveInt, odd: nowhere.Thing, **rest: int) -> None: ...\n"
            "class Bare(nn.Module): ...\n"
            "class Child(Renamed): ...\nclass Painted(Original):\n    color: bool = True\n"
        ),
        "stars.py": "from dataclasses import dataclass\n@dataclass\nclass Point:\n    x: float\n    y: float = 0.0\n",
    }
    for file, text in files.items():
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / file).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def arguments(dotted: str) -> dict[str, Any]:
    found = find(dotted)
    assert isinstance(found, Definition)
    return signature(found).arguments


def test_signatures_are_found_through_imports_aliases_and_bases(toys: str) -> None:
    car = arguments(f"{toys}.Car")
    assert list(car) == ["wheels", "size", "body"]
    assert [argument.required for argument in car.values()] == [True, True, False]
    assert car["size"].kind == Literal[8, 16]
    assert not fits("x", car["body"].kind)
    assert fits(None, car["body"].kind)


def test_what_cannot_be_understood_is_not_checked(toys: str) -> None:
    found = find(f"{toys}.Kit")
    assert isinstance(found, Definition)
    known = signature(found)
    assert known.open
    assert known.arguments["count"].kind == PositiveInt
    assert known.arguments["odd"].kind is Any


def test_dataclasses_and_modules_without_constructor(toys: str) -> None:
    assert [argument.required for argument in arguments(f"{toys}.Point").values()] == [True, False]
    assert arguments(f"{toys}.inner.Bare") == {}
    assert find(f"{toys}.inner.Nothing") is None


def test_constants_are_found_through_bases(toys: str) -> None:
    for name, color in (("Car", 1), ("inner.Parent", None), ("inner.Child", 1), ("inner.Painted", True)):
        found = find(f"{toys}.{name}")
        assert isinstance(found, Definition)
        assert attribute(found, "color") == color


def test_the_source_says_what_the_class_says() -> None:
    """Read against imported, for classes of the libraries that configurations name."""
    import inspect

    for target in (torch.optim.Adam, torch.optim.SGD, nn.Linear, nn.GroupNorm):
        read = arguments(f"{target.__module__}.{target.__name__}")
        live = inspect.signature(target).parameters.values()
        assert {name: argument.required for name, argument in read.items()} == {
            p.name: p.default is p.empty for p in live
        }
    assert list(arguments("torch.optim.Adam")) == list(arguments("torch.optim.adam.Adam"))


# ---- building


def node(**content: Any) -> DictConfig:
    return OmegaConf.create(content)


def test_nodes_become_objects() -> None:
    assert instantiate(None) is None
    assert instantiate(node()) is None
    assert isinstance(instantiate(node(_target_="saddle.losses.minimax.Minimax")), Minimax)
    make = instantiate(node(_target_="torch.nn.Linear", _partial_=True, in_features=2))
    assert make(out_features=3).weight.shape == (3, 2)
    both = instantiate(node(a={"_target_": "torch.nn.Linear", "in_features": 2, "out_features": 3}, b=1))
    assert both["a"].weight.shape == (3, 2)


def test_supplied_objects_complete_a_partial_node_and_are_not_copied() -> None:
    shape = [1, 4, 4]
    network = instantiate(
        node(_target_="saddle.networks.mlp.MLPGenerator", _partial_=True, width=8, depth=1, bounded=True, code_size=2),
        shape=shape,
        classes=None,
    )
    assert isinstance(network, MLPGenerator)
    layers = nn.ModuleList([nn.Linear(2, 2)])
    assert instantiate(node(_target_="torch.nn.Sequential", _partial_=True)).func is nn.Sequential
    assert instantiate(node(_target_="torch.nn.ModuleList", _partial_=True), modules=layers)[0] is layers[0]


def test_what_a_constructor_refuses_is_heard() -> None:
    with pytest.raises(ValueError, match="must be divisible by num_groups"):
        instantiate(node(_target_="torch.nn.GroupNorm", num_groups=2, num_channels=3))


HOSTILE = [
    node(_target_="os.system", command="true"),
    node(_target_="builtins.eval", _args_=["1"]),
    node(_target_="pytorch_lightning.trainer.trainer.os.system", command="true"),
    node(_target_="torch.nn.modules.module.torch.load", f="x"),
    node(_target_="torch.hub.load", repo_or_dir="x"),
    node(_target_="pytorch_lightning.LightningModule.load_from_checkpoint", checkpoint_path="x"),
    node(_target_="pytorch_lightning.cli.LightningCLI"),
    node(_target_="torch.nn.init.zeros_", tensor=1),
    node(_target_="saddle.config.instantiate", node={}),
    node(_target_="saddle.losses.minimax.Minimax", x=[{"y": {"_target_": "os.system", "command": "true"}}]),
    node(_target_="torch.nn.Identity", x="${a}", a={"_target_": "os.system", "command": "true"}),
    node(_target_="torch.nn.Identity", x='${oc.create:{_target_: os.system, command: "true"}}'),
    node(_target_="torch.nn.Identity", x='\\${oc.create:{_target_: os.system, command: "true"}}'),
    node(_target_=["os.system"]),
    node(_target_="torch.nn.Sequential", _args_=[1]),
    node(_target_="torch.nn.Identity", _convert_="none"),
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: str(hostile._get_node("_target_")))
def test_a_stranger_cannot_run_code(hostile: DictConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setattr(os, "system", partial(lambda *args, **kwargs: called.append(args)))
    for arguments in ({}, {"supplied": 1}):
        with pytest.raises(ConfigError, match=r"refused|no such class"):
            instantiate(hostile, **arguments)
    assert not called
