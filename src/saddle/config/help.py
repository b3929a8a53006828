"""The help text, by topic, read from the files that define the options and keys."""

import re
from collections.abc import Sequence
from pathlib import Path
from textwrap import fill

from saddle.config.diagnosis import no_option
from saddle.config.keys import CONF, MOUNTED, ROOT, groups, option_files
from saddle.config.messages import ConfigError
from saddle.config.options import settings_in

WIDTH = 118

ABOUT = """\
Saddle trains generative adversarial networks, and each player alone, and compares them: one game, many rules.

  python src/train.py                                 one run with the defaults below
  python src/train.py loss=minimax updates=500        one run, other choices
  python src/train.py -m loss=minimax,nonsaturating   a sweep: one run for each value, compared at its end
  python src/train.py -m loss=minimax,nonsaturating seed=0,1,2 data=digits
  python src/train.py network=mlp network.generator.width=512 optimizer.generator.lr=1e-4
"""

SWEEPS = """\
SWEEPS  -m in front, then key=value,value,... for as many keys as you like: every combination is one run, in a process
  of its own. All are checked before the first starts. The same command resumes it; with name=NAME the command may
  have more values or other keys than before, and finished jobs are kept.
  hydra.launcher.jobs=2 trains two jobs side by side; hydra/launcher=submitit_slurm submits all of them to a cluster.

RESULTS  runs/<sweep>/<job>/, one run in runs/single/<job>/: samples/ (grids), metrics.jsonl, summary.json, config.yaml,
  checkpoints/. The same numbers and grids go to Weights & Biases; logger=none switches that
  off, and logger=[wandb,tensorboard] has several.

NEXT
  python src/evaluate.py            the numbers of all finished runs of the newest sweep in one table
  python src/compare.py             the comparison of the newest sweep again
  python src/train.py --cfg job     the whole configuration of this command, without running it
  python src/train.py --hydra-help  Hydra's own flags
"""

OF_OPTIONS = """\
python src/train.py --help lists all groups, options and top-level keys; --cfg job shows the whole configuration.
"""


def help_on(settings: Sequence[str], conf: Path = CONF) -> str:
    """The text of `python src/train.py SETTINGS --help`: on the options that they choose, or on everything.

    Raises:
        ConfigError: there is no such option.
    """
    chosen = [setting.lstrip("+").partition("=")[::2] for setting in settings]
    options = [
        _option(key, option, conf)
        for key, values in chosen
        if key.partition("@")[0] in groups(conf)
        for option in values.strip("[]").split(",")
    ]
    return "\n\n".join([*options, OF_OPTIONS]) if options else help_text(conf)


def help_text(conf: Path = CONF) -> str:
    """The text of `python src/train.py --help`."""
    return "\n".join([ABOUT, _groups(conf), _keys(conf), SWEEPS])


def _option(key: str, option: str, conf: Path) -> str:
    """The description of an option, and the keys that its file sets."""
    group, there = key.partition("@")[0], groups(conf)[key.partition("@")[0]]
    if option not in there:
        raise ConfigError(f"{key}={option}: {no_option(group, option, there)}")
    names = [key] if "@" in key else _names(group, conf, option)
    file = option_files(conf)[group][option]
    rows = settings_in(file, names[0].rpartition("@")[2])
    title = f"{', '.join(f'{name}={option}' for name in names)}  {_first_comment(file)}"
    lines = _aligned([f"  {label}" for label, _ in rows], [text for _, text in rows], least=20)
    return "\n".join([fill(title, WIDTH, subsequent_indent="  "), *(lines or ["  it has no keys of its own"])])


def _names(group: str, conf: Path, option: str) -> list[str]:
    """How a group is written in front of `=`: two ways where each player has its own option."""
    if group in MOUNTED:
        return [f"{group}@{MOUNTED[group]}.{option}"]
    return [name for name in _defaults(conf) if name.partition("@")[0] == group] or [group]


def _defaults(conf: Path) -> dict[str, str]:
    written = (conf / f"{ROOT}.yaml").read_text(encoding="utf-8")
    return dict(re.findall(r"^  - ([\w@./]+): (\w+)", written, re.MULTILINE))


def _groups(conf: Path) -> str:
    defaults = _defaults(conf)
    lines = ["CHOICES  group=option; * is the default. Values inside one: python src/train.py group=option --help"]
    for group, files in option_files(conf).items():
        names = _names(group, conf, "NAME")
        lines.append(f"  {', '.join(names)}")
        marks = ["*" if defaults.get(names[0]) == option else " " for option in files]
        labels = [f"  {mark} {option}" for mark, option in zip(marks, files, strict=True)]
        lines += _aligned(labels, [_first_comment(file) for file in files.values()], least=20)
    return "\n".join(lines) + "\n"


def _first_comment(path: Path) -> str:
    comments = (line[1:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    return next((comment for comment in comments if not comment.startswith("@package")), "")


def _keys(conf: Path) -> str:
    written = (conf / f"{ROOT}.yaml").read_text(encoding="utf-8")
    keys = re.findall(r"^(?:(\w+):\n  )?(\w+): +(\S+) +# (.+)$", written, re.MULTILINE)
    labels = [f"  {f'{above}.' * bool(above)}{key}={default}" for above, key, default, _ in keys]
    rows = _aligned(labels, [explanation for *_, explanation in keys], least=20)
    return "\n".join(["KEYS  with their defaults", *rows]) + "\n"


def _aligned(labels: Sequence[str], texts: Sequence[str], least: int) -> list[str]:
    """Each label with its text; all texts begin in one column, at least the column `least`."""
    column = max([least, *(len(label) + 2 for label in labels)])
    return [
        fill(text, WIDTH, initial_indent=label.ljust(column), subsequent_indent=" " * column) or label
        for label, text in zip(labels, texts, strict=True)
    ]
