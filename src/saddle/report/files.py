"""A comparison on disk: the page, the tables and the figures in the folder `compare/` next to the runs."""

from pathlib import Path
from typing import TYPE_CHECKING

from saddle.report.comparison import Comparison
from saddle.runs.folder import replace_file
from saddle.runs.sweep import read_sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = "compare"
PAGE = "index.html"
FIGURES = "figures"
MOST_OVERVIEW = 16
"""The largest number of runs that the overview has room for."""


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write page, tables and figures into `folder`/compare; returns the page's path."""
    from saddle.report import export, layout, overview  # matplotlib: about a second that a start should not cost
    from saddle.report.figures import curve_figures, svg, value_figures
    from saddle.report.page import Plot, page

    out = folder / FOLDER
    curves: dict[str, list[Plot]] = {}
    values: list[Plot] = []
    drawn = [
        (values, f"values-{_file_name(column.name)}", figure, alt) for column, figure, alt in value_figures(comparison)
    ]
    for column, key, figure, alt in curve_figures(comparison):
        drawn.append((curves.setdefault(column.name, []), f"curves-{_file_name(column.name)}-{key}", figure, alt))
    for plots, name, figure, alt in drawn:
        plots.append(Plot(svg=svg(figure), alt=alt, key=name))
        _write(out / FIGURES / f"{name}.svg", plots[-1].svg)
        _picture(out / FIGURES / f"{name}.png", figure)
    if len(comparison.runs) <= MOST_OVERVIEW:
        figure = overview.draw(comparison.runs, losses=len(comparison.models) < 2)
        _picture(out / FIGURES / "overview.png", figure)
    _write(out / "table.csv", export.table_csv(comparison))
    _write(out / "runs.csv", export.runs_csv(comparison))
    _write(out / "table.md", export.table_markdown(comparison, layout.table_sheets(comparison, out)))
    lead = layout.lead(comparison, str(read_sweep(folder).get("command", "")))
    _write(out / PAGE, page(comparison.name, lead, layout.blocks(comparison, out, values, curves)))
    return out / PAGE


def _write(path: Path, text: str) -> None:
    replace_file(
        path, lambda file: file.write(text.encode(errors="backslashreplace"))
    )  # a name may be half a character


def _picture(path: Path, figure: "Figure") -> None:
    replace_file(path, lambda file: figure.savefig(file, format="png"))


def _file_name(column: str) -> str:
    """`fd_faces-A` for the column `fd_faces (A)`."""
    return column.replace(" (", "-").replace(")", "")
