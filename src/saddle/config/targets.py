"""What a node may instantiate: classes of this package and of trusted ones, torch's layers and optimisers.

A configuration may come from a stranger, so a target is allowed for where it is written, not for how it is spelled:
`torch.optim.optimizer.os.system` starts well and ends in the operating system.
"""

import ast
from collections.abc import Iterator

from saddle.config.messages import ConfigError, listing, meant, nearest
from saddle.config.packages import how_to_trust, trusted_packages
from saddle.config.source import Definition, Module, bases, find, unimplemented

PREFIXES = ("saddle.", "torch.optim.", "torch.nn.")
HOMES = {
    "data": ("saddle.data.",),
    "network": ("saddle.networks.", "torch.nn."),
    "loss": ("saddle.losses.",),
    "penalty": ("saddle.penalties.",),
    "augment": ("saddle.augment.",),
    "optimizer": ("torch.optim.",),
    "schedule": ("saddle.schedules.",),
    "model": ("saddle.models.", "saddle.search."),
    "extractor": ("saddle.metrics.",),
    "evaluator": ("saddle.metrics.",),
    "trainer": ("saddle.engine.training.",),
    "advice": ("saddle.callbacks.",),
    "logger": ("saddle.callbacks.",),
    "callback": ("pytorch_lightning.callbacks.", "saddle.callbacks.learning_rate."),
}
"""Where the classes of a group are written: a logger in the place of a data set would be built, and write. A class of a
trusted package must be derived from one of them, or from one of `ANCESTORS`."""
ANCESTORS = {"logger": ("pytorch_lightning.loggers.logger.",)}
"""Where the base class of a group is written, if that is more exact than where its classes are."""
NODE_KEYS = ("_target_", "_partial_")


def resolve(target: object, path: str) -> Definition:
    """The class that `target`, of the node at `path`, stands for.

    Raises:
        ConfigError: it is none, or lies outside of what is allowed.
    """
    where = f"{path}._target_={target}".lstrip(".")
    trusted = tuple(package.prefix for package in trusted_packages())
    homes = HOMES.get(path.partition(".")[0], PREFIXES)
    if not isinstance(target, str) or not target.startswith((*PREFIXES, *homes, *trusted)):
        allowed = listing([f"{prefix}*" for prefix in (*PREFIXES, *trusted)], "and")
        raise ConfigError(f"{where} is refused: a target is a class of {allowed}{how_to_trust(str(target))}")
    if not target.startswith((*homes, *trusted)):
        raise ConfigError(f"{where} is refused: a target is a class of {listing([f'{home}*' for home in homes], 'or')}")
    definition = find(target)
    if definition is None:
        raise ConfigError(f"{where}: there is no such class{meant(_alternatives(target, trusted))}")
    if not isinstance(definition, Definition) or not isinstance(definition.node, ast.ClassDef):
        raise ConfigError(f"{where} is refused: this is no class")
    home = f"{definition.module.name}."
    if not home.startswith((*homes, *trusted)):
        raise ConfigError(f"{where} is refused: this is {home}{definition.name}, which is not allowed")
    if lacking := unimplemented(definition):
        raise ConfigError(f"{where} is refused: {definition.name} does not define {listing(lacking, 'and')}")
    ancestors = ANCESTORS.get(path.partition(".")[0], homes)
    if not descends(definition, ancestors):
        right = listing([f"{prefix}*" for prefix in ancestors], "or")
        raise ConfigError(f"{where} is refused: {definition.name} must be derived from a class of {right}")
    return definition


def descends(definition: Definition, homes: tuple[str, ...]) -> bool:
    """Whether a class, or one of its ancestors, is written in one of the modules `homes`."""
    return f"{definition.module.name}.".startswith(homes) or any(descends(base, homes) for base in bases(definition))


def _alternatives(target: str, trusted: tuple[str, ...]) -> list[str]:
    """Names near `target` in the innermost module or package that exists."""
    owner, _, last = target.rpartition(".")
    while not isinstance(module := find(owner), Module):
        owner, _, last = owner.rpartition(".")
    names = [f"{owner}.{name}" for name in nearest(last, set(_contents(module)))]
    return [name for name in names if f"{name}.".startswith((*PREFIXES, *trusted))]


def _contents(module: Module) -> Iterator[str]:
    """The classes of a module, and the modules of a package."""
    for name, bound in module.bindings.items():
        if isinstance(bound, Definition) and isinstance(bound.node, ast.ClassDef) and not name.startswith("_"):
            yield name
    if module.path.name == "__init__.py":
        yield from (path.stem for path in module.path.parent.iterdir() if path.suffix == ".py" or path.is_dir())
