"""The edits that are made of a file, and the choice of some."""

from __future__ import annotations

import pytest

from tests.mutants.mutants import Mutant, mutants_of, sample


def changes(source: str) -> dict[str, set[str]]:
    """The edited lines of each operator, in one file."""
    found: dict[str, set[str]] = {}
    for mutant in mutants_of("a.py", source):
        if mutant.is_edit:
            found.setdefault(mutant.operator, set()).update(line[2:] for line in mutant.change if line[0] == "+")
    return found


@pytest.mark.parametrize(
    ("line", "operator", "edited"),
    [
        ("if x < 1: go()", "swap_op", {"if x <= 1: go()"}),
        ("if x: go()", "condition", {"if not (x): go()"}),
        ("if not x: go()", "remove_unary_ops", {"if x: go()"}),
        ("y = a and b", "one_operand", {"y = (a)", "y = (b)"}),
        ("y = x[0] + x[-1]", "end_of_list", {"y = x[-1] + x[-1]", "y = x[0] + x[0]"}),
        ("y = min(x)", "builtin", {"y = max(x)"}),
        ("y = sorted(x, key=k)", "builtin", {"y = list(x)"}),
        ("self.size = 0", "statement", {"pass"}),
        ("close(x)", "statement", {"pass"}),
        ("raise error", "statement", {"pass"}),
        ("y = f(a, b=c)", "argument", {"y = f(None, b=c)", "y = f(a, )"}),
        ("y = 'code'", "short_string", {"y = 'XXcodeXX'"}),
        ("with lock: go()", "context_manager", {"if True: go()"}),
        ("y = True", "name", {"y = False"}),
    ],
)
def test_a_line_is_edited(line: str, operator: str, edited: set[str]) -> None:
    assert changes(f"def f(x):\n    {line}\n")[operator] == edited


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "'''A text.'''",
        "x: Literal['a', 1]",
        "if TYPE_CHECKING: x = 1",
        "__all__ = ['a']",
        "@call(1)\ndef f(): ...",
        "T = TypeVar('T', bound='int')",
    ],
)
def test_what_no_test_sees_is_left_alone(line: str) -> None:
    assert changes(line + "\n") == {}


def test_a_sentence_is_no_short_string() -> None:
    assert changes("def f():\n    return 'a sentence'\n") == {}


def test_a_mutant_knows_its_function_and_the_lines_that_run_it() -> None:
    source = "A = 1\nclass B:\n    def c(self, x):\n        return call(\n            x < 2\n        )\n"
    found = {mutant.change[-1]: mutant for mutant in mutants_of("a.py", source) if mutant.is_edit}
    inner, outer = found["+ x <= 2"], found["+ A = 2"]
    assert (inner.file, inner.line, inner.inside) == ("a.py", 5, "B.c")
    assert inner.lines == (range(5, 6), range(4, 6), range(3, 7), range(1, 7))
    assert (outer.inside, outer.lines) == ("", (range(1, 7),))


SOURCE = "def f(a):\n" + "".join(f"    if a < {number} and a != {number + 50}: go({number})\n" for number in range(40))


def texts(mutants: list[Mutant]) -> list[tuple[str, ...]]:
    return [mutant.change for mutant in mutants]


def test_the_same_seed_gives_the_same_sample_and_a_larger_one_continues_it() -> None:
    first = texts(sample(mutants_of("a.py", SOURCE), 10, seed=1))
    assert len(set(first)) == 10
    assert texts(sample(mutants_of("a.py", SOURCE), 20, seed=1))[:10] == first
    assert texts(sample(mutants_of("a.py", SOURCE), 10, seed=2)) != first


def test_no_line_has_a_second_mutant_before_every_line_has_one() -> None:
    assert sorted(mutant.line for mutant in sample(mutants_of("a.py", SOURCE), 40, seed=1)) == list(range(2, 42))


def test_a_sample_of_more_than_there_are_has_all_that_differ() -> None:
    everything = mutants_of("a.py", "def f(a):\n    return a < 1\n")
    assert len(sample(everything, 100, seed=1)) == len(everything) == 2
