"""The tests, files and versions that `docs/compatibility.md` names exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.peers import GO_PROGRAM, NODE_PACKAGES, PACKAGES, ROOT

CLAIMS = (ROOT / "docs" / "compatibility.md").read_text()
FAULT = re.compile(r"\btest_(?:cozepy|coze_js|chat_coze)_\w+")


def test_the_faults_it_tells_are_those_that_tests_show() -> None:
    shown = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    assert sorted(FAULT.findall(CLAIMS)) == sorted(set(re.findall(rf"(?<=def ){FAULT.pattern}", shown)))


def test_the_files_it_names_exist() -> None:
    named = re.findall(r"`(tests/[\w./]+)`", CLAIMS)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("pin", [PACKAGES["cozepy"][0], PACKAGES["langchain"][0], NODE_PACKAGES[0]])
def test_the_versions_it_names_are_those_that_run(pin: str) -> None:
    name, _, version = pin.replace("==", "@").rpartition("@")
    assert f"{name} {version}" in CLAIMS


def test_the_commit_of_coze_go_is_the_one_that_runs() -> None:
    found = re.search(r"coze-go v[\d.]+-\d+-(\w+)", (GO_PROGRAM / "go.mod").read_text())
    assert found
    assert f"coze-go at commit {found[1]}" in CLAIMS
