"""Values against types: the one check for top-level keys and for the arguments of constructors.

Values are what YAML knows: numbers, texts, true and false, null, lists, mappings. pydantic checks them as strict JSON:
"3", true and 2.5 are no whole numbers, a whole number is a number, a list may stand for a tuple.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from saddle.config.messages import listing, show


class Opaque:
    """Stands for a class whose instances no configuration can spell, such as a tensor or a module."""

    def __class_getitem__(cls, parameters: Any) -> type["Opaque"]:
        """`Opaque[...]`, where an annotation gives parameters, is just as opaque."""
        return cls


def fits(value: Any, kind: Any) -> bool:
    """Whether `value` is of type `kind`; NaN is of none, and neither is infinity, which 1e400 is read as."""
    if isinstance(value, float) and not isfinite(value):
        return False
    if get_origin(kind) in (Union, UnionType):
        return any(fits(value, option) for option in get_args(kind))
    if get_origin(kind) is Literal:  # pydantic takes true for 1
        return any(type(value) is type(option) and value == option for option in get_args(kind))
    try:
        _adapter(kind).validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError:
        return False
    return True


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))


def mended(value: Any, kind: Any) -> str | None:
    """What was probably meant by `value` where a `kind` is wanted, as one types it: 10000 for 1e4."""
    if isinstance(value, str):
        try:
            read = yaml.safe_load(value)  # "3" is 3, yes is true
        except yaml.YAMLError:
            return None
        infinite = isinstance(read, float) and not isfinite(read)
        return show(read) if read is not None and not infinite and fits(read, kind) else None
    if isinstance(value, float) and value.is_integer() and fits(int(value), kind):
        return str(int(value))
    if isinstance(value, bool | int | float) and fits(str(value), kind):
        return f"'\"{show(value)}\"'"
    return f"[{show(value)}]" if fits([value], kind) else None


_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "a text",
    Path: "a path",
    NoneType: "null",
    Opaque: "a node with _target_",
    Any: "anything",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
}


def describe(kind: Any) -> str:
    """What values of type `kind` are, in words."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType, Literal):
        return listing(dict.fromkeys(_options(kind)), "or")
    if origin is Annotated:
        bounds = [text for note in arguments[1:] for text in _bounds(note)]
        return describe(arguments[0]) + (f" {listing(bounds, 'and')}" if bounds else "")
    if origin is tuple and Ellipsis not in arguments:
        return f"a list of {len(arguments)}: {listing([describe(argument) for argument in arguments], 'and')}"
    if origin is Callable:
        return _WORDS[Opaque]
    if isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, dict):
        return f"a list, each element {describe(arguments[0])}"
    return _WORDS.get(origin or kind) or str(getattr(kind, "__name__", kind))


def _options(kind: Any) -> Iterator[str]:
    """The alternatives of a union or of literals; opaque ones only where there is no other."""
    if get_origin(kind) is Literal:
        yield from map(show, get_args(kind))
    elif get_origin(kind) in (Union, UnionType):
        spelled = [option for option in get_args(kind) if describe(option) != _WORDS[Opaque]]
        for option in spelled if set(spelled) - {NoneType} else get_args(kind):
            yield from _options(option)
    else:
        yield describe(kind)


def _bounds(note: Any) -> list[str]:
    if isinstance(note, FieldInfo):
        return [text for inner in note.metadata for text in _bounds(inner)]
    words = {"gt": "above", "ge": "from", "lt": "below", "le": "up to", "multiple_of": "that is a multiple of"}
    return [f"{word} {bound}" for name, word in words.items() if (bound := getattr(note, name, None)) is not None]
