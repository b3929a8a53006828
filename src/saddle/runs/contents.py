"""The types of the values in a run's JSON files: a file of other types is refused by name where it is read.

A file may have more keys than those listed here, and lack some; null stands for a value or a mapping that does not
exist, but not for a list or a part of one.
"""

from collections.abc import Mapping
from typing import Any

LARGEST = 2**63
"""Larger whole numbers are no counts, and overflow where they are drawn."""
Types = tuple[type, ...]
NUMBER: Types = (int, float)
COUNT: Types = (int,)
TEXT: Types = (str,)
FLAG: Types = (bool,)


class Each(dict[str, Any]):
    """A mapping from any names to values of one kind, `Each(value=kind)`."""


NUMBERS, FLAGS, TEXTS = Each(value=NUMBER), Each(value=FLAG), Each(value=TEXT)
PROTOCOL = {"comparisons": [{"metrics": [TEXT]}]}
VALUES = {"last": NUMBER, "best": NUMBER, "best_updates": COUNT}
"""Of a metric in the summary; other programs may have added metrics of other forms."""
SUMMARY = {
    **{"updates": COUNT, "images_seen": COUNT, "seconds": NUMBER, "floor": NUMBER, "lower_is_better": FLAG},
    **{"main_metric": TEXT, "wandb": TEXT, "wandb_path": TEXT, "protocol": PROTOCOL, "metrics": {}},
    **{"data": {"digest": {}}},
}
ENVIRONMENT = {
    **{"saddle": TEXT, "commit": TEXT, "versions": TEXTS, "trial": TEXTS, "earlier": [{}]},
    **{"metrics": Each(value={"higher_is_better": FLAG})},
}
EVALUATIONS = {
    "evaluations": [
        {
            **{"metrics": NUMBERS, "floor": NUMBERS, "higher_is_better": FLAGS, "states": [TEXT]},
            **{"nearest": {"extractor": TEXT, "samples": NUMBER, "held_out": NUMBER}},
            **{"protocol": PROTOCOL, "updates": COUNT, "model": TEXT, "missing": TEXTS, "wandb": TEXT},
        }
    ]
}
MODEL = {"saddle": TEXT, "updates": COUNT}
SWEEP = {"command": TEXT, "jobs": [{"name": TEXT, "overrides": [TEXT]}]}


def wrong(content: Any, kind: Any, path: str = "") -> str:
    """The first place where `content` is of another kind, such as `metrics.fid.last`; empty if there is none."""
    if content is None and not isinstance(kind, list):
        return ""
    if isinstance(kind, tuple):
        return "" if type(content) in kind and not (isinstance(content, int) and abs(content) > LARGEST) else path
    if not isinstance(content, list if isinstance(kind, list) else dict):
        return path or "the content"
    if isinstance(content, list):
        nothing = ()  # of no kind: a part of a list may not be null
        parts = [(str(index), nothing if value is None else value, kind[0]) for index, value in enumerate(content)]
    elif isinstance(kind, Each):
        parts = [(name, value, kind["value"]) for name, value in content.items()]
    else:
        parts = [(name, content[name], inner) for name, inner in kind.items() if name in content]
    places = (wrong(value, inner, f"{path}.{name}" if path else name) for name, value, inner in parts)
    return next(filter(None, places), "")


def of_kind(content: dict[str, Any], kind: Mapping[str, Any], path: object) -> dict[str, Any]:
    """`content`, read from the file `path`.

    Raises:
        ValueError: a value is of another type; the message names it.
    """
    if place := wrong(content, kind):
        raise ValueError(
            f"{path}: {place} is of another type than a run stores: it was changed by hand; restore it, or delete it"
        )
    return content
