"""What a refusal looks like: one message that says what is wrong, where, and what would be right."""

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any


class ConfigError(ValueError):
    """A configuration that cannot be run; its text is meant for the person who wrote it."""


def listing(words: Iterable[str], last: str) -> str:
    """`a, b or c` for the words a, b, c and last = `or`."""
    *head, tail = list(words)
    return f"{', '.join(head)} {last} {tail}" if head else tail


def nearest(word: str, words: Iterable[str]) -> list[str]:
    """At most three of `words` that `word` may have been meant for, the likeliest first."""
    by_lower = {candidate.lower(): candidate for candidate in words}
    close = get_close_matches(word.lower(), by_lower, n=3, cutoff=0.6)
    begun = [lower for lower in by_lower if len(word) > 1 and lower.startswith(word.lower()) and lower not in close]
    return [by_lower[lower] for lower in [*close, *begun][:3]]


def meant(words: Sequence[str]) -> str:
    """`; did you mean a or b?`, or nothing where there is nothing to suggest."""
    return f"; did you mean {listing(words, 'or')}?" if words else ""


def show(value: Any) -> str:
    """A value as a person would type it in an override."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
