"""Which tests are run for a mutant."""

from __future__ import annotations

from tests.mutants.mutants import Mutant, mutants_of
from tests.mutants.selection import choose

SOURCE = "LIMIT = 1\n\n\ndef f(x):\n    y = g(\n        x < 2\n    )\n    return y\n"
SECONDS = {"tests/api/test_chats.py::a": 0.1, "tests/core/test_retry.py::b": 3.0, "tests/core/test_sse.py::c": 2.0}


def mutant(line: int) -> Mutant:
    return next(each for each in mutants_of("coze_client/core/retry.py", SOURCE) if each.line == line)


def test_the_tests_of_the_line_come_first_by_the_names_of_their_files_and_then_by_their_time() -> None:
    first, rest = choose(mutant(6), {6: set(SECONDS), 8: {"tests/core/test_it.py::other"}}, SECONDS, 10, 40)
    assert first == ["tests/core/test_retry.py::b", "tests/core/test_sse.py::c", "tests/api/test_chats.py::a"]
    assert rest == []


def test_a_line_that_no_test_ran_alone_has_the_tests_of_its_statement_function_or_module() -> None:
    a, b, c = SECONDS
    assert choose(mutant(6), {5: {a}, 8: {b}, 1: {c}}, SECONDS, 10, 40) == ([a], [])
    assert choose(mutant(6), {8: {b}, 1: {c}}, SECONDS, 10, 40) == ([b], [])
    assert choose(mutant(6), {1: {c}}, SECONDS, 10, 40) == ([c], [])
    assert choose(mutant(1), {8: {b}}, SECONDS, 10, 40) == ([b], [])
    assert choose(mutant(1), {}, SECONDS, 10, 40) == ([], [])


def test_after_the_first_few_come_others_of_the_closest_file_and_then_every_file_has_its_turn() -> None:
    likely = {f"tests/core/test_retry.py::{number}": 1.0 for number in range(40)}
    others = {f"tests/{file}.py::{number}": 2.0 + number for file in ("test_a", "test_b") for number in range(3)}
    seconds = {**likely, **others}
    seconds["tests/core/test_retry.py::slow"] = 9.0
    first, rest = choose(mutant(6), {6: set(seconds)}, seconds, 45, 400)
    assert set(first) == set(likely)
    assert rest[0] == "tests/core/test_retry.py::slow"
    assert rest[1:] == ["tests/test_a.py::0", "tests/test_b.py::0", "tests/test_a.py::1", "tests/test_b.py::1"]


def test_no_more_tests_are_chosen_than_there_is_time_for() -> None:
    a, b, c = SECONDS  # 0.1, 3 and 2 seconds
    assert choose(mutant(6), {6: set(SECONDS)}, SECONDS, 10, 8) == ([c], [b, a])
    assert choose(mutant(6), {6: set(SECONDS)}, SECONDS, 10, 5) == ([a], [b])
    assert choose(mutant(6), {6: set(SECONDS)}, SECONDS, 2, 400) == ([b, c], [])
