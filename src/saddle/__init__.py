"""Saddle: generative adversarial networks, trained, measured and compared under one protocol.

    import saddle
    experiment = saddle.compose("data=ring", "network=mlp", updates=500)    # checked as on the command line
    run = experiment.run()                                                   # the same run, folder and resume
    images = run.sample(64, seed=1)
    run = saddle.load("runs/single/default")

Importing it imports neither torch nor Lightning: each name is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saddle.api import Run, Sweep, compose, load, train
    from saddle.config.messages import ConfigError
    from saddle.engine.errors import RunFailedError, RunInterrupted, RunRefusedError
    from saddle.engine.experiment import Experiment

__version__ = "0.4.0.dev0"
"""The version of the package, which each run stores."""

_HOMES = {
    "compose": "saddle.api",
    "train": "saddle.api",
    "load": "saddle.api",
    "Run": "saddle.api",
    "Sweep": "saddle.api",
    "Experiment": "saddle.engine.experiment",
    "ConfigError": "saddle.config.messages",
    "RunRefusedError": "saddle.engine.errors",
    "RunFailedError": "saddle.engine.errors",
    "RunInterrupted": "saddle.engine.errors",
}
"""Public name -> the module that defines it."""

__all__ = [
    "ConfigError",
    "Experiment",
    "Run",
    "RunFailedError",
    "RunInterrupted",
    "RunRefusedError",
    "Sweep",
    "__version__",
    "compose",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
