"""Every notebook runs from its first cell to its last, and shows what is saved in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

_IDS = re.compile(r"\b[0-9A-F]{16,}\b")


def load(path: Path) -> Any:
    """A notebook as it is saved."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types


def shown(cell: Any) -> str:
    """What a cell prints and evaluates to, without the ids; a picture is told by its kind."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return _IDS.sub("ID", "".join(texts))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_is_saved_in_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(path.parent.parent))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # a warning of frozen modules, on stderr
    saved = load(path)
    ran = NotebookClient(load(path), timeout=120).execute(cwd=str(path.parent))
    for before, after in zip(saved.cells, ran.cells, strict=True):
        if before.cell_type == "code":
            assert shown(after) == shown(before), before.source


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS if path.stem.startswith("01")] == ["01_chat"]
