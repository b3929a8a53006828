"""Execute the notebooks and store what their cells show.

    python experiments/notebooks/execute.py [NAME.ipynb ...]          two cores: about a minute for both

All code cells of a notebook run in one namespace and in an empty folder. What a cell prints is stored, and the value of
its last expression: an image or a figure as a picture, anything else as text. Progress is not stored.
"""

import ast
import base64
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Execute the notebooks that are named, or all, and write them."""
    for path in [Path(name) for name in sys.argv[1:]] or sorted(HERE.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        execute(notebook)
        path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def execute(notebook: dict[str, Any], change: Callable[[str], str] = str) -> dict[str, Any]:
    """Run all code cells and replace their outputs; the namespace that they leave.

    Args:
        notebook: as `json.load` reads it.
        change: of each cell's code before it runs.
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    with tempfile.TemporaryDirectory() as place, chdir(place):
        for number, cell in enumerate(cells, 1):
            cell["execution_count"] = number
            cell["outputs"] = _run(change("".join(cell["source"])), names, number)
    return names


def _run(code: str, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """The outputs of one cell."""
    body = ast.parse(code).body
    last = ast.Expression(body.pop().value) if body and isinstance(body[-1], ast.Expr) else None  # type: ignore[attr-defined]  # of an Expr
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(compile(ast.Module(body, []), "cell", "exec"), names)
        value = eval(compile(last, "cell", "eval"), names) if last else None
    text = printed.getvalue().replace(f"{Path.cwd()}{os.sep}", "")
    stream = {"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}
    shown = {"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": _data(value)}
    return [*([stream] if text else []), *([shown] if value is not None else [])]


def _data(value: Any) -> dict[str, Any]:
    """A value as Jupyter stores it."""
    save = getattr(value, "savefig", None) or getattr(value, "save", None)  # of matplotlib and of pillow
    if save is None:
        return {"text/plain": repr(value).replace(f"{Path.cwd()}{os.sep}", "").splitlines(keepends=True)}
    picture = io.BytesIO()
    save(picture, format="png")
    return {"image/png": base64.b64encode(picture.getvalue()).decode(), "text/plain": [repr(type(value))]}


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
