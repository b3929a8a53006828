"""Names for a reader: settings renamed as a whole, or by their parts."""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from saddle.report.run import RunRecord
from saddle.report.settings import Setting, key_of
from saddle.runs.naming import readable


def read_names(text: str) -> dict[str, str]:
    """`loss-minimax=Minimax,penalty-none=no penalty`, or a file with one such pair in each line, as a mapping.

    A new name may contain commas. An empty text names nothing. Empty lines of a file, and those that begin
    with `#`, are skipped.

    Raises:
        ValueError: a pair has no new name, or two pairs have the same old one.
        LookupError: there is no such file.
    """
    if not text:
        return {}
    if "=" in text:
        pairs = re.split(r",(?=[^,=]+=)", text)
    else:
        file = Path(text).expanduser()
        if not file.is_file():
            raise LookupError(f"names={text}: there is no such file; pairs are written names=SETTING=NAME,SETTING=NAME")
        pairs = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip() and line[0] != "#"]
    names: dict[str, str] = {}
    for pair in pairs:
        old, new = (word.strip() for word in pair.partition("=")[::2])
        if not old or not new:
            raise ValueError(f"names: {pair.strip()!r} is no pair; write SETTING=NAME")
        if old in names:
            raise ValueError(f"names: {old} is given twice, as {names[old]!r} and {new!r}")
        names[old] = new
    return names


def renamed(settings: Sequence[Setting], names: Mapping[str, str], runs: Sequence[RunRecord]) -> list[str]:
    """The new name of each setting.

    A key of `names` is a setting, or a part of several: `loss-minimax` in `loss-minimax_penalty-r1`. It may also be one
    of which there are only `runs` that belong to no setting yet.

    Raises:
        LookupError: there is no such setting and no such part.
        ValueError: two settings would have one name.
    """
    olds = [setting.name for setting in settings]
    everything = [*settings, *(Setting(name=run.setting, runs=(run,)) for run in runs)]
    for key in names:
        if not any(key == setting.name or _occurs(key, setting) for setting in everything):
            near = get_close_matches(key, [*olds, *(part for setting in settings for part in _parts(setting))], n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise LookupError(f"names: {key} is no setting and no part of one; {hint}There are {', '.join(olds)}")
    news = [names.get(setting.name) or _by_parts(setting, names) for setting in settings]
    for index, new in enumerate(news):
        if new in news[:index]:
            raise ValueError(f"names: {olds[news.index(new)]} and {olds[index]} would both be {new!r}")
    return news


def _by_parts(setting: Setting, names: Mapping[str, str]) -> str:
    """The new names of its parts and what is left between them, separated by commas."""
    keys = sorted((key for key in names if _occurs(key, setting)), key=len, reverse=True)
    if not keys:
        return setting.name
    parts = re.split("|".join(f"({_pattern(key)})" for key in keys), setting.name)
    return ", ".join(names.get(part.strip("_"), part.strip("_")) for part in parts if part and part.strip("_"))


def _occurs(key: str, setting: Setting) -> bool:
    """Whether `key` is a part of the name. `penalty-r1` is none of `penalty-r1_r2`, which the overrides tell."""
    known = _parts(setting)
    return key in known if known else bool(re.search(_pattern(key), setting.name))


def _parts(setting: Setting) -> list[str]:
    """The parts of the name as far as the overrides tell them, as `saddle.runs.naming` writes them."""
    pairs = ((key_of(override), override.partition("=")[2]) for override in setting.overrides)
    return [f"{readable(key)}-{readable(value)}" for key, value in pairs]


def _pattern(key: str) -> str:
    return rf"(?:^|(?<=_)){re.escape(key)}(?=_|$)"
