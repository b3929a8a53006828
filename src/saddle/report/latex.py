"""Tables as LaTeX for a paper, with the rules of the package booktabs."""

import re
from collections.abc import Sequence

from saddle.report.sheet import Cell, Sheet

SPECIAL = {
    **{character: rf"\{character}" for character in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}"},
    **{"↑": r"$\uparrow$", "↓": r"$\downarrow$"},
}
"""Characters that mean something to LaTeX, or that its fonts do not have -> how they are written."""
MINUS = re.compile(r"(?<![\w.])-(?=\d)")


def latex(sheets: Sequence[Sheet]) -> str:
    r"""One `table` for each sheet; a document needs `\usepackage{booktabs}` and `\usepackage[T1]{fontenc}`."""
    needs = r"% Needs \usepackage{booktabs} and \usepackage[T1]{fontenc}."
    return "\n\n".join([needs, *map(_table, sheets)]) + "\n"


def escaped(text: str) -> str:
    """A text that LaTeX prints as it is, in one line."""
    return "".join(SPECIAL.get(character, character) for character in " ".join(text.split()))


def _table(sheet: Sheet) -> str:
    alignment = "".join("r" if index in sheet.numeric else "l" for index in range(len(sheet.header)))
    lines = [
        r"\begin{table}",
        r"  \centering",
        rf"  \caption{{{escaped(' '.join([sheet.title.rstrip('.') + '.', *sheet.words]))}}}",
        rf"  \label{{tab:{re.sub('[^A-Za-z0-9-]', '-', sheet.key)}}}",
        rf"  \begin{{tabular}}{{{alignment}}}",
        r"    \toprule",
        _row([escaped(title) for title in sheet.header]),
        r"    \midrule",
        *(_row([_cell(cell, index in sheet.numeric) for index, cell in enumerate(row)]) for row in sheet.rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"


def _cell(cell: Cell, numeric: bool) -> str:
    """The text, and behind it the note in smaller print; a number's hyphen is a minus sign."""
    text, note = escaped(cell.text), escaped(cell.note)
    if numeric:
        text, note = (MINUS.sub("$-$", part) for part in (text, note))
    return rf"{text} {{\footnotesize ({note})}}" if note else text
