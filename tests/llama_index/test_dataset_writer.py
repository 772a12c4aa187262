"""Writing LlamaIndex's documents and nodes into a dataset of the local Coze."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from llama_index.core.schema import Document, ImageNode, TextNode

from coze_client import AsyncCozeClient, CozeClient
from coze_client.emulator import Emulator
from llama_index_coze import CozeDatasetWriter


@pytest.fixture
def dataset_id(emulator: Emulator) -> str:
    return emulator.add_dataset("library", {})


def texts(emulator: Emulator, dataset_id: str) -> dict[str, str]:
    return {
        each.name: "".join(piece.text for piece in emulator.slices(each.id)) for each in emulator.documents(dataset_id)
    }


NODES = [
    TextNode(text="The owl", metadata={"file_name": "owl.pdf", "page_label": "1"}),
    TextNode(text="and the pussycat", metadata={"file_name": "owl.pdf", "page_label": "2"}),
    Document(text="went to sea", id_="42"),
]


def test_nodes_documents_and_files_are_written_side_by_side(
    emulator: Emulator, dataset_id: str, tmp_path: Path
) -> None:
    (tmp_path / "boat.md").write_text("in a beautiful pea-green boat")
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        report = CozeDatasetWriter(client, dataset_id).add([*NODES, tmp_path])
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


def test_a_node_without_text_fails_by_itself(emulator: Emulator, dataset_id: str) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        report = CozeDatasetWriter(client, dataset_id).add([ImageNode(id_="picture"), NODES[0]])
    assert [(fate.name, fate.status) for fate in report] == [("picture", "failed"), ("owl.pdf", "ready")]


def test_one_writer_serves_both_kinds_of_callers(emulator: Emulator, dataset_id: str, tmp_path: Path) -> None:
    async def write() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            writer = CozeDatasetWriter(client, dataset_id, record=tmp_path / "uploads.sqlite")
            assert (await writer.aadd(NODES[2])).counts == {"ready": 1}
            assert (await writer.areplace(Document(text="went home", id_="42"))).counts == {"ready": 1}

    asyncio.run(write())
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        writer = CozeDatasetWriter(client, dataset_id, record=tmp_path / "uploads.sqlite")
        assert writer.add(Document(text="went home")).counts == {"skipped": 1}
        assert writer.delete("42")
    assert texts(emulator, dataset_id) == {}


def test_a_progress_bar_is_shown_to_those_who_ask_for_it(
    emulator: Emulator, dataset_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        writer = CozeDatasetWriter(client, dataset_id)
        writer.add(NODES[0])
        assert capfd.readouterr().err == ""
        writer.add(NODES, show_progress=True)
    shown = capfd.readouterr().err
    assert "100%" in shown
    assert "3/3 documents" in shown
