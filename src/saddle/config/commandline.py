"""Checks a command line before Hydra sees it."""

import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

from hydra import initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from saddle.config.checks import check
from saddle.config.composing import check_each, composer
from saddle.config.help import help_on
from saddle.config.keys import CONF, ROOT
from saddle.config.launchers import check_launcher
from saddle.config.messages import ConfigError, meant, nearest, show
from saddle.config.unused import ignored
from saddle.config.words import quote, quote_paths, with_present_keys


class Entry(NamedTuple):
    """The result of checking a command line that can be run."""

    notes: list[str]
    """Notes on settings that change nothing; each job of a sweep prints its own."""
    shown: str | None
    """What to print instead of running anything, after `--help` or `--cfg job`."""


def enter(argv: Sequence[str], as_typed: Callable[[str], str] = str) -> list[str]:
    """The arguments for Hydra, paths in quotes; the process ends after `--help`, `--cfg job`, and a mistake (code 2).

    Args:
        argv: the arguments without the program.
        as_typed: replaces `python src/train.py` in a text by what this command is started with.
    """
    argv, moved = with_present_keys(argv)
    quoted = quote_paths(argv)
    try:
        asks = "--help" in argv or "-h" in argv
        settings = [word for word in argv if "=" in word]
        entry = Entry([], as_typed(help_on(settings))) if asks else precheck(quoted)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    for note in (*moved, *entry.notes):
        print(f"note: {note}", file=sys.stderr)
    if entry.shown is None:
        return quoted
    try:
        print(entry.shown, flush=True)
    except BrokenPipeError:  # `--help | head` has read enough; what is left would be flushed at the exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(0)


def precheck(argv: Sequence[str], conf: Path = CONF) -> Entry:
    """Refuse a command line that cannot be run; of a sweep it checks jobs that cover every value of every swept key.

    Args:
        argv: the arguments without the program.
        conf: the folder of the configuration.

    Raises:
        ConfigError: says what is wrong and what would be right.
    """
    flags = _flags(argv)
    if flags is None:
        return Entry([], None)
    if flags.cfg and flags.multirun:
        raise ConfigError("--cfg shows the configuration of one job: leave -m out")
    with composer(conf, _search_path(flags.config_dir)) as made:
        parsed = [made.parse(argument) for argument in flags.overrides]
        cfg = made.compose(_job(parsed, 0))
        sweeping = flags.multirun or cfg.hydra.mode == RunMode.MULTIRUN
        for override in parsed:
            if override.is_sweep_override() and not sweeping:
                raise ConfigError(_several(override))
        if sweeping:
            check_launcher(cfg.hydra.launcher)
            study = [made.parse(f"{key}={value}") for key, value in (cfg.hydra.sweeper.get("params") or {}).items()]
            check_each(_cover([*study, *parsed]), made, conf, taken_over=True)
            return Entry([], None)
        if not flags.cfg or flags.resolve:
            check(cfg, conf)
        return Entry(notes_on(_words(parsed), cfg, conf), _shown(cfg, flags) if flags.cfg == "job" else None)


def compose_job(overrides: Sequence[str], conf: Path = CONF) -> tuple[DictConfig, str, list[str]]:
    """One run outside of a command: its checked configuration, its folder, and notes on what changes nothing.

    Args:
        overrides: as on the command line, paths in quotes.
        conf: the folder of the configuration.

    Raises:
        ConfigError: says what is wrong and what would be right.
    """
    overrides, moved = with_present_keys(overrides)
    with initialize_config_dir(str(conf), version_base="1.3"), composer(conf) as made:
        parsed = [made.parse(argument) for argument in overrides]
        for override in parsed:
            if override.is_sweep_override():
                raise ConfigError(_several(override))
        cfg = made.compose(_job(parsed, 0))
        if cfg.hydra.mode == RunMode.MULTIRUN:
            raise ConfigError(f"{' '.join(overrides)} is a sweep of several runs, which the command trains")
        check(cfg, conf)
        job = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
        return job, str(cfg.hydra.run.dir), [*moved, *notes_on(_words(parsed), cfg, conf)]


def notes_on(overrides: Sequence[str], cfg: DictConfig, conf: Path = CONF) -> list[str]:
    """A line for each override that changes nothing in what `cfg` describes."""
    return [*ignored(overrides, cfg, conf), *_idle(overrides, cfg)]


def _words(parsed: Sequence[Override]) -> list[str]:
    return [str(override.input_line) for override in parsed]


def _shown(cfg: DictConfig, flags: Namespace) -> str:
    """What `--cfg job` shows: the configuration that would be run, without what its model does not use."""
    job = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    whole, nowhere = flags.package in (None, "_global_"), object()
    part = job if whole else OmegaConf.select(job, flags.package, default=nowhere)
    if part is nowhere:
        raise ConfigError(f"--package {flags.package}: there is no such key")
    if not OmegaConf.is_config(part):
        return show(part)
    text = OmegaConf.to_yaml(part, resolve=flags.resolve).rstrip()
    return text if whole else f"# @package {flags.package}\n{text}"


def _flags(argv: Sequence[str]) -> Namespace | None:
    """Hydra's flags and the overrides; None if Hydra only informs, or reads another root."""
    if "--version" in argv:
        return None
    parser = get_args_parser()
    parser.error = _raise  # type: ignore[method-assign]  # argparse would print and exit
    try:
        flags = parser.parse_args(list(argv))
    except ConfigError as error:
        raise ConfigError(_explain_flag(argv, [*parser._option_string_actions], str(error))) from None
    informs = flags.hydra_help or flags.info or flags.shell_completion or flags.experimental_rerun
    elsewhere = flags.config_path or flags.config_name not in (None, ROOT)
    return None if informs or elsewhere else flags


def _raise(message: str) -> NoReturn:
    raise ConfigError(message)


def _explain_flag(argv: Sequence[str], flags: Sequence[str], reason: str) -> str:
    unknown = [argument for argument in argv if argument.startswith("-") and argument.partition("=")[0] not in flags]
    if not unknown:
        return reason.replace(
            "unrecognized arguments", "flags such as -m stand in front of all settings, not amid them"
        )
    flag, _, value = unknown[0].partition("=")
    setting = f"settings have no dashes: {flag.lstrip('-')}={value or '...'}"
    return f"{flag} is no flag{meant(nearest(flag, flags), setting)}"


def _search_path(folder: str | None) -> list[str]:
    """Hydra's `--config-dir` as an override."""
    if folder is None:
        return []
    if not Path(folder).is_dir():
        raise ConfigError(f"--config-dir {folder}: there is no such folder")
    return [f"hydra.searchpath=[{quote(f'file://{Path(folder).resolve()}')}]"]


def _idle(overrides: Sequence[str], cfg: DictConfig) -> Iterator[str]:
    """A line for each override that has an effect only on sweeps, or only on conditional runs."""
    in_sweep = any(override.startswith("hydra.mode=") for override in overrides)  # the launcher says so
    for override in overrides:
        if not in_sweep and re.match(r"sweep\.|hydra[./]launcher\b", override):
            yield f"{override} changes nothing without -m"
        if override.startswith("data.label=") and not cfg.labels:
            yield f"{override} changes nothing without labels=true"


def _several(override: Override) -> str:
    """The mend for several values without a sweep."""
    line = str(override.input_line)
    key, _, value = line.partition("=")
    return f"{line}: one run for each of these values needs -m in front; one text is {key}='{quote(value)}'"


def _cover(parsed: Sequence[Override]) -> list[list[str]]:
    """Some jobs of the sweep in which every value of every key occurs."""
    return [_job(parsed, number) for number in range(max([1, *(len(_values(override)) for override in parsed)]))]


def _job(parsed: Sequence[Override], number: int) -> list[str]:
    """The overrides of one job: value `number` of each key, or its last; of overrides of the same key the last one."""
    job: dict[str, str] = {}
    for override in parsed:
        values = _values(override)
        job[override.get_key_element()] = values[min(number, len(values) - 1)]
    return list(job.values())


def _values(override: Override) -> list[str]:
    """One override for each of its values."""
    if not override.is_sweep_override():
        return [str(override.input_line)]
    if not override.is_discrete_sweep():
        raise ConfigError(f"{override.input_line}: an interval has no end of values; write range(a,b,step)")
    return [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]
