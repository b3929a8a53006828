"""What a refusal looks like: it says what is wrong, where, and what would be right."""

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any


class ConfigError(ValueError):
    """A configuration that cannot be run; the text is for the person who wrote it."""


def listing(words: Iterable[str], last: str) -> str:
    """`a, b or c` for the words a, b, c and last = `or`; `nothing` for no words."""
    *head, tail = list(words) or ["nothing"]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def nearest(word: str, words: Iterable[str]) -> list[str]:
    """At most three of `words` that `word` may have been meant for, the likeliest first."""
    by_lower = {candidate.lower(): candidate for candidate in words}
    close = get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    begun = [lower for lower in by_lower if len(word) > 1 and lower.startswith(word.lower()) and lower not in close]
    return [by_lower[lower] for lower in [*close, *begun][:3]]


def meant(words: Sequence[str], otherwise: str = "") -> str:
    """`; did you mean a or b?`, or where there is nothing to suggest `otherwise` after a semicolon."""
    if words:
        return f"; did you mean {listing(words, 'or')}?"
    return f"; {otherwise}" if otherwise else ""


def show(value: Any) -> str:
    """A value as one types it in an override."""
    if isinstance(value, str):
        return value or "''"
    return json.dumps(value, ensure_ascii=False, default=str)
