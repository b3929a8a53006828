"""JSON as Saddle stores it: strict, and nothing is lost."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from saddle.runs.folder import RunFolder
from saddle.storage import from_json, to_json

NUMBERS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
NESTED = {"a/b": {"~c": [1.5, math.nan, {"d": math.inf}]}, "e": -math.inf, "": math.nan, "text": "NaN", "none": None}


def strictly(text: str) -> Any:
    """The content of strict JSON; Python's parser alone accepts NaN."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_what_is_not_finite_is_null_with_its_reason() -> None:
    stored = strictly(to_json(NESTED))
    assert stored["a/b"]["~c"][1] is stored["e"] is stored[""] is None
    assert stored["not_finite"] == {"/a~1b/~0c/1": "nan", "/a~1b/~0c/2/d": "inf", "/e": "-inf", "/": "nan"}
    assert strictly(to_json([{"a": 1}, {"a": math.nan}])) == [{"a": 1}, {"a": None, "not_finite": {"/a": "nan"}}]
    assert to_json({"a": 1.5, "b": [1, None], "c": "é"}) == '{"a": 1.5, "b": [1, null], "c": "é"}'


def test_json_gives_back_what_was_written() -> None:
    for content in (NESTED, [{"a": math.nan}, {"b": 1}], {"a": 1}, NUMBERS):
        assert repr(from_json(to_json(content))) == repr(content)
    assert math.isnan(from_json('{"a": NaN}')["a"])  # as earlier versions wrote it


@pytest.mark.parametrize(
    "pointers", [{"/b": "nan"}, {"/a": "nan"}, {"/n/x": "inf"}, {"/l/9": "nan"}, {"": "nan"}, {"/z": 3}, ["/z"]]
)
def test_pointers_that_lead_nowhere_change_nothing(pointers: object) -> None:
    content = {"a": 1, "n": None, "l": [None], "z": None}
    assert from_json(json.dumps({**content, "not_finite": pointers})) == content


def test_no_file_of_a_run_holds_nan(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.log(5, {"fid": math.nan, "loss": math.inf})
    run.rewind(5)
    run.write_summary({"metrics": {"fid": {"last": math.nan}}})
    run.write_evaluations([{"metrics": {"fid": -math.inf}}])
    run.mark("failed", error="x", loss=math.nan)
    for path in run.path.glob("*.json*"):
        strictly(path.read_text())
    assert repr(run.metrics()) == repr([{"updates": 5, "fid": math.nan, "loss": math.inf}])
    assert repr(run.summary()) == repr({"metrics": {"fid": {"last": math.nan}}})
    assert run.evaluations() == [{"metrics": {"fid": -math.inf}}]
