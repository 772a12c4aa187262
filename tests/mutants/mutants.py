"""The mutants of a file: every edit of one place, and where the place is."""

from __future__ import annotations

import difflib
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import libcst as cst
from libcst import matchers as m
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from tests.mutants.operators import edits

# What no test sees: types, decorators, imports, and texts for people.
_LEFT_ALONE = (
    m.Annotation()
    | m.Decorator()
    | m.Import()
    | m.ImportFrom()
    | m.If(test=m.Name("TYPE_CHECKING"))
    | m.Assign([m.AssignTarget(m.Name("__all__") | m.Name("__slots__"))])
    | m.Expr(m.SimpleString() | m.ConcatenatedString())
    | m.Call(m.Name("cast") | m.Name("TypeVar") | m.Name("NewType") | m.Name("ParamSpec"))
    | m.Subscript(m.Name("Literal") | m.Name("Annotated"))
)
_NEEDS_FUNCTION = {"argument", "assignment"}  # at the top of a module or class, the import fails


@dataclass(frozen=True, eq=False)
class Mutant:
    """A file with one edit. `lines` are those that run the edited place, the best known first."""

    file: str
    operator: str
    line: int
    inside: str  # the function, as Class.method; "" at the top of the module
    lines: tuple[range, ...]
    module: cst.Module
    node: cst.CSTNode
    edited: cst.CSTNode

    @cached_property
    def code(self) -> str:
        """The whole file with the edit."""
        changed = self.module.deep_replace(self.node, self.edited)
        assert isinstance(changed, cst.Module)
        return changed.code

    @property
    def is_edit(self) -> bool:
        """Whether the file differs and still is Python."""
        try:
            compile(self.code, self.file, "exec")
        except SyntaxError:
            return False
        return self.code != self.module.code

    @cached_property
    def change(self) -> tuple[str, ...]:
        """The lines that differ, each after "- " or "+ ", without their indentation."""
        lines = difflib.unified_diff(self.module.code.splitlines(), self.code.splitlines(), n=0, lineterm="")
        return tuple(f"{line[0]} {line[1:].strip()}" for line in islice(lines, 2, None) if line[0] in "-+")


def mutants_of(file: str, source: str) -> list[Mutant]:
    """All mutants of a file, in the order of its lines. `file` is its path from the root, with slashes."""
    wrapper = MetadataWrapper(cst.parse_module(source), unsafe_skip_copy=True)
    whole = range(1, len(source.splitlines()) + 1)
    walk = _Walk(file, wrapper.module, wrapper.resolve(PositionProvider))
    return list(walk.mutants(wrapper.module, _Place(whole=(whole,))))


def sample(mutants: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """Choose `count` of them, or all if there are fewer; no line has a second one before every line has one."""
    chance = random.Random(seed)
    by_line: defaultdict[tuple[str, int], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_line[mutant.file, mutant.line].append(mutant)
    lines = [chance.sample(found, len(found)) for found in by_line.values()]
    chance.shuffle(lines)
    rounds = range(max(map(len, lines), default=0))
    in_turn = (found[turn] for turn in rounds for found in lines if turn < len(found))
    return list(islice((mutant for mutant in in_turn if mutant.is_edit), count))


@dataclass(frozen=True)
class _Place:
    """What holds a node: the names, the lines of each function and of the file, and where its statement begins.

    What runs on import belongs to no statement: only tests that start a process run it, which are few and slow.
    """

    whole: tuple[range, ...]
    names: tuple[str, ...] = ()
    statement: int | None = None

    @property
    def in_function(self) -> bool:
        return len(self.whole) > 1

    def enter(self, node: cst.CSTNode, lines: range) -> _Place:
        if isinstance(node, cst.FunctionDef):
            return _Place((lines, *self.whole), (*self.names, node.name.value))
        if isinstance(node, cst.ClassDef):
            return replace(self, names=(*self.names, node.name.value))
        if self.in_function and isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            return replace(self, statement=lines.start)
        return self

    def lines(self, line: int) -> tuple[range, ...]:
        if self.statement is None:
            return self.whole
        return (range(line, line + 1), range(self.statement, line + 1), *self.whole)


@dataclass(frozen=True)
class _Walk:
    file: str
    module: cst.Module
    positions: Mapping[cst.CSTNode, CodeRange]

    def mutants(self, node: cst.CSTNode, outer: _Place) -> Iterator[Mutant]:
        if m.matches(node, _LEFT_ALONE):
            return
        position = self.positions.get(node)
        place = outer.enter(node, range(position.start.line, position.end.line + 1)) if position else outer
        if position:
            yield from self._at(node, position.start.line, place)
        for child in node.children:
            yield from self.mutants(child, place)

    def _at(self, node: cst.CSTNode, line: int, place: _Place) -> Iterator[Mutant]:
        for operator, edited in edits(node):
            if place.in_function or operator not in _NEEDS_FUNCTION:
                yield Mutant(
                    self.file, operator, line, ".".join(place.names), place.lines(line), self.module, node, edited
                )
