"""Both notebooks of experiments/ run, with fewer updates, and are stored with what their cells show."""

import json
import re
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "experiments" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.filterwarnings("ignore:.* generated and .* real images")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
    stored = [[output["output_type"] for output in cell["outputs"]] for cell in cells]
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell["outputs"])

    def shortened(code: str) -> str:
        return re.sub(r'(updates"?(?:=|: ))\d+', r"\g<1>4", re.sub(r'(evaluate_every"?(?:=|: ))\d+', r"\g<1>4", code))

    runpy.run_path(str(FOLDER / "execute.py"))["execute"](notebook, shortened)
    assert [[output["output_type"] for output in cell["outputs"]] for cell in cells] == stored
