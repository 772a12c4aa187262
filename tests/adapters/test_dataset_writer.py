"""The writers of both frameworks: documents and files become documents of a dataset."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from coze_client import AsyncCozeClient, CozeClient
from coze_client.emulator import Emulator
from tests.support.frameworks import Framework


@pytest.fixture
def dataset_id(emulator: Emulator) -> str:
    return emulator.add_dataset("library", {})


@pytest.fixture
def documents(framework: Framework) -> list[Any]:
    """Two pages of one file, and a document with an id alone."""
    return [
        framework.page("The owl", "owl.pdf", 0),
        framework.page("and the pussycat", "owl.pdf", 1),
        framework.document("went to sea", "42"),
    ]


def texts(emulator: Emulator, dataset_id: str) -> dict[str, str]:
    return {
        each.name: "".join(piece.text for piece in emulator.slices(each.id)) for each in emulator.documents(dataset_id)
    }


def test_documents_and_files_are_written_side_by_side(
    framework: Framework, documents: list[Any], client: CozeClient, emulator: Emulator, dataset_id: str, tmp_path: Path
) -> None:
    (tmp_path / "boat.md").write_text("in a beautiful pea-green boat")
    report = framework.writer(client, dataset_id).add([*documents, tmp_path])
    names = [result.name for result in report]
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


def test_one_writer_serves_blocking_and_asyncio_callers(
    framework: Framework, documents: list[Any], client: CozeClient, emulator: Emulator, dataset_id: str, tmp_path: Path
) -> None:
    async def write() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as asyncio_client:
            writer = framework.writer(asyncio_client, dataset_id, record=tmp_path / "uploads.sqlite")
            assert (await writer.aadd(documents[2])).counts == {"ready": 1}
            assert (await writer.areplace(framework.document("went home", "42"))).counts == {"ready": 1}

    asyncio.run(write())
    writer = framework.writer(client, dataset_id, record=tmp_path / "uploads.sqlite")
    assert writer.add(framework.document("went home", None)).counts == {"skipped": 1}
    assert writer.delete("42")
    assert texts(emulator, dataset_id) == {}


def test_a_dataset_is_mirrored_and_its_citations_show_the_sources(
    framework: Framework, client: CozeClient, emulator: Emulator, dataset_id: str, tmp_path: Path
) -> None:
    for path, text in {"parking.txt": "Cars park in front.", "sub/parking.txt": "Buses park behind."}.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    writer = framework.writer(client, dataset_id, record=tmp_path / ".uploads.sqlite")
    assert writer.mirror(tmp_path, dry_run=True).counts == {"new": 2}
    assert writer.mirror(tmp_path).counts == {"ready": 2}
    bot = emulator.add_bot("Porter", dataset_ids=[dataset_id])
    found = framework.search(framework.retriever(bot_id=bot, client=client), "Where do buses park?")
    cited = {framework.text(each): each.metadata["document_name"] for each in found}
    assert cited["Buses park behind."] == "sub/parking.txt"
    (tmp_path / "sub" / "parking.txt").unlink()

    async def mirror() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as asyncio_client:
            again = framework.writer(asyncio_client, dataset_id, record=tmp_path / ".uploads.sqlite")
            assert (await again.amirror(tmp_path, dry_run=True)).counts == {"skipped": 1, "gone": 1}
            assert (await again.amirror(tmp_path)).counts == {"skipped": 1, "gone": 1}

    asyncio.run(mirror())
    assert texts(emulator, dataset_id) == {"parking.txt": "Cars park in front."}


def test_a_progress_bar_is_shown_only_on_request(
    framework: Framework, documents: list[Any], client: CozeClient, dataset_id: str, capfd: pytest.CaptureFixture[str]
) -> None:
    writer = framework.writer(client, dataset_id)
    writer.add(documents[0])
    assert capfd.readouterr().err == ""
    writer.add(documents, show_progress=True)
    printed = capfd.readouterr().err
    assert "100%" in printed
    assert "3/3 documents" in printed
