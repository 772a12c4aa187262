"""Every type that a public signature names can be imported from the top of a package.

The test reads the source, because the names of type aliases (``Mode``, ``MessageLike``) are lost at run time. It starts
with the names in ``__all__``, among them the clients with their resources. From there it follows the types in the
signatures of methods and properties and in annotated fields. Resources themselves need no import: ``client.chats``.
Adapters may leave their types to ``coze_client``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("coze_client", "langchain_coze", "llama_index_coze")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
PUBLIC_DUNDERS = {"__aenter__", "__aiter__", "__call__", "__enter__", "__getitem__", "__init__", "__iter__"}
RESULTS = {"call": {"Request"}, "events": {"Events"}, "paged": {"Pages"}}
"""Decorator of a resource's method -> the description that its function returns and that no caller of a client sees."""
LISTINGS = {"Listing", "AsyncListing"}
"""The types that a method decorated with ``paged`` returns on a client; users do not make them."""
OPAQUE = {"Caller", "Request"}
"""Types whose members are not for users: they pass a Request to ``with_response``, and credentials get a Caller."""


class Name(NamedTuple):
    """A name and the module that defines it."""

    module: str
    name: str


@cache
def source(module: str) -> ast.Module | None:
    """The syntax tree of a module of this project; None for a module of another project."""
    path = ROOT.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    own = module.partition(".")[0] in PACKAGES and file.exists()
    return ast.parse(file.read_text(encoding="utf-8")) if own else None


@cache
def definitions(module: str) -> dict[str, ast.stmt]:
    """Every top-level definition and import of a module by its name, also inside ``if TYPE_CHECKING``."""
    tree = source(module)
    return dict(_definitions(tree.body)) if tree else {}


def _definitions(body: list[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    for node in body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, node) for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from ((target.id, node) for target in targets if isinstance(target, ast.Name))
        elif isinstance(node, (ast.If, ast.Try)):
            yield from _definitions([*node.body, *node.orelse])


@cache
def resolve(module: str, name: str) -> Name | None:
    """Where a name that `module` uses is defined; None for names of other projects and builtins."""
    node = definitions(module).get(name)
    if isinstance(node, ast.ImportFrom):
        original = next(alias.name for alias in node.names if (alias.asname or alias.name) == name)
        return resolve(node.module or "", original)
    return Name(module, name) if node else None


def is_type(name: Name) -> bool:
    """True for a class or a type alias; False for a function (a validator in ``Annotated``) or a type variable."""
    node = definitions(name.module)[name.name]
    value = node.value if isinstance(node, ast.Assign) else None
    is_variable = isinstance(value, ast.Call) and ast.unparse(value.func) in {"TypeVar", "ParamSpec"}
    return not is_variable and not isinstance(node, FUNCTIONS)


def named_types(module: str, annotation: ast.AST | None) -> Iterator[Name]:
    """The types of this project that an annotation names, also in quotes."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) in {"Literal", "typing.Literal"}:
        return
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        yield from named_types(module, ast.parse(annotation.value, mode="eval").body)
    if (
        isinstance(annotation, ast.Name)
        and (found := resolve(module, annotation.id))
        and is_type(found)
        and is_public(found.name)
    ):
        yield found
    for child in ast.iter_child_nodes(annotation) if annotation else ():
        yield from named_types(module, child)


def types_of_function(module: str, function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[Name]:
    decorators = {ast.unparse(decorator) for decorator in function.decorator_list}
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    for argument in filter(None, every):
        yield from named_types(module, argument.annotation)
    hidden = {name for decorator in decorators for name in RESULTS.get(decorator, ())}
    yield from (found for found in named_types(module, function.returns) if found.name not in hidden)
    if "paged" in decorators:
        yield from (Name("coze_client.core.paging", name) for name in LISTINGS)


def is_public(name: str) -> bool:
    return name in PUBLIC_DUNDERS or not name.startswith("_")


def types_of_class(module: str, node: ast.ClassDef, *, constructor: bool) -> Iterator[tuple[str, Name]]:
    """The types in a class's public signatures and in those it inherits, each with the member that names it."""
    for member in node.body:
        if isinstance(member, FUNCTIONS) and is_public(member.name) and (constructor or member.name != "__init__"):
            yield from ((member.name, found) for found in types_of_function(module, member))
        elif isinstance(member, ast.AnnAssign) and is_public(ast.unparse(member.target)):
            yield from ((ast.unparse(member.target), found) for found in named_types(module, member.annotation))
    inherits_constructor = constructor and "__init__" not in {getattr(member, "name", "") for member in node.body}
    for base in node.bases:
        root = base.value if isinstance(base, ast.Subscript) else base
        found = resolve(module, root.id) if isinstance(root, ast.Name) else None
        parent = definitions(found.module)[found.name] if found else None
        if found and isinstance(parent, ast.ClassDef):
            yield from types_of_class(found.module, parent, constructor=inherits_constructor)


def types_of(name: Name, *, constructor: bool) -> Iterator[tuple[str, Name]]:
    """The types that a public class, function or type alias names, each with the place."""
    node = definitions(name.module)[name.name]
    if isinstance(node, ast.ClassDef):
        members = types_of_class(name.module, node, constructor=constructor)
        yield from ((f"{name.name}.{member}", found) for member, found in members)
    elif isinstance(node, FUNCTIONS):
        yield from ((name.name, found) for found in types_of_function(name.module, node))
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        yield from ((name.name, found) for found in named_types(name.module, node.value))


@cache
def exported(package: str) -> set[Name]:
    """The names in a package's ``__all__``."""
    found = {resolve(package, name) for name in import_module(package).__all__ if name != "__version__"}
    return {name for name in found if name}


def is_resource(name: Name) -> bool:
    node = definitions(name.module)[name.name]
    return isinstance(node, ast.ClassDef) and "Resource[ConcurrencyT]" in map(ast.unparse, node.bases)


@cache
def missing_types(package: str) -> dict[str, list[str]]:
    """The types that public signatures of a package name and that cannot be imported, each with the places."""
    importable = exported(package) | exported("coze_client")
    places: dict[Name, list[str]] = {}
    waiting = sorted(name for name in exported(package) if name.name not in OPAQUE)
    seen = set(waiting)
    while waiting:
        name = waiting.pop()
        for place, found in types_of(name, constructor=name in importable and name.name not in LISTINGS):
            places.setdefault(found, []).append(place)
            if found not in seen and found.name not in OPAQUE:
                waiting.append(found)
            seen.add(found)
    missing = {name for name in places if name not in importable and not is_resource(name)}
    return {f"{name.module}.{name.name}": sorted(set(places[name])) for name in sorted(missing)}


def test_every_type_of_the_clients_signatures_can_be_imported_from_coze_client() -> None:
    assert missing_types("coze_client") == {}


@pytest.mark.parametrize("adapter", ["langchain_coze", "llama_index_coze"])
def test_every_type_of_an_adapters_signatures_can_be_imported_from_it_or_from_coze_client(adapter: str) -> None:
    others = missing_types("coze_client")
    assert {name: places for name, places in missing_types(adapter).items() if name not in others} == {}
