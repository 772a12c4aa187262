"""Writing LangChain's documents into a dataset of the local Coze."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from langchain_core.documents import Document

from coze_client import AsyncCozeClient, CozeClient
from coze_client.emulator import Emulator
from langchain_coze import CozeDatasetWriter


@pytest.fixture
def dataset_id(emulator: Emulator) -> str:
    return emulator.add_dataset("library", {})


def texts(emulator: Emulator, dataset_id: str) -> dict[str, str]:
    return {
        each.name: "".join(piece.text for piece in emulator.slices(each.id)) for each in emulator.documents(dataset_id)
    }


DOCUMENTS = [
    Document("The owl", metadata={"source": "poems/owl.pdf", "page": 0}),
    Document("and the pussycat", metadata={"source": "poems/owl.pdf", "page": 1}),
    Document("went to sea", id="42"),
]


def test_documents_and_files_are_written_side_by_side(emulator: Emulator, dataset_id: str, tmp_path: Path) -> None:
    (tmp_path / "boat.md").write_text("in a beautiful pea-green boat")
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        report = CozeDatasetWriter(client, dataset_id).add([*DOCUMENTS, tmp_path])
    names = [fate.name for fate in report]
    assert names[0] == "owl.pdf"
    assert names[1].startswith("owl-")
    assert names[2:] == ["42", "boat.md"]
    assert list(texts(emulator, dataset_id).values()) == [
        "The owl",
        "and the pussycat",
        "went to sea",
        "in a beautiful pea-green boat",
    ]
    assert report.counts == {"ready": 4}


def test_one_writer_serves_both_kinds_of_callers(emulator: Emulator, dataset_id: str, tmp_path: Path) -> None:
    async def write() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            writer = CozeDatasetWriter(client, dataset_id, record=tmp_path / "uploads.sqlite")
            assert (await writer.aadd(DOCUMENTS[2])).counts == {"ready": 1}
            assert (await writer.areplace(Document("went home", id="42"))).counts == {"ready": 1}

    asyncio.run(write())
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        writer = CozeDatasetWriter(client, dataset_id, record=tmp_path / "uploads.sqlite")
        assert writer.add(Document("went home")).counts == {"skipped": 1}
        assert writer.delete("42")
    assert texts(emulator, dataset_id) == {}


def test_a_progress_bar_is_shown_to_those_who_ask_for_it(
    emulator: Emulator, dataset_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        writer = CozeDatasetWriter(client, dataset_id)
        writer.add(DOCUMENTS[0])
        assert capfd.readouterr().err == ""
        writer.add(DOCUMENTS, show_progress=True)
    shown = capfd.readouterr().err
    assert "100%" in shown
    assert "3/3 documents" in shown
