"""What an entry does before Hydra: help, quotes around paths, and the refusal of what cannot be run."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.types import Override

from saddle.config.checks import check
from saddle.config.composing import check_jobs, compose, loader, parse
from saddle.config.help import help_text
from saddle.config.keys import CONF
from saddle.config.messages import ConfigError, meant, nearest
from saddle.config.quoting import quote_paths


def enter(argv: Sequence[str]) -> list[str]:
    """The arguments for Hydra; ends the process after `--help`, and with code 2 after a mistake."""
    if "--help" in argv or "-h" in argv:
        print(help_text())
        raise SystemExit(0)
    try:
        quoted = quote_paths(argv)
        precheck(quoted)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    return quoted


def precheck(argv: Sequence[str], conf: Path = CONF) -> None:
    """Refuse a command line that cannot be run. Of a sweep, every value of every swept key is in a job that is checked.

    Raises:
        ConfigError: says what is wrong and what would be right.
    """
    flags = _flags(argv)
    if flags is None:
        return
    with loader(conf) as config_loader:
        parsed = [parse(argument) for argument in flags.overrides]
        cfg = compose(config_loader, _job(parsed, 0), conf)
        if flags.cfg:
            return
        mode = str(cfg.hydra.mode or "")
        sweeping = flags.multirun or mode.endswith("MULTIRUN")
        swept = [override for override in parsed if override.is_sweep_override()]
        if swept and not sweeping:
            raise ConfigError(_one_or_all(swept[0]))
        if sweeping:
            study = [parse(f"{key}={value}") for key, value in (cfg.hydra.sweeper.get("params") or {}).items()]
            check_jobs(_cover([*study, *parsed]), conf)
        else:
            check(cfg, conf)


def _flags(argv: Sequence[str]) -> Namespace | None:
    """Hydra's flags and the overrides; None where Hydra only informs."""
    if "--version" in argv:
        return None
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]
    try:
        flags = parser.parse_args(list(argv))
    except ConfigError as error:
        raise ConfigError(_explain_flag(argv, [*parser._option_string_actions], str(error))) from None
    informs = flags.hydra_help or flags.info or flags.shell_completion or flags.experimental_rerun
    return None if informs else flags


def _refuse(message: str) -> NoReturn:
    raise ConfigError(message)


def _explain_flag(argv: Sequence[str], flags: Sequence[str], reason: str) -> str:
    unknown = [a for a in argv if a.startswith("-") and a.partition("=")[0] not in flags]
    if not unknown:
        return f"{reason}; flags such as -m stand in front of the settings"
    flag, _, value = unknown[0].partition("=")
    close = [f"{flag.lstrip('-')}={value or '...'} (settings have no dashes)", *nearest(flag, flags)]
    return f"{flag} is no flag{meant(close)}"


def _one_or_all(override: Override) -> str:
    """A value with a comma, and no sweep."""
    line, key = str(override.input_line), override.get_key_element()
    value = line.partition("=")[2]
    return f"{line}: several values are a sweep: add -m in front; or, if this is one value: {key}='\"{value}\"' or {key}=[{value}]"


def _cover(parsed: Sequence[Override]) -> list[list[str]]:
    """Jobs among those of the sweep in which every value of every key occurs."""
    lengths = [len(list(override.sweep_string_iterator())) for override in parsed if override.is_sweep_override()]
    return [_job(parsed, i) for i in range(max(lengths, default=1))]


def _job(parsed: Sequence[Override], number: int) -> list[str]:
    """The overrides of one job: value `number` of each swept key, or its last. A later override of a key replaces an earlier."""
    job: dict[str, str] = {}
    for override in parsed:
        line = str(override.input_line)
        if override.is_sweep_override():
            values = list(override.sweep_string_iterator())
            line = f"{override.get_key_element()}={values[min(number, len(values) - 1)]}"
        job[override.get_key_element()] = line
    return list(job.values())
