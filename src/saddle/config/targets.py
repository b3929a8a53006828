"""What a node may instantiate: classes of this package, torch's layers and optimisers, and Lightning's.

A `config.yaml` may come from a stranger, so a target is allowed for where it is written, not for how it is spelled:
`pytorch_lightning.trainer.trainer.os.system` starts well and ends in the operating system.
"""

import ast
from collections.abc import Iterator

from saddle.config.messages import ConfigError, listing, meant, nearest
from saddle.config.source import Definition, Module, find

PREFIXES = ("saddle.", "torch.optim.", "torch.nn.", "pytorch_lightning.")
FORBIDDEN = ("pytorch_lightning.cli",)  # builds whatever class its arguments name
NODE_KEYS = ("_target_", "_partial_")


def resolve(target: object, path: str) -> Definition:
    """The class that `target`, found at the config path `path`, stands for.

    Raises:
        ConfigError: it is none, or lies outside of what is allowed.
    """
    if not isinstance(target, str):
        raise ConfigError(f"{path}._target_ takes the dotted name of a class, not {target!r}")
    if not target.startswith(PREFIXES):
        raise ConfigError(
            f"{path}._target_={target} is refused: classes under {listing(PREFIXES, 'and')} are allowed, no others"
        )
    found = find(target)
    if found is None:
        raise ConfigError(f"{path}._target_={target} does not exist{meant(_alternatives(target))}")
    if not isinstance(found, Definition) or not isinstance(found.node, ast.ClassDef):
        raise ConfigError(f"{path}._target_={target} is refused: it is no class")
    home = f"{found.module.name}."
    if not home.startswith(PREFIXES) or home.startswith(tuple(f"{name}." for name in FORBIDDEN)):
        raise ConfigError(f"{path}._target_={target} is refused: it is {home}{found.name}, which is not allowed")
    return found


def _alternatives(target: str) -> list[str]:
    """Names near `target` in the innermost module or package that exists."""
    owner, _, last = target.rpartition(".")
    while owner and not isinstance(module := find(owner), Module):
        owner, _, last = owner.rpartition(".")
    if not owner or not isinstance(module, Module):
        return []
    names = [f"{owner}.{name}" for name in nearest(last, set(_contents(module)))]
    return [name for name in names if f"{name}.".startswith(PREFIXES)]


def _contents(module: Module) -> Iterator[str]:
    yield from (name for name in module.bindings if not name.startswith("_"))
    if module.path.name == "__init__.py":
        yield from (path.stem for path in module.path.parent.iterdir() if path.suffix == ".py" or path.is_dir())
