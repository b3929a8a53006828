"""Arguments `key=value` of commands without Hydra, whose grammar refuses many paths."""

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches


def arguments(allowed: Mapping[str, str], argv: Sequence[str], about: str = "", usage: str = "") -> dict[str, str]:
    """The arguments of a command line, key -> value; an empty value counts as absent, so `make` can pass a variable on.

    Args:
        allowed: allowed keys, each with a line of help.
        argv: command line, starting with the program's name.
        about: description of the command for `--help`.
        usage: command as the user types it; by default `python FILE`.

    Raises:
        SystemExit: after `--help`, or with a message that names the nearest key.
    """
    values: dict[str, str] = {}
    for argument in argv[1:]:
        if argument in ("--help", "-h", "help"):
            print(_help(allowed, usage or f"python {argv[0]}", about))
            sys.exit(0)
        key, equals, value = argument.partition("=")
        if not equals:
            sys.exit(f"error: what is {argument!r}? Arguments are written key=value: {_list(allowed)}")
        if key not in allowed:
            near = get_close_matches(key, allowed, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]}=? It takes" if near else "it takes"
            sys.exit(f"error: there is no argument {key}=; {hint} {_list(allowed)}")
        if key in values:
            sys.exit(f"error: {key}= is given twice, as {values[key]!r} and {value!r}")
        values[key] = value
    return {key: value for key, value in values.items() if value}


def whole_number(key: str, text: str, least: int = 1) -> int:
    """The value of an argument that is a whole number, at least `least` (0 or 1).

    Raises:
        ValueError: the value is none.
    """
    if not text.isdecimal() or int(text) < least:
        raise ValueError(f"{key}={text} takes a whole number{' above 0' * least}")
    return int(text)


def _list(allowed: Mapping[str, str]) -> str:
    return ", ".join(f"{key}=" for key in allowed)


def _help(allowed: Mapping[str, str], usage: str, about: str) -> str:
    longest = max(map(len, allowed), default=0)
    lines = [f"  {key + '=':<{longest + 1}}  {text}" for key, text in allowed.items()]
    return "\n".join([f"{about}\n" if about else "", f"{usage} [key=value ...]", *lines]).lstrip("\n")
