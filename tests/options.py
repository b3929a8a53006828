"""The options of a configuration group: what is found in conf/ is tested."""

import os
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf, open_dict
from PIL import Image

from saddle.config import instantiate, prune_unused
from saddle.config.composing import with_options

CONF = Path(__file__).resolve().parents[1] / "conf"


def options(group: str) -> list[str]:
    """The names in conf/GROUP."""
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def known() -> list[str]:
    """The data whose distribution is known: those that do not bring the evaluator of images."""
    texts = {name: (CONF / f"data/{name}.yaml").read_text(encoding="utf-8") for name in options("data")}
    return [name for name, text in texts.items() if "/evaluator@_global_.evaluator: distances" not in text]


def needs(group: str, name: str, folder: Path) -> list[str]:
    """Settings without which an option cannot be chosen: files of one's own, which are written into `folder`."""
    of_points = {
        "jsd_smoothed": "ring",
        "modes": "ring",
        "mixture": "ring",
        "frequencies": "discrete",
        "atoms": "discrete",
    }
    chosen = [f"data={of_points[name]}"] if group in ("evaluator", "metric") and name in of_points else []
    if chosen or (group == "data" and name in known()):
        return [*chosen, "network=mlp"]
    if name == "discriminator_enumeration":
        return ["data=bars_and_stripes", "network=mlp"]
    if group != "data" or name not in ("folder", "celeba"):
        return []
    if name == "celeba":
        return ["data.download=true"]
    Image.new("RGB", (64, 64)).save(folder / "picture.png")
    return [f'data.root="{folder}"']


def build(group: str, name: str, **changed: Any) -> Any:
    """The object that an option which needs no other group describes, some of its values changed."""
    return instantiate(OmegaConf.merge(OmegaConf.load(CONF / group / f"{name}.yaml"), changed))  # type: ignore[arg-type]  # right at run time, wider on paper


def composed(*overrides: str) -> DictConfig:
    """A job's configuration, as `python src/train.py OVERRIDES` has it; each is composed once, and copied."""
    return deepcopy(_composed(overrides, os.environ.get("SADDLE_PACKAGES")))


@cache
def _composed(overrides: tuple[str, ...], packages: str | None) -> DictConfig:
    with initialize_config_dir(str(CONF), version_base=None):
        cfg = compose("train", overrides=list(overrides), return_hydra_config=True)
        choices = cfg.hydra.runtime.choices
        with open_dict(cfg):
            del cfg["hydra"]
        return with_options(prune_unused(cfg), choices)
