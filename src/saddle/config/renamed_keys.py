"""Keys that have moved: for one release an override may still use the old name, and a note gives the new one."""

from collections.abc import Sequence

from saddle.config.stored_evaluator import EVALUATORS

RENAMED = {
    f"evaluator.{key}": f"evaluator.metrics.{metric}.{key}"
    for _, metrics in EVALUATORS.values()
    for metric, keys in metrics.items()
    for key in keys
} | {f"logger.{key}": f"logger.wandb.{key}" for key in ("project", "entity", "timeout", "finish_timeout")}
"""Old key -> present key."""


def with_present_keys(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of a command line with present keys, and a note for each word that changed."""
    present, notes = [], []
    for word in words:
        key, equals, value = word.partition("=")
        prefix = key[: len(key) - len(key.lstrip("+"))]
        if key[len(prefix) :] in RENAMED and equals:
            moved = f"{prefix}{RENAMED[key[len(prefix) :]]}={value}"
            notes.append(f"{word} is now written {moved}; the old key will be refused in the next release")
            word = moved
        present.append(word)
    return present, notes
