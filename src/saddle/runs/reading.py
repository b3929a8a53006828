"""Reads files that a crash, a failing disk or a stranger may have changed: "cannot be read" is never "is not there"."""

import os
from pathlib import Path

import yaml

POINTER = b"version https://git-lfs"
"""The beginning of a file that stands for one in a large-file store (Git LFS) until that is fetched."""
MEND = "make it readable again, or move it away if it is lost"


def is_there(path: Path) -> bool:
    """Whether something has that name, even if it cannot be read, such as a link to a file that was not fetched."""
    return os.path.lexists(path)


def read_file(path: Path) -> bytes | None:
    """The content of a file; None only if there is no such file.

    Raises:
        OSError: there is one, and it cannot be read; or its content is still in another place.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        if not path.is_symlink():
            return None
        raise OSError(f"{path} cannot be read (it is a link to a file that is not there): {MEND}") from None
    except OSError as error:
        raise OSError(f"{path} cannot be read ({error.strerror or error}): {MEND}") from None
    if content.startswith(POINTER):
        raise OSError(f"{path} cannot be read (it is a pointer to a large-file store: git lfs pull): {MEND}")
    return content


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader written in C is ten times as fast, where it was built; both are safe."""
LONGEST, DEEPEST = 1_000_000, 50
"""Most characters of a stored configuration, and its deepest nesting: ten times what any has."""


def first_line(error: Exception) -> str:
    """The type of an error and the first line of its text."""
    return f"{type(error).__name__}: {error}".partition("\n")[0].strip(": ")


def require_plain_yaml(text: str, path: Path) -> None:
    """Refuse YAML that a run does not store, before anything is built from it.

    A reference to an earlier part makes nine lines as large as memory; an interpolation, which may be written with
    escapes, would read this machine's environment; a tag would name a class.

    Raises:
        ValueError: the text is not YAML, or contains one of these; the message names the line.
    """
    if len(text) > LONGEST:
        raise ValueError(f"{path} has {len(text):,} characters, more than any configuration: it was changed by hand")
    depth = 0
    try:
        for event in yaml.parse(text, Loader=LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if problem := _problem(event, depth):
                raise ValueError(f"{path} {problem} in line {event.start_mark.line + 1}: it was changed by hand")
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        line = mark.line + 1 if mark else "?"
        raise ValueError(f"{path} is not YAML in line {line}: it was changed by hand") from None


def _problem(event: yaml.Event, depth: int) -> str:
    if isinstance(event, yaml.AliasEvent):
        return "refers to another part of itself"
    if depth > DEEPEST:
        return "is nested too deeply"
    if getattr(event, "tag", None) is not None:
        return f"contains a tag ({event.tag})"
    return "contains an interpolation" if isinstance(event, yaml.ScalarEvent) and "${" in event.value else ""
