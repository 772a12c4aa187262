"""A pytest plugin that tells coverage.py which test is running, and notes the time and outcome of each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

TEST_VARIABLE = "MUTANTS_TEST"  # processes that a test starts read it: see coverage.toml
OUTCOMES_VARIABLE = "MUTANTS_OUTCOMES"  # the folder into which each process writes the outcomes of its tests


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Give every line that any thread of this process runs meanwhile to this test."""
    measurement = coverage.Coverage.current()
    if measurement is not None:
        measurement.switch_context(item.nodeid)
    os.environ[TEST_VARIABLE] = item.nodeid
    result = yield
    os.environ[TEST_VARIABLE] = ""
    if measurement is not None:
        measurement.switch_context("")
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write down the phase's outcome; under pytest-xdist, the workers do so, and their parent does not."""
    if hasattr(report, "node"):
        return
    path = Path(os.environ[OUTCOMES_VARIABLE]) / f"{os.getpid()}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps([report.nodeid, report.outcome, report.duration]) + "\n")
