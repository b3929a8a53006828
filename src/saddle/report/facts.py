"""Tables of what belongs to the numbers: settings, cost, protocols."""

from saddle.report.compared import Comparison
from saddle.report.cost import measured
from saddle.report.settings import Setting, differing
from saddle.report.sheet import Cell, Sheet
from saddle.report.text import duration, number


def keys_sheet(found: Comparison) -> Sheet:
    """The keys that differ: settings down, or across where the keys are more."""
    keys, names = differing(found.settings), [setting.name for setting in found.settings]
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


def cost_sheet(found: Comparison) -> Sheet:
    """What each setting costs."""
    base = found.costs.seconds.get(found.baseline)
    return Sheet(
        key="cost",
        title="Cost",
        header=(
            *("setting", "updates", "images seen", "nominal s an update", "nominal time", "over the baseline's update"),
            *("measured s an update", "measured time"),
        ),
        rows=tuple(_cost(setting, found.costs.seconds[setting.name], base) for setting in found.settings),
        numeric=frozenset(range(1, 8)),
        words=(
            f"Nominal seconds are updates times the median seconds of an update, here from {found.costs.source}. "
            "Measured times (median over the runs) hold whatever else the machine did: they are information only.",
        ),
    )


def protocol_sheet(found: Comparison) -> Sheet:
    """How each column was measured, equal protocols in one."""
    groups: list[tuple[list[str], dict[str, str]]] = []
    for column in found.columns:
        flat = {key: str(value) for key, value in column.protocol.items() if value != ""}
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


def _cost(setting: Setting, nominal: float | None, base: float | None) -> tuple[Cell, ...]:
    ended = [run for run in setting.runs if run.finished]
    updates = max((run.updates or 0 for run in ended), default=None)
    images = max((run.summary.get("images_seen") or 0 for run in ended), default=None)
    whole = nominal * updates if nominal is not None and updates is not None else None
    own = measured(setting)
    spent = own * updates if own is not None and updates is not None else None
    share = nominal / base if nominal is not None and base else None
    return (
        Cell(text=setting.name),
        Cell(text="-" if updates is None else f"{updates:,}", value=updates),
        Cell(text=f"{images:,}" if images else "-", value=images),
        Cell(text=number(nominal), value=nominal),
        Cell(text=duration(whole), value=whole),
        Cell(text="-" if share is None else f"{share:.2f}", value=share),
        Cell(text=number(own), value=own),
        Cell(text=duration(spent), value=spent),
    )
