"""`docs/troubleshooting.md` is made from the doctor's list of checks.

`python -m tests.docs.test_troubleshooting` writes the page anew.
"""

from __future__ import annotations

from pathlib import Path

from coze_client.cli.checks import CHECKS, troubleshooting_page

PAGE = Path(__file__).parents[2] / "docs" / "troubleshooting.md"


def test_the_page_has_every_check_with_its_cure() -> None:
    assert PAGE.read_text(encoding="utf-8") == troubleshooting_page()


def test_checks_have_names_of_their_own_and_need_only_earlier_ones() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names) > 10
    assert [(check.name, need) for n, check in enumerate(CHECKS) for need in check.needs if need not in names[:n]] == []


if __name__ == "__main__":
    PAGE.write_text(troubleshooting_page(), encoding="utf-8")
