"""The tests that `docs/works-with.md` names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROWS = [line.split("|") for line in (ROOT / "docs" / "works-with.md").read_text().splitlines() if "`tests/" in line]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1].strip())
def test_the_tests_of_a_row_exist(row: list[str]) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", "|".join(row))
    assert named
    assert [name for name in named if not (ROOT / name).is_file()] == []
