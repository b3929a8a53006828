"""Which arguments a class takes, and of which types, read from its source."""

import ast
import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from saddle.config.kinds import Opaque, fits
from saddle.config.source import Definition, Import, Module, lookup, option

LIGHT = ("typing", "typing_extensions", "collections", "pathlib", "pydantic", "annotated_types", "numbers", "types")
"""Packages whose types are imported as they are; every other class counts as opaque."""


@dataclass(frozen=True)
class Argument:
    """One argument of a constructor."""

    name: str
    required: bool
    annotation: ast.expr | None
    module: Module

    @cached_property
    def kind(self) -> Any:
        """Its type; `Any` where the annotation cannot be understood without importing the module."""
        return Any if self.annotation is None else _evaluate(self.annotation, self.module)


@dataclass(frozen=True)
class Signature:
    """The arguments of a class by name; an `open` one takes others as well."""

    name: str
    arguments: dict[str, Argument] = field(hash=False)
    open: bool


@cache
def signature(target: Definition) -> Signature:
    """How `target` wants to be called."""
    arguments, is_open = _arguments(target)
    return Signature(target.name, {argument.name: argument for argument in arguments}, is_open)


def _arguments(target: Definition) -> tuple[list[Argument], bool]:
    node = target.node
    if isinstance(node, ast.FunctionDef):
        return _parameters(node.args, target.module, bound=False)
    if not isinstance(node, ast.ClassDef):
        return [], True
    if target.module.name == "torch.nn.modules.module":  # written as (*args, **kwargs), but refuses any
        return [], False
    for statement in node.body:
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            return _parameters(statement.args, target.module, bound=True)
    if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list):
        return _fields(node, target.module), False
    for base in node.bases:
        base_class = lookup(base, target.module)
        if isinstance(base_class, Definition):
            arguments, is_open = _arguments(base_class)
            if arguments or is_open:
                return arguments, is_open
        elif ast.unparse(base) != "object":
            return [], True
    return [], False


def _parameters(args: ast.arguments, module: Module, bound: bool) -> tuple[list[Argument], bool]:
    positional = [*args.posonlyargs, *args.args]
    needed = len(positional) - len(args.defaults)
    arguments = [Argument(arg.arg, i < needed, arg.annotation, module) for i, arg in enumerate(positional)][bound:]
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        arguments.append(Argument(arg.arg, default is None, arg.annotation, module))
    return arguments, args.kwarg is not None


def _fields(node: ast.ClassDef, module: Module) -> list[Argument]:
    return [
        Argument(statement.target.id, statement.value is None, statement.annotation, module)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]


class _Names(Mapping[str, Any]):
    """The names that annotations of a module may use, as types."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def __getitem__(self, name: str) -> Any:
        bound = self.module.bindings.get(name)
        if isinstance(bound, Import) and bound.module.partition(".")[0] in LIGHT:
            imported = import_module(bound.module)
            return imported if bound.name is None else getattr(imported, bound.name)
        if bound is None and name in vars(builtins):
            return getattr(builtins, name)
        return _as_type(option(self.module, name))

    def __iter__(self) -> Any:
        return iter(self.module.bindings)

    def __len__(self) -> int:
        return len(self.module.bindings)


class _Attributes:
    """A module in an annotation, as in `nn.Module`."""

    def __init__(self, module: Module) -> None:
        self._names = _Names(module)

    def __getattr__(self, name: str) -> Any:
        return self._names[name]


def _as_type(definition: Definition | Module | None) -> Any:
    if isinstance(definition, Module):
        return _Attributes(definition)
    if isinstance(definition, Definition):
        return Opaque if isinstance(definition.node, ast.ClassDef) else _evaluate(definition.node, definition.module)
    return Any


def _evaluate(annotation: ast.AST, module: Module) -> Any:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if not isinstance(annotation, ast.expr):
        return Any
    code = compile(ast.Expression(annotation), str(module.path), "eval")
    try:
        kind = eval(code, {"__builtins__": {}}, _Names(module))
        fits(None, kind)  # whether pydantic understands it
    except Exception:  # whatever a stranger's annotation may do; it is then not checked
        return Any
    return kind
