"""A path on the command line arrives as it is, whatever Hydra makes of its characters."""

import random
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from saddle.config import (
    quote_paths,
)


def parsed(argument: str) -> Any:
    return OverridesParser.create().parse_override(argument).value()


@pytest.mark.parametrize(
    "path", ["a b", "a#b", "a(1)", "a=b", "a,b", "[x]", "{x:1}", 'a"b', "a'b", "a\\", 'a\\\\"', "人脸/数据", "a:b|c"]
)
@pytest.mark.parametrize("key", ["run", "data.root", "+extractor.weights"])
def test_a_path_arrives_as_it_is(path: str, key: str) -> None:
    assert parsed(quote_paths([f"{key}={path}"])[0]) == path


def test_any_path_arrives_as_it_is() -> None:
    draw = random.Random(0)
    for _ in range(300):
        path = "/" + "".join(draw.choices("ab \t#()[]{}=,:;'\"\\\\人é~!?*@|&%-+./", k=draw.randrange(1, 12)))
        once = quote_paths([f"run={path}"])
        assert parsed(once[0]) == path
        assert quote_paths(once) == once  # as in a sweep, whose jobs are given quoted paths


def test_home_is_expanded_and_the_rest_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert quote_paths(["run=~/my runs"]) == ['run="/home/me/my runs"']
    given = ["-m", 'run="a b"', "run='a b'", 'data.root="/a","/b"', "run=null", "run=", "name=a b", "running=a(b)"]
    assert quote_paths(given) == given


def test_with_m_several_folders_are_several_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless a folder has that name: a comma in a name stays one."""
    monkeypatch.chdir(tmp_path)
    for name in ("a b", "c", "c,d"):
        (tmp_path / name).mkdir()
    assert quote_paths(["-m", "data.root=a b,c"]) == ["-m", 'data.root="a b","c"']
    override = OverridesParser.create().parse_override('data.root="a b","c"')
    assert list(override.sweep_string_iterator()) == ['"a b"', '"c"']
    for words in (["data.root=a b,c"], ["-m", "data.root=c,d"], ["-m", "data.root=a b,nowhere"]):
        assert quote_paths(words)[-1] == f'data.root="{words[-1].partition("=")[2]}"'
