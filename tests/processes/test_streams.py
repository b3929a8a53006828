"""Output: streams that are missing, lost, or of another encoding, and text of strangers."""

import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from saddle.processes.streams import lasting_streams, printable

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 中文, é\n\tnext\r", "plain, 中文, é\n\tnext\r"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m\x00", r"\x9b31m\x00"),
        ("abc\u202ecba", r"abc\u202ecba"),  # turns the direction of what follows
        ("half \ud800", r"half \ud800"),
    ],
)
def test_text_of_strangers_cannot_command_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_a_stream_of_another_encoding_is_no_error(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    written = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(written, encoding=encoding))
    with lasting_streams(escaped=True):
        print("é \x1b[1m \ud800")
    assert written.getvalue().decode(encoding) in ("é \\x1b[1m \\ud800\n", "\\xe9 \\x1b[1m \\ud800\n")


def test_a_command_without_streams_writes_into_no_file_of_its_own(tmp_path: Path) -> None:
    """The first file that a process opens gets the number of a stream that is closed, and all output with it."""
    code = (
        "import sys; from saddle.processes.streams import lasting_streams, open_missing_streams as o; o();"
        "file = open('data', 'w'); import os; assert os.get_inheritable(1) and os.get_inheritable(2);"
        "\nwith lasting_streams(): print('out'); print('err', file=sys.stderr)\nfile.write('kept')"
    )
    shell = [f'"{sys.executable}" -c "$CODE" <&- >&- 2>&-']
    subprocess.run(shell, shell=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(SRC), "CODE": code}, check=True)
    assert (tmp_path / "data").read_text() == "kept"
