"""Find tests that cannot fail: ``python -m tests.can_fail``, a part of ``make check``; ruff finds other such shapes."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[1]
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_ASSERTING = {"raises", "warns", "fail", "deprecated_call", "assert_type"}  # of pytest; assert_type fails in mypy
# What gives as many items as it is given.
_SAME_LENGTH = {"sorted", "list", "tuple", "set", "reversed", "enumerate", "zip", "map", "values", "items", "keys"}


@dataclass(frozen=True)
class Module:
    """A file of tests, or of their support; `name` is as in an import."""

    path: Path
    name: str
    tree: ast.Module

    @cached_property
    def functions(self) -> dict[str, _Function]:
        """Its functions, and those of its classes, by name."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, _Function)}

    @cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """For each name that is imported from another module, the module and its name there."""
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }


def read(path: Path, root: Path = ROOT) -> Module:
    """Parse a file below `root`."""
    name = ".".join(path.relative_to(root).with_suffix("").parts)
    return Module(path, name, ast.parse(path.read_text(encoding="utf-8")))


def problems(modules: Iterable[Module]) -> Iterator[str]:
    """Each test that cannot fail, with its place and the reason."""
    by_name = {module.name: module for module in modules}
    asserting = _asserting_functions(by_name)
    for module in by_name.values():
        for test in module.functions.values():
            if module.path.name.startswith("test_") and test.name.startswith("test_"):
                for line, problem in _problems_of(test, module, asserting):
                    yield f"{module.path}:{line}: {test.name}: {problem}"


def _problems_of(test: _Function, module: Module, asserting: set[tuple[str, str]]) -> Iterator[tuple[int, str]]:
    if not _asserts(test, module, asserting):
        yield test.lineno, "has no assertion, no raises, and no call of a function that has one"
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            if isinstance(node.test, ast.Constant) and node.test.value:
                yield node.lineno, "asserts a constant"
            yield from ((each.lineno, "compares a thing with itself") for each in _self_comparisons(node.test))
            for call in _calls_of_all(node.test):
                if _may_be_empty(call, test, module):
                    yield call.lineno, f"{ast.unparse(call)} is true of nothing, too: assert also what is in it"


def _asserting_functions(modules: Mapping[str, Module]) -> set[tuple[str, str]]:
    """The functions, as module and name, that assert by themselves or by those that they call."""
    found: set[tuple[str, str]] = set()
    while True:
        more = {
            (module.name, name)
            for module in modules.values()
            for name, function in module.functions.items()
            if _asserts(function, module, found)
        }
        if more == found:
            return found
        found = more


def _asserts(function: _Function, module: Module, asserting: set[tuple[str, str]]) -> bool:
    methods = {name for _, name in asserting}
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Name) and node.id not in _ASSERTING:
            if module.imported.get(node.id, (module.name, node.id)) in asserting and node.id != function.name:
                return True
        elif isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in _ASSERTING or name.startswith("assert_"):
                return True
            if isinstance(node, ast.Attribute) and (name in methods or name.startswith("test_")):  # super().test_…()
                return True
    return False


def _self_comparisons(assertion: ast.expr) -> Iterator[ast.Compare]:
    """Comparisons of equal texts; calls are left out, since the same call may answer something else."""
    for node in ast.walk(assertion):
        if isinstance(node, ast.Compare) and not any(isinstance(each, ast.Call | ast.Await) for each in ast.walk(node)):
            texts = [ast.unparse(side) for side in (node.left, *node.comparators)]
            if any(one == other for one, other in pairwise(texts)):
                yield node


def _calls_of_all(assertion: ast.expr) -> Iterator[ast.Call]:
    for node in ast.walk(assertion):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "all":
            yield node


def _may_be_empty(call: ast.Call, test: _Function, module: Module) -> bool:
    items = _source(call.args[0])
    return not (_has_items(items, module) or _is_parameter(items, test) or _is_asserted_elsewhere(items, test))


def _source(items: ast.expr) -> ast.expr:
    """What decides whether there are items: the list that is gone through, sorted, numbered, or joined to others."""
    if isinstance(items, ast.GeneratorExp | ast.ListComp) and not items.generators[0].ifs:
        return _source(items.generators[0].iter)
    if isinstance(items, ast.Call) and isinstance(items.func, ast.Attribute) and items.func.attr in _SAME_LENGTH:
        return _source(items.func.value)
    if isinstance(items, ast.Call) and ast.unparse(items.func) in _SAME_LENGTH and items.args:
        return _source(items.args[-1] if ast.unparse(items.func) == "map" else items.args[0])
    return items


def _has_items(items: ast.expr, module: Module) -> bool:
    if isinstance(items, ast.Tuple | ast.List | ast.Set):
        return any(not isinstance(each, ast.Starred) for each in items.elts)
    if isinstance(items, ast.Dict):
        return bool(items.keys)
    if isinstance(items, ast.Call) and ast.unparse(items.func) == "range":
        return isinstance(items.args[-1], ast.Constant)
    return isinstance(items, ast.Name) and any(
        ast.unparse(node.targets[0]) == items.id and _has_items(node.value, module)
        for node in module.tree.body
        if isinstance(node, ast.Assign)
    )


def _is_parameter(items: ast.expr, test: _Function) -> bool:
    """Whether the list is one of a table of pytest, which a reader sees."""
    names = (ast.unparse(mark.args[0]) for mark in test.decorator_list if isinstance(mark, ast.Call) and mark.args)
    return isinstance(items, ast.Name) and any(f"'{items.id}'" in given for given in names)


def _is_asserted_elsewhere(items: ast.expr, test: _Function) -> bool:
    """Whether an assertion of the test says something else of the same things, such as how many there are."""
    assertions = [node for node in ast.walk(test) if isinstance(node, ast.Assert)]
    inside = {id(node) for each in assertions for call in _calls_of_all(each.test) for node in ast.walk(call)}
    return any(
        id(node) not in inside and ast.unparse(node) == ast.unparse(items)
        for assertion in assertions
        for node in ast.walk(assertion.test)
        if isinstance(node, ast.expr)
    )


def main() -> int:
    """Print what was found; the exit code is 1 if that is anything."""
    found = list(problems(read(path) for path in sorted((ROOT / "tests").rglob("*.py"))))
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
