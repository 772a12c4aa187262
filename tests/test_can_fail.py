"""The check for tests that cannot fail."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.can_fail import problems, read

SUPPORT = """
class Client:
    def expect(self):
        assert self.answer
def checked(value):
    assert value
def checked_twice(value):
    checked(value)
def run(value):
    return value
"""


def found(folder: Path, body: str) -> list[str]:
    """What is said of a test file, beside a module of support."""
    (folder / "support.py").write_text(SUPPORT, encoding="utf-8")
    (folder / "test_it.py").write_text(dedent(body), encoding="utf-8")
    return list(problems(read(path, folder) for path in sorted(folder.glob("*.py"))))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def test_it(): run(1)", "no assertion"),
        ("from support import run\nasync def test_it(): run(1)", "no assertion"),
        ("class TestIt:\n    def test_it(self): run(1)", "no assertion"),
        ("def checked(value): pass\ndef test_it(): checked(1)", "no assertion"),
        ("def test_it(): test_it()", "no assertion"),
        ("def test_it(): assert True", "constant"),
        ("def test_it(): assert a.b[0] == a.b[0]", "with itself"),
        ("def test_it(): assert 1 <= x <= x", "with itself"),
        ("def test_it(): assert all(x > 1 for x in found())", "true of nothing"),
        ("def test_it(): assert all([x > 1 for x in found()])", "true of nothing"),
        ("def test_it(): assert all(map(bool, found()))", "true of nothing"),
        ("def test_it(): assert all(x > 1 for x in sorted(found))", "true of nothing"),
        ("def test_it(): assert all(x for x in [])", "true of nothing"),
        ("def test_it(): assert all(x for x in (1, 2) if x > 5)", "true of nothing"),
        ("def test_it():\n    assert all(a for a in found)\n    assert all(b for b in found)", "true of nothing"),
        (
            "def test_it():\n    assert done\n    assert all(a for a, b in zip(found, sent, strict=True))",
            "true of nothing",
        ),
    ],
)
def test_a_test_that_cannot_fail_is_found(tmp_path: Path, body: str, reason: str) -> None:
    problems = found(tmp_path, body)
    assert problems
    assert all(reason in problem for problem in problems)
    assert str(tmp_path / "test_it.py") in problems[0]


@pytest.mark.parametrize(
    "body",
    [
        "def test_it(): assert run(1)",
        "import pytest\ndef test_it():\n    with pytest.raises(ValueError): run(1)",
        "from pytest import warns\ndef test_it():\n    with warns(UserWarning): run(1)",
        "from support import checked\ndef test_it(): checked(1)",
        "from support import checked_twice as twice\ndef test_it(): twice(1)",
        "def inner(x): assert x\ndef test_it(): list(map(inner, [1]))",
        "def test_it(client): client.expect()",
        "def test_it(mock): mock.assert_called_once()",
        "class TestIt(Suite):\n    def test_it(self): super().test_it()",
        "def helper(): run(1)\ndef test_it(): assert helper() is None",
        "def test_it(): assert f(x) == f(x)",
        "def test_it(): assert x == y == z",
        "def test_it():\n    assert len(found) == 2\n    assert all(found)",
        "def test_it(): assert found and all(x > 1 for x in found)",
        "def test_it():\n    assert found()\n    assert all(x > 1 for x in sorted(found()))",
        "def test_it(): assert all(x for x in (1, 2))",
        "def test_it(): assert all(run(n) for n in [make() for _ in range(20)])",
        "ROWS = {'a': 1}\ndef test_it(): assert all(name in page for name in ROWS)",
        "ROWS = {'a': 1}\ndef test_it(): assert all(name in page for name, _ in ROWS.items())",
        "@mark.parametrize(('a', 'rows'), [(1, 'ab')])\ndef test_it(a, rows): assert all(row in a for row in rows)",
    ],
)
def test_what_can_fail_is_left_alone(tmp_path: Path, body: str) -> None:
    assert found(tmp_path, body) == []
