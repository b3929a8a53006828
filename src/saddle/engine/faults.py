"""Which option from outside raised an error, and where."""

from collections.abc import Iterator, Mapping
from traceback import walk_tb
from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle.config.keys import SEVERAL
from saddle.config.options import option_name
from saddle.config.targets import resolve

OURS = ("saddle", "torch")
"""Packages whose errors have messages of their own, or are bugs of Saddle."""


def fault_of_option(error: BaseException, cfg: DictConfig) -> str | None:
    """`metric mine: ZeroDivisionError: division by zero (mylab/metrics.py:12)`; None if no option from outside failed.

    The option is that whose method is innermost in the trace, and the place is the innermost one in its package. An
    error of Saddle's about an option, raised without the option's code, has its own words.
    """
    if _package(type(error).__module__) == "saddle":
        return None
    options = dict(_options("", OmegaConf.to_container(cfg, resolve=True)))
    trace = list(walk_tb(error.__traceback__))
    for frame, _ in reversed(trace):
        for owner in type(frame.f_locals.get("self")).__mro__:
            path = options.get(f"{owner.__module__}.{owner.__qualname__}")
            if path is None:
                continue
            package = _package(owner.__module__)
            places = [(f.f_code.co_filename, n) for f, n in trace if _package(f.f_globals["__name__"]) == package]
            if places:
                file, line = places[-1]
                text = " ".join(str(error).split())
                return f"{_spoken(path, cfg)}: {type(error).__name__}: {text} ({file}:{line})"
    return None


def _options(path: str, node: Any) -> Iterator[tuple[str, str]]:
    """Full name of the class -> path of its node, of all classes from outside."""
    if not isinstance(node, Mapping):
        return
    if "_target_" in node and _package(node["_target_"]) not in OURS:
        definition = resolve(node["_target_"], path)
        yield f"{definition.module.name}.{definition.name}", path
    for key, inner in node.items():
        yield from _options(f"{path}.{key}".lstrip("."), inner)


def _spoken(path: str, cfg: DictConfig) -> str:
    """The option at a path: `metric mine`, `callback mine`, `loss margin`, `network affine`."""
    group, _, rest = path.partition(".")
    if path.startswith("evaluator.metrics."):
        return f"metric {path.rpartition('.')[2]}"
    if group in SEVERAL:
        return f"{group} {rest}"
    return f"{group} {option_name(cfg, group)}"


def _package(module: str) -> str:
    return module.partition(".")[0]
