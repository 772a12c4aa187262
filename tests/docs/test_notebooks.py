"""Every notebook runs from its first cell to its last, and its output equals the saved output."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.font_manager  # noqa: F401 - its first import on a machine lists the fonts and may print this
import nbformat
import pytest
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

from coze_client.emulator import Emulator

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
QUESTIONS = json.loads((FOLDER / "questions.json").read_text("utf-8"))

_IDS = re.compile(r"\b[0-9A-F]{16,}\b")
_BARS = re.compile(r"^.*\d%\|.*\|.*\n?", re.MULTILINE)
_WIDGET = "application/vnd.jupyter.widget-view+json"
_MACHINE_NAMES = re.compile(r"/(home|root|tmp|work|Users|site-packages)/|127\.0\.0\.1|localhost")


def load(path: Path) -> Any:
    """Read a saved notebook."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types


def outputs(notebook: Any) -> Iterator[Any]:
    """Iterate over the outputs of all cells."""
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def visible_output(cell: Any) -> str:
    """Return a cell's printed text and values without ids and progress bars; of a picture, its text form."""
    rest = [output for output in cell.outputs if _WIDGET not in output.get("data", {})]  # bars, with ipywidgets
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in rest]
    return _BARS.sub("", _IDS.sub("ID", "".join(texts)))


@pytest.fixture(scope="module")
def kernel() -> Iterator[KernelManager]:
    """One kernel for all notebooks, since each would spend most of its time on importing the frameworks."""
    manager = KernelManager(client_class="jupyter_client.asynchronous.AsyncKernelClient")
    environment = {
        "PYTHONPATH": str(FOLDER.parent),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # or it warns about frozen modules on stderr
        "PYTHONWARNINGS": "ignore",  # other packages warn about each other's versions
    }
    manager.start_kernel(cwd=str(FOLDER), env={**os.environ, **environment})
    yield manager
    manager.shutdown_kernel(now=True)


FORGET = """\
import os
list(map(os.environ.pop, [name for name in os.environ if name.startswith("COZE_")]))
%reset -f
"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_shows_what_is_saved_in_it(path: Path, kernel: KernelManager) -> None:
    saved, notebook = load(path), load(path)
    notebook.cells.append(nbformat.v4.new_code_cell(FORGET))  # type: ignore[no-untyped-call]  # nbformat has no types
    client: Any = NotebookClient(notebook, km=kernel, timeout=120, coalesce_streams=True)
    try:
        ran = client.execute()
    finally:
        client.kc.stop_channels()
    ran.cells.pop()
    for before, after in zip(saved.cells, ran.cells, strict=True):
        if before.cell_type == "code":
            assert visible_output(after) == visible_output(before), before.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_saved_notebook_is_quiet_and_of_no_machine(path: Path) -> None:
    for output in outputs(load(path)):
        assert _BARS.sub("", output.text) == "" if output.get("name") == "stderr" else output.output_type != "error"
        assert not _MACHINE_NAMES.search(json.dumps({**output, "data": {**output.get("data", {}), "image/png": ""}}))


@pytest.mark.parametrize("name", ["03_rag_langchain", "04_rag_llama_index"])
def test_scores_coverage_and_comparison_are_charts(name: str) -> None:
    saved = load(FOLDER / f"{name}.ipynb")
    assert sum("image/png" in output.get("data", {}) for output in outputs(saved)) == 3


def test_every_question_has_its_answer_in_its_document(emulator: Emulator) -> None:
    texts: dict[str, str] = {}
    for document in emulator.documents(emulator.add_dataset("library", FOLDER / "library")):
        slices = " ".join(each.text for each in emulator.slices(document.id))
        texts[document.name] = " ".join(slices.split())
    for question in QUESTIONS:
        assert question["words"] in texts[question["document"]], question


def test_a_question_in_the_other_language_has_a_translation_that_is_a_question_too() -> None:
    answers = {question["question"]: (question["document"], question["words"]) for question in QUESTIONS}
    translated = [question for question in QUESTIONS if question["kind"] == "other language"]
    assert [answers[question["translated"]] for question in translated] == [
        (question["document"], question["words"]) for question in translated
    ]
    assert len(translated) == 8


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS if path.stem.startswith("01")] == ["01_chat"]
