"""Reads the configuration and the classes of a stored run."""

import sys
from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle import __version__
from saddle.config import ConfigError, check
from saddle.config.stored_evaluator import with_metrics
from saddle.data.classes import Classes
from saddle.processes.streams import printable
from saddle.runs.folder import RunFolder
from saddle.runs.identity import identity_of
from saddle.runs.reading import first_line, require_plain_yaml
from saddle.runs.renamed import upgraded


def stored_config(run: RunFolder, *, files: bool) -> DictConfig:
    """The run's configuration, checked as if it came from a stranger.

    Args:
        run: folder of the run.
        files: whether the files that the configuration names must exist.

    Raises:
        ValueError: this version cannot build the configuration.
    """
    cfg, environment = read_config(run), run.environment() or {}
    version = environment.get("saddle", "0.1.0")  # 0.1.0 did not store its version
    if version != __version__:
        print(printable(f"note: {run.path} was made by Saddle {version}, this is {__version__}"), file=sys.stderr)
    try:
        check(cfg, files=files)
    except Exception as error:  # in a file that was changed, anything may be of another type than the check expects
        commit = environment.get("commit")
        hint = f"\nThe code that trained it still reads it: git checkout {commit[:7]}" if commit else ""
        reason = str(error) if isinstance(error, ConfigError) else first_line(error)
        problem = f"does not describe a run of this version:\n{reason}{hint}"
        raise ValueError(f"{run.path / 'config.yaml'} {problem}") from None
    return cfg


def stored_classes(run: RunFolder) -> Classes:
    """The classes of the run's model.

    Raises:
        LookupError: the model is not conditional.
        ValueError: the run's model.json was changed by hand.
    """
    counts = (run.model() or {}).get("classes")
    if not isinstance(counts, dict):
        raise LookupError(f"{run.path} has no classes: its model was trained with labels=false")
    try:
        return Classes.stored(counts)
    except ValueError as error:
        raise ValueError(f"{run.recipe}: {error}") from None


def read_config(run: RunFolder) -> DictConfig:
    """The content of the run's config.yaml, unresolved, whether or not this version can build it.

    Raises:
        LookupError: the run has no config.yaml.
        ValueError: the file was changed by hand and is not a resolved configuration.
    """
    text, path = run.config(), run.path / "config.yaml"
    require_plain_yaml(text, path)
    try:
        cfg = OmegaConf.create(text)
    except Exception as error:  # values of types that a configuration cannot have
        raise ValueError(f"{path} is not a configuration ({first_line(error)}): it was changed by hand") from None
    if not isinstance(cfg, DictConfig) or not cfg:
        raise ValueError(f"{path} is not a configuration")
    current: Any = upgraded(OmegaConf.to_container(cfg))
    if isinstance(current.get("evaluator"), dict):
        try:
            current["evaluator"] = with_metrics(current["evaluator"])
        except TypeError as error:  # values of other types than the evaluators of earlier versions had
            raise ValueError(f"{path} has another evaluator than a run stores ({error})") from None
    return OmegaConf.create({**current, "keep": current.get("keep", "best")})  # Saddle 0.3 had no such key


def upgraded_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, path -> value, of a state of an earlier version, under the paths of this version."""
    evaluator = {path.partition(".")[2]: value for path, value in settings.items() if path.startswith("evaluator.")}
    others = {path: value for path, value in settings.items() if not path.startswith("evaluator.")}
    return {**others, **identity_of({"evaluator": with_metrics(evaluator)})} if "_target_" in evaluator else settings
