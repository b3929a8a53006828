"""Python modules as they are written: what they define and what they import, read without importing them.

`import torch` alone takes longer than a refusal may, so classes named in a configuration are looked up in the source.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from saddle.config.messages import ConfigError


@dataclass(frozen=True)
class Import:
    """`from module import name`; without a name, `import module`."""

    module: str
    name: str | None


@dataclass(frozen=True)
class Definition:
    """A class, a function, or an expression bound to a name, and the module that it is written in."""

    module: "Module"
    name: str
    node: ast.ClassDef | ast.FunctionDef | ast.expr


@dataclass(frozen=True)
class Module:
    """One file: its name, its path, what its top level binds, and which modules it imports all names from."""

    name: str
    path: Path
    bindings: dict[str, Import | Definition] = field(default_factory=dict, hash=False, compare=False)
    stars: list[str] = field(default_factory=list, hash=False, compare=False)

    @property
    def package(self) -> str:
        """The name that relative imports start from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def find(dotted: str) -> Definition | Module | None:
    """What `dotted` names, with imports followed to where it is written; None if there is no such thing."""
    top, *parts = dotted.split(".")
    named: Definition | Module | None = load(top)
    for part in parts:
        if not isinstance(named, Module):
            return None  # a class's attributes are not looked up
        named = option(named, part)
    return named


def option(module: Module, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> Definition | Module | None:
    """What `name` is inside `module`."""
    again = (module.name, name) in seen  # `from torch import optim` inside torch: the submodule
    seen |= {(module.name, name)}
    bound = None if again else module.bindings.get(name)
    if isinstance(bound, Import):
        source = load(bound.module)
        return source if bound.name is None or source is None else option(source, bound.name, seen)
    if bound is not None:
        return _follow(bound, seen)
    if module.path.name == "__init__.py" and (submodule := load(f"{module.name}.{name}")):
        return submodule
    for star in module.stars if not name.startswith("_") and not again else []:
        if (source := load(star)) and (named := option(source, name, seen)):
            return named
    return None


def lookup(expression: ast.expr, module: Module) -> Definition | Module | None:
    """What an expression such as `Loss`, `nn.Module` or `Generic[T]` stands for in `module`."""
    match expression:
        case ast.Name(id=name):
            return option(module, name)
        case ast.Attribute(value=value, attr=name):
            owner = lookup(value, module)
            return option(owner, name) if isinstance(owner, Module) else None
        case ast.Subscript(value=value):  # Generic[T]
            return lookup(value, module)
    return None


def unimplemented(definition: Definition) -> list[str]:
    """The abstract methods that neither a class nor an ancestor of it defines; such a class cannot be constructed."""
    abstract: dict[str, None] = {}
    concrete: set[str] = set()
    waiting = [definition]
    while waiting:
        current = waiting.pop()
        waiting += bases(current)
        for statement in current.node.body if isinstance(current.node, ast.ClassDef) else ():
            if isinstance(statement, ast.FunctionDef):
                decorators = [ast.unparse(decorator) for decorator in statement.decorator_list]
                if any(decorator.endswith("abstractmethod") for decorator in decorators):
                    abstract[statement.name] = None
                else:
                    concrete.add(statement.name)
            elif isinstance(statement, ast.Assign):
                concrete |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    return [name for name in abstract if name not in concrete]


def attribute(definition: Definition, name: str) -> object:
    """The constant that a class, or the nearest of its bases that can be found, binds to `name`; None if none does."""
    node = definition.node
    if not isinstance(node, ast.ClassDef):
        return None
    for statement in node.body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=bound)], value=ast.Constant(value=value))
                | ast.AnnAssign(target=ast.Name(id=bound), value=ast.Constant(value=value))
            ) if bound == name:
                return value
    inherited = (attribute(base, name) for base in bases(definition))
    return next((value for value in inherited if value is not None), None)


def bases(definition: Definition) -> Iterator[Definition]:
    """The classes that a class is derived from directly, as far as their source can be found."""
    expressions = definition.node.bases if isinstance(definition.node, ast.ClassDef) else []
    for expression in expressions:
        base = lookup(expression, definition.module)
        if isinstance(base, Definition):
            yield base


def _follow(bound: Definition, seen: frozenset[tuple[str, str]]) -> Definition | Module | None:
    """`Name = Other` is `Other`, where that can be found."""
    if isinstance(bound.node, ast.Name) and bound.node.id in bound.module.bindings:
        return option(bound.module, bound.node.id, seen)
    return bound


@cache
def load(name: str) -> Module | None:
    """The module `name`, or None if no file holds it."""
    path = _path(name)
    if path is None:
        return None
    module = Module(name, path)
    try:
        body = ast.parse(path.read_text(encoding="utf-8")).body
    except SyntaxError as error:
        raise ConfigError(f"{path}, line {error.lineno}: {error.msg}") from None
    for statement in _statements(body):
        _bind(module, statement)
    return module


def _path(name: str) -> Path | None:
    parent, _, last = name.rpartition(".")
    if not parent:
        spec = _spec(last)
        return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
    above = _path(parent)
    if above is None or above.name != "__init__.py":
        return None
    candidates = (above.parent / last / "__init__.py", above.parent / f"{last}.py")
    return next((path for path in candidates if path.is_file()), None)


def _spec(name: str) -> ModuleSpec | None:
    """Where Python finds a top-level name, also that of an editable install; nothing is imported."""
    try:
        return find_spec(name)
    except ValueError:  # a module of this process that was made without a file
        return None


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module's top level, those under `if` and `try` included."""
    for statement in body:
        if isinstance(statement, ast.If):
            yield from _statements([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            yield from _statements(
                [*statement.body, *(s for h in statement.handlers for s in h.body), *statement.orelse]
            )
        else:
            yield statement


def _bind(module: Module, statement: ast.stmt) -> None:
    """Enter what `statement` binds; the first of several bindings counts (`try: import ... except: ... = None`)."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            module.bindings.setdefault(name, Definition(module, name, statement))
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value)
            | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
        ):
            module.bindings.setdefault(name, Definition(module, name, value))
        case ast.Import(names=names):
            for alias in names:
                imported = alias.name if alias.asname else alias.name.partition(".")[0]
                module.bindings.setdefault(alias.asname or imported, Import(imported, None))
        case ast.ImportFrom(names=names):
            source = _absolute(module, statement)
            for alias in names:
                if alias.name == "*":
                    module.stars.append(source)
                else:
                    module.bindings.setdefault(alias.asname or alias.name, Import(source, alias.name))


def _absolute(module: Module, statement: ast.ImportFrom) -> str:
    if not statement.level:
        return statement.module or ""
    parts = module.package.split(".")
    base = parts[: len(parts) - statement.level + 1]
    return ".".join([*base, *([statement.module] if statement.module else [])])
