"""The index of the lecture's notes: every section is in it, and every command can be started."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from options import options
from saddle.config import precheck

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
OF_000 = ("I.1.1", "I.1.2", "I.1.3", "I.1.4", "I.1.5", "I.2.1", "I.2.2", "I.2.3", "I.3", "I.4", "II.1", "II.2", "II.3")
SECTIONS = [*(f"000 {section}" for section in OF_000), *(f"002 {section}" for section in ("3", "3.1", "3.2"))]
"""The headings of the two notes, in their order."""
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (EXPERIMENTS / "LECTURE.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| 00")
]


def test_every_section_is_there_in_the_notes_order() -> None:
    assert list(dict.fromkeys(row[0] for row in ROWS)) == SECTIONS
    assert "(LECTURE.md)" in (EXPERIMENTS / "README.md").read_text(encoding="utf-8").partition("| question")[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[2].partition(']')[0][1:]}")
def test_a_row_is_as_its_study_says(row: list[str]) -> None:
    """The time is that of the study's own text; the command names a study, and its settings fit all of its sweeps."""
    _, _, link, minutes, command = row
    (path,) = re.findall(r"\]\((\w+)/README\.md\)", link)
    text = (EXPERIMENTS / path / "study.py").read_text(encoding="utf-8")
    assert (EXPERIMENTS / path / "README.md").is_file()
    assert re.search(rf"core[s]?: (about )?{minutes}\b", text), minutes
    program, *words = shlex.split(command.strip("`"))
    if program == "python":
        assert words[0] == "src/train.py"
        precheck(words[1:])
        return
    assert words[:2] == ["study", f"NAME={path}"]
    settings = " ".join(words[2:]).removeprefix("ARGS=").split()
    _compose(path, tuple(setting for setting in settings if not setting.startswith("budget=")))  # a key of the study


@cache
def _compose(study: str, settings: tuple[str, ...]) -> None:
    for experiment in (name for name in options("experiment") if name.startswith(study)):
        precheck(["-m", f"experiment={experiment}", "name=any", *settings])
