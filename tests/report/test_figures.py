"""Figures hide nothing: what an axis does not hold is marked, with its value; no label is cut."""

import io
import math

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from saddle.report import curves_figure, values_figure
from saddle.report.curves import Curve
from saddle.report.curves_figure import Abscissa
from saddle.report.figures import save
from saddle.report.statistics import Interval, t_interval
from saddle.report.style import styles_of
from saddle.report.text import number, wrapped

LONG = "loss-relativistic_average_penalty-gradient_penalty_optimizer.generator-" + "WMwm" * 12
SEEDS = {
    "wide": {"a": [322.0, 330.0], "b": [360.0, 361.0, 365.0], "c": [300.0, 527.0]},
    "below zero": {"a": [1.0, 1.1, 1.2], "b": [20.0, 80.0, 30.0], "c": [2.0, 2.2]},
    "one value": {"a": [2.0], "b": [2.0]},
    "narrow": {"a": [1.0, 1.1, 1.05], "b": [2.0, 2.1, 2.05]},
}


def assert_whole(figure: Figure) -> None:
    """Everything that is drawn lies within the figure."""
    save(figure, io.BytesIO(), "png")
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert -0.01 <= drawn.x0 <= drawn.x1 <= width + 0.01
    assert -0.01 <= drawn.y0 <= drawn.y1 <= height + 0.01


def drawn_values(values: dict[str, list[float]]) -> Figure:
    intervals = {name: t_interval(seeds) for name, seeds in values.items()}
    return values_figure.draw(intervals, styles_of(list(values)), "a", "fd\n95% interval", higher=False)


@pytest.mark.parametrize("values", SEEDS.values(), ids=SEEDS)
def test_an_interval_is_within_the_axis_or_has_an_arrow_and_its_value(values: dict[str, list[float]]) -> None:
    figure = drawn_values(values)
    (panel,) = figure.axes
    low, high = panel.get_xlim()
    ends = [end for seeds in values.values() for end in t_interval(seeds).bounds or ()]
    beyond = [end for end in ends if not low <= end <= high]
    assert sorted(text.get_text() for text in panel.texts) == sorted(f"to {number(end)}" for end in beyond)
    arrows = [line.get_marker() for line in panel.lines if line.get_marker() in ("<", ">")]
    assert (arrows.count("<"), arrows.count(">")) == (sum(e < low for e in beyond), sum(e > high for e in beyond))
    for line in panel.lines[1:]:
        assert all(low <= float(x) <= high for x in line.get_xdata())  # type: ignore[union-attr,arg-type]  # an array
    assert_whole(figure)


def test_the_examples_have_intervals_of_both_kinds() -> None:
    """And the axis of the first one is that of the issue: 213 to 564 on 322 to 527 was cut without a mark."""
    counts = {name: len(drawn_values(values).axes[0].texts) for name, values in SEEDS.items()}
    assert counts["wide"] > 0
    assert counts["below zero"] > 0
    assert counts["one value"] == counts["narrow"] == 0


def curve(name: str, *points: tuple[float, float, float]) -> Curve:
    """Of mean, low, high at the updates 0, 100, ..."""
    intervals = (Interval(mean=mean, low=low, high=high, n=3) for mean, low, high in points)
    return Curve(setting=name, points={100.0 * k: one for k, one in enumerate(intervals)}, unfinished=())


def drawn_curves(*curves: Curve, up: str = "fd, smaller is better") -> Figure:
    names = [one.setting for one in curves]
    across = Abscissa(label="updates", scale=dict.fromkeys(names, 1.0))
    return curves_figure.draw(curves, styles_of(names), across, up, (0.5,))


def marks(panel: Axes, marker: str) -> list[float]:
    return [float(x) for line in panel.lines if line.get_marker() == marker for x in line.get_xdata()]  # type: ignore[union-attr,arg-type]  # an array


def legend(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_band_that_goes_on_beyond_the_axis_is_marked_where_it_does_and_its_end_is_named() -> None:
    figure = drawn_curves(curve("a", (8, 7, 9), (5, 4, 6), (4, -90, 98)), curve("b", (8, 7, 9), (6, 5, 7), (5, 4, 6)))
    (panel,) = figure.axes
    assert marks(panel, "^") == marks(panel, "v") == [200.0]
    assert "the band goes on beyond the axis, up to 98" in legend(figure)
    assert "the band goes on beyond the axis, down to -90" in legend(figure)
    assert "band: 95% interval over the seeds" in legend(figure)
    assert_whole(figure)


def test_bands_that_are_not_much_wider_than_the_lines_are_whole() -> None:
    figure = drawn_curves(curve("a", (8, 6, 10), (5, 4, 6)), curve("b", (100, 70, 130), (1, 0.7, 1.3)))
    (panel,) = figure.axes
    assert marks(panel, "^") == marks(panel, "v") == []
    assert panel.get_ylim()[1] > 130
    assert not [name for name in legend(figure) if "beyond" in name]


def test_a_band_has_a_gap_where_there_is_no_interval() -> None:
    missing = Interval(mean=math.nan, low=None, high=None, n=3)
    points = {**curve("a", (8, 6, 10), (5, 4, 6)).points, 200.0: missing, 300.0: Interval(mean=4, low=3, high=5, n=3)}
    (panel,) = drawn_curves(Curve(setting="a", points=points, unfinished=())).axes
    assert len(panel.collections) == 1
    assert len(panel.collections[0].get_paths()) >= 2


def test_names_and_labels_are_whole_however_long_they_are() -> None:
    names = [f"{LONG}_{k}" for k in range(3)]
    values = values_figure.draw(
        {name: t_interval([k + 1.0, k + 2.0]) for k, name in enumerate(names)},
        styles_of(names),
        names[0],
        f"{'precision_' * 6}\nlast value: mean and 95% interval over the seeds",
        higher=True,
    )
    assert_whole(values)
    labels = [label.get_text().replace("\n", "") for label in values.axes[0].get_yticklabels()]
    assert labels == names
    curves = drawn_curves(*(curve(name, (8, 6, 10), (5, 4, 6)) for name in names), up="precision_" * 6)
    assert_whole(curves)
    assert {name.replace("\n", "") for name in legend(curves)} >= set(names)


def test_a_wrapped_name_loses_nothing_and_breaks_between_its_parts() -> None:
    assert wrapped("loss-relativistic_average_penalty-r1_r2", 30) == "loss-relativistic_average_\npenalty-r1_r2"
    assert wrapped("Minimax, no penalty", 12) == "Minimax, no\npenalty"
    assert wrapped("short", 12) == "short"
    for longest in (1, 7, 200):
        lines = wrapped(LONG, longest).split("\n")
        assert "".join(lines) == LONG
        assert max(map(len, lines)) <= longest


def test_a_figure_is_the_same_in_each_writing_and_its_pdf_holds_whole_fonts() -> None:
    """Type 3 fonts, matplotlib's default, are refused by journals."""
    figure = drawn_values(SEEDS["narrow"])
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        save(figure, file, "pdf")
    assert files[0].getvalue() == files[1].getvalue()
    assert b"/Type3" not in files[0].getvalue()
    assert b"/TrueType" in files[0].getvalue() or b"/CIDFontType2" in files[0].getvalue()
