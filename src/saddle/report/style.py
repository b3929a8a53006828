"""The look of the figures: colours, dashes, words and logarithmic axes."""

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from saddle.report.text import number

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Okabe and Ito (2008): distinct with any kind of colour vision; without yellow and black, for any background."""
DASHES = ("-", (0, (4, 1.2)), (0, (1.2, 1)))
INK = "#333333"
"""Colour of axes and words; the page replaces it by its own."""
PALE = "#999999"
MOST = len(COLOURS) * len(DASHES)
"""The number of settings that have a style of their own."""

Style = dict[str, Any]


def styles_of(settings: Sequence[str]) -> dict[str, Style]:
    """A colour and a dash for each of the first `MOST` settings, the same in all figures."""
    styles = ({"color": colour, "linestyle": dash} for dash in DASHES for colour in COLOURS)
    return dict(zip(islice(settings, MOST), cycle(styles), strict=False))


def empty_figure(width: float, height: float, dpi: int = 120) -> Figure:
    """A figure of `width` x `height` inches that needs no display."""
    figure = Figure(figsize=(width, height), dpi=dpi)
    FigureCanvasAgg(figure)
    return figure


def logarithmic_ticks(axis: Axis, *, narrow: bool) -> None:
    """Ticks of a logarithmic axis: powers of ten, and 2 and 5 times these if the range is narrow."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if narrow else (1,)))
    axis.set_minor_formatter(NullFormatter())
    number_ticks(axis)


def number_ticks(axis: Axis) -> None:
    """Numbers as in the tables."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))


def words(text: str) -> str:
    """Text in which matplotlib sees no mathematics."""
    return text.replace("$", r"\$")


def size_of(drawn: Text | Legend) -> tuple[float, float]:
    """Width and height of a text or a legend in inches, in the fonts of its figure."""
    figure = drawn.get_figure(root=True)
    assert isinstance(figure, Figure)
    box = drawn.get_window_extent(figure.canvas.get_renderer())  # type: ignore[attr-defined]  # of Agg, see above
    return box.width / figure.dpi, box.height / figure.dpi
