"""Packages from outside whose options and classes a configuration may name, because this user trusts them.

A package is trusted when `SADDLE_PACKAGES=mylab,other` names it, or when it is installed with an entry point of the
group `saddle.packages`. The files of its folder `conf/` are options in addition to Saddle's own:
`mylab/conf/loss/mine.yaml` is `loss=mine`. Its classes may be targets. A package that is a single file, `mylab.py`,
offers its classes only. Nothing in a configuration, which may be a stranger's, can add to the list.
"""

import os
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path

from saddle.config.messages import ConfigError
from saddle.config.source import load

VARIABLE = "SADDLE_PACKAGES"
ENTRY_POINTS = "saddle.packages"


@dataclass(frozen=True)
class Package:
    """A trusted package: its name, and the file that Python reads first when it imports it."""

    name: str
    file: Path

    @property
    def prefix(self) -> str:
        """What the targets of its classes begin with."""
        return f"{self.name}."

    @property
    def conf(self) -> Path | None:
        """The folder of its options, if it has one."""
        folder = self.file.parent / "conf"
        return folder if self.file.name == "__init__.py" and folder.is_dir() else None

    def describe(self) -> dict[str, str | None]:
        """What a run stores: the version of the installed package, and a hash of its Python and YAML files."""
        try:
            number: str | None = version(self.name)
        except PackageNotFoundError:  # a folder on PYTHONPATH
            number = None
        digest = blake2b(digest_size=8)
        for file in sorted(self.file.parent.rglob("*")) if self.file.name == "__init__.py" else [self.file]:
            if file.suffix in (".py", ".yaml") and file.is_file():
                digest.update(f"{file.relative_to(self.file.parent)}\0".encode() + file.read_bytes())
        return {"version": number, "sources": digest.hexdigest()}


def trusted_packages() -> tuple[Package, ...]:
    """The packages that this user trusts.

    Raises:
        ConfigError: one of them cannot be found.
    """
    return _packages(os.environ.get(VARIABLE, ""))


def described_packages() -> dict[str, dict[str, str | None]]:
    """What a run stores of each trusted package, by name."""
    return {package.name: package.describe() for package in trusted_packages()}


LIBRARIES = ("saddle", "torch", "torchvision", "pytorch_lightning", "lightning", "hydra", "omegaconf", "numpy", "wandb")
"""Packages that are no one's extension of Saddle."""


def how_to_trust(target: str) -> str:
    """What the refusal of `target` adds for a person who knows its package; nothing if it names none."""
    name = target.partition(".")[0]
    package = name.isidentifier() and name not in {*sys.stdlib_module_names, *LIBRARIES}
    return f"; if you trust the code of the package {name}, set {VARIABLE}={name}" if package else ""


@cache
def _packages(named: str) -> tuple[Package, ...]:
    installed = [point.module for point in entry_points(group=ENTRY_POINTS)]
    names = dict.fromkeys([*filter(None, map(str.strip, named.split(","))), *installed])
    return tuple(map(_package, names))


def _package(name: str) -> Package:
    module = load(name) if name.isidentifier() else None
    if module is None:
        raise ConfigError(
            f"{VARIABLE}={name}: Python finds no package of this name; install it, or add the folder that holds it to "
            "PYTHONPATH"
        )
    return Package(name, module.path)
