"""Tables of the facts behind the numbers: settings, cost, protocols."""

from saddle.report.comparison import Comparison
from saddle.report.cost import Costs, measured
from saddle.report.protocol import Column
from saddle.report.settings import Setting, differing
from saddle.report.sheet import Cell, Sheet, count_cell, number_cell
from saddle.report.text import duration


def keys_sheet(comparison: Comparison) -> Sheet:
    """The keys that differ. Settings are rows, or columns if there are more keys than settings."""
    keys, names = differing(comparison.settings), [setting.name for setting in comparison.settings]
    down = len(keys) <= len(names)
    columns, rows = (keys, dict(zip(names, zip(*keys.values(), strict=True), strict=False))) if down else (names, keys)
    return Sheet(
        key="keys",
        title="What differs",
        header=("setting" if down else "key", *columns),
        rows=tuple((Cell(text=name), *(Cell(text=value) for value in values)) for name, values in rows.items()),
        numeric=frozenset(),
        words=("Keys that change no number (names, intervals, placement, logger) are left out.",),
    )


def cost_sheet(comparison: Comparison) -> Sheet:
    """The cost of each setting."""
    costs = comparison.costs
    return Sheet(
        key="cost",
        title="Cost",
        header=(
            *("setting", "updates", "images seen", "nominal s an update", "nominal time", "over the baseline's update"),
            *("measured s an update", "measured time"),
        ),
        rows=tuple(_cost(setting, costs, comparison.baseline) for setting in comparison.settings),
        numeric=frozenset(range(1, 8)),
        words=(
            f"Nominal seconds are updates times the median seconds of an update, here from {costs.source}. "
            "In parentheses how far a ratio may be off: one whose interval contains 1 shows no difference. "
            "Measured times (median over the runs) hold whatever else the machine did: they are information only.",
        ),
    )


def protocol_sheet(comparison: Comparison) -> Sheet:
    """How each metric was measured; metrics of equal protocols share a column."""
    groups: list[tuple[list[str], dict[str, str]]] = []
    finished = sum(run.finished for run in comparison.runs)
    for column in comparison.columns:
        flat = {"measured": _when(column), "runs": f"{len(column.results)} of {finished} finished"}
        flat |= {key: str(value) for key, value in column.protocol.items() if value != ""}
        same = next((names for names, protocol in groups if protocol == flat), None)
        groups.append(([column.name], flat)) if same is None else same.append(column.name)
    keys = list(dict.fromkeys(key for _, protocol in groups for key in protocol))
    return Sheet(
        key="protocols",
        title="How each metric was measured",
        header=("", *(", ".join(names) for names, _ in groups)),
        rows=tuple(
            (Cell(text=key.replace("_", " ")), *(Cell(text=protocol.get(key, "-")) for _, protocol in groups))
            for key in keys
        ),
        numeric=frozenset(),
        words=("Numbers of runs whose protocols differ stand in columns of their own, marked (A), (B).",),
    )


def _when(column: Column) -> str:
    after = any(not one.training for one in column.measurements)
    return " or ".join(["during training"] * bool(column.jobs) + ["after training, of the final model"] * after)


def _cost(setting: Setting, costs: Costs, baseline: str) -> tuple[Cell, ...]:
    ended = [run for run in setting.runs if run.finished]
    updates = max((run.updates or 0 for run in ended), default=None)
    images = max((run.summary.get("images_seen") or 0 for run in ended), default=None)
    own, nominal = measured(setting), costs.seconds[setting.name]
    ratio, words = costs.over(setting.name, baseline)
    return (
        Cell(text=setting.name),
        count_cell(updates),
        Cell(text=f"{images:,}" if images else "-", value=images),
        number_cell(nominal),
        _time(nominal, updates),
        Cell(text=words, value=ratio),
        number_cell(own),
        _time(own, updates),
    )


def _time(seconds: float | None, updates: int | None) -> Cell:
    whole = seconds * updates if seconds is not None and updates is not None else None
    return Cell(text=duration(whole), value=whole)
