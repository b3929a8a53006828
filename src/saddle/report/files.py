"""A comparison on disk: the page, the tables and the figures in the folder `compare/` next to the runs."""

from pathlib import Path
from typing import TYPE_CHECKING

from saddle.report.comparison import Comparison
from saddle.runs.folder import replace_file
from saddle.runs.sweep import read_sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from saddle.report.figures import Drawn
    from saddle.report.page import Plot

FOLDER = "compare"
PAGE = "index.html"
FIGURES = "figures"
MOST_OVERVIEW = 16
"""The largest number of runs that the overview has room for."""


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write page, tables and figures into `folder`/compare; returns the page's path."""
    from saddle.report import export, layout, overview  # matplotlib: about a second that a start should not cost
    from saddle.report.figures import curve_figures, value_figures
    from saddle.report.latex import latex
    from saddle.report.page import Plot, page

    out = folder / FOLDER
    figures = out / FIGURES
    values = [_plot(figures, drawn, paper=True) for drawn in value_figures(comparison)]
    curves: dict[str, list[Plot]] = {}
    for drawn in curve_figures(comparison):
        paper = drawn.column in comparison.leads
        curves.setdefault(drawn.column.name, []).append(_plot(figures, drawn, paper=paper))
    if len(comparison.runs) <= MOST_OVERVIEW:
        _save(figures / "overview.png", overview.draw(comparison.runs, losses=len(comparison.models) < 2))
    _write(out / "table.csv", export.table_csv(comparison))
    _write(out / "effects.csv", export.effects_csv(comparison))
    _write(out / "table.tex", latex(layout.paper_sheets(comparison)))
    _write(out / "runs.csv", export.runs_csv(comparison))
    _write(out / "table.md", export.table_markdown(comparison, layout.table_sheets(comparison, out)))
    lead = layout.lead(comparison, str(read_sweep(folder).get("command", "")))
    _write(out / PAGE, page(comparison.name, lead, layout.blocks(comparison, out, values, curves)))
    return out / PAGE


def _write(path: Path, text: str) -> None:
    replace_file(
        path, lambda file: file.write(text.encode(errors="backslashreplace"))
    )  # a name may be half a character


def _plot(folder: Path, drawn: "Drawn", *, paper: bool) -> "Plot":
    """The figure for the page, and its files: SVG, PNG and, for a `paper`, PDF, which takes longest."""
    from saddle.report.figures import svg
    from saddle.report.page import Plot

    for kind in ("png", "pdf") if paper else ("png",):
        _save(folder / f"{drawn.name}.{kind}", drawn.figure)
    plot = Plot(svg=svg(drawn.figure), alt=drawn.alt, key=drawn.name)
    _write(folder / f"{drawn.name}.svg", plot.svg)
    return plot


def _save(path: Path, figure: "Figure") -> None:
    from saddle.report.figures import save

    replace_file(path, lambda file: save(figure, file, path.suffix[1:]))
