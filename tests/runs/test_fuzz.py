"""Files of a run that something has changed: each reader reads them, or refuses them in words."""

from pathlib import Path

import pytest

from saddle.runs.reading import require_plain_yaml
from saddle_studies.fuzzing import BOMB, fuzzed


def test_no_changed_file_ends_a_command_in_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SADDLE_FUZZ_SECRET", "")
    outcomes = fuzzed(tmp_path, count=60, seed=1, draw_every=1000)
    assert [f"{one.file}: {one.fault}" for one in outcomes if one.fault] == []
    assert sum(bool(one.words) for one in outcomes) > 20


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "refers to another part of itself in line 2"),
        ("a: {" * 60, "is nested too deeply in line 1"),
        ("a: 1\nname: \"\\x24{oc.env:HOME}\"", "contains an interpolation in line 2"),
        ("a: !!python/name:os.system", "contains a tag"),
        ("a: [", "is not YAML in line 2"),
        ("a: " + "x" * 1_000_001, "has 1,000,004 characters"),
    ],
)  # fmt: skip
def test_a_configuration_is_plain_before_anything_is_built_from_it(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"config\.yaml") as refusal:
        require_plain_yaml(text, tmp_path / "config.yaml")
    assert words in str(refusal.value)
