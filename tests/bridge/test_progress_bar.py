"""The bar that shows the progress of a run."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import tqdm.auto

from coze_client.bridge.writing.progress_bar import progress_bar
from coze_client.bridge.writing.report import Progress
from coze_client.errors import ConfigurationError


@pytest.mark.parametrize(
    ("done", "total", "shown"),
    [(1 / 3, 3, "0.3/3"), (12_345.0, 20_000, "12345/20000"), (20_000.0, 20_000, "20000/20000")],
)
def test_numbers_are_shown_as_people_write_them(
    done: float, total: int, shown: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with progress_bar("Writing", "documents") as update:
        update(Progress(total, done / 2, "uploading"))
        update(Progress(total, done, "processing"))
    printed = capfd.readouterr().err
    assert "Writing, processing" in printed
    assert f"{shown} documents" in printed


def test_a_bar_in_a_notebook_receives_its_total(monkeypatch: pytest.MonkeyPatch) -> None:
    """The widget is created with the first total, and only ``reset`` gives it a new one."""
    totals: list[int] = []
    reset = tqdm.auto.tqdm.reset

    def recording_reset(bar: Any, total: int) -> None:
        totals.append(total)
        reset(bar, total)

    monkeypatch.setattr(tqdm.auto.tqdm, "reset", recording_reset)
    with progress_bar("Writing", "documents") as update:
        for done in (1.0, 2.0, 3.0):
            update(Progress(3, done, "uploading"))
    assert totals == [3]


def test_what_a_bar_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ConfigurationError, match=r'pip install "coze-adapters\[langchain\]"'), progress_bar("a", "b"):
        pass
