"""How servers respond to uploads: documents in another order or missing; web pages, images, and coze-studio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Literal

import pytest

from coze_client.api.datasets.document_base import DocumentBase
from coze_client.api.datasets.values import ChunkStrategy
from coze_client.emulator import Emulator
from coze_client.emulator.protocol.fault import Fault
from tests.support.clients import Driver
from tests.support.writers import CREATE, DELETE, Note, WrittenDataset, notes, statuses


@dataclass(frozen=True)
class OddResponse(Fault):
    """A response whose list of documents is not as the API page describes it."""

    how: Literal["backwards", "shorter", "renamed", "nameless", "without ids"]

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        return {**value, "document_infos": self._changed(value["document_infos"])}

    def _changed(self, infos: Any) -> list[dict[str, object]]:
        ways: dict[str, list[dict[str, object]]] = {
            "backwards": infos[::-1],
            "shorter": infos[:1],
            "renamed": [{**info, "name": f"renamed {at}"} for at, info in enumerate(infos)],
            "nameless": [{**info, "name": None} for info in infos],
            "without ids": [{**info, "document_id": ""} for info in infos],
        }
        return ways[self.how]


@pytest.mark.parametrize("how", ["backwards", "shorter", "renamed", "nameless", "without ids"])
def test_each_content_gets_its_own_document_whatever_the_response_contains(
    target: WrittenDataset, sleeps: list[float], how: Any
) -> None:
    target.emulator.inject(OddResponse(how), CREATE)
    report = target.add(notes(3), writer=target.writer(settle=15))
    ids = {each.name: each.id for each in target.emulator.documents(target.dataset_id)}
    assert {result.name: result.document_id for result in report} == ids
    assert statuses(report) == ["ready"] * 3
    assert target.create_calls == 1


class Meeting(Fault):
    """Lets requests through once `size` of them have arrived."""

    def __init__(self, size: int) -> None:
        self.most = self._inside = 0
        self._size = size
        self._met = asyncio.Event()

    async def wait(self) -> None:
        self._inside += 1
        self.most = max(self.most, self._inside)
        if self._inside == self._size:
            self._met.set()
        await asyncio.wait_for(self._met.wait(), 20)
        self._inside -= 1


def test_uploads_run_together_up_to_the_limit(target: WrittenDataset) -> None:
    meeting = Meeting(3)
    target.emulator.inject(meeting, CREATE, times=6)
    assert statuses(target.add(notes(60), writer=target.writer(concurrency=3))) == ["ready"] * 60
    assert meeting.most == 3
    assert target.create_calls == 6


# --- web pages ---


@pytest.fixture
def site() -> Iterator[str]:
    """A web site of two pages."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = f"<html><title>Page</title><body><p>This is {self.path}.</p></body></html>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the name that it has

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_web_pages_and_texts_go_side_by_side_and_once(target: WrittenDataset, site: str) -> None:
    sources = [f"{site}/owl", Note("sea", "The sea"), f"{site}/boat"]
    report = target.add(sources)
    host = site.removeprefix("http://")
    assert [result.name for result in report] == [f"{host} owl", "sea", f"{host} boat"]
    assert statuses(report) == ["ready"] * 3
    assert target.create_calls == 2
    assert "This is /owl." in target.texts[f"{host} owl"]
    assert statuses(target.add(sources)) == ["skipped"] * 3


# --- images ---


def images(target: WrittenDataset, folder: Path) -> list[DocumentBase]:
    """Two images that were uploaded, one of them with a caption."""
    ids = []
    for name in ("cat.png", "dog.png"):
        (folder / name).write_bytes(b"\x89PNG" + name.encode())
        ids.append(target.driver.run(target.client.files.upload(folder / name)).id)
    return [DocumentBase.from_image(ids[0], "cat.png"), DocumentBase.from_image(ids[1], "dog.png", caption="A dog")]


@pytest.mark.parametrize("chunking", [None, ChunkStrategy.images(1)])
def test_images_are_uploaded_once(target: WrittenDataset, tmp_path: Path, chunking: ChunkStrategy | None) -> None:
    target.dataset_id = target.driver.run(target.client.datasets.create(name="pets", workspace_id="1", format_type=2))
    pictures = images(target, tmp_path)
    assert statuses(target.add(pictures, chunking=chunking)) == ["ready"] * 2
    assert statuses(target.add(pictures)) == ["skipped"] * 2
    shown = target.driver.collect(target.client.datasets.images.list(dataset_id=target.dataset_id))
    assert [each.name for each in shown] == ["cat.png", "dog.png"]
    assert shown[1].caption == "A dog"


def test_a_text_among_images_is_refused_by_itself(target: WrittenDataset, tmp_path: Path) -> None:
    target.dataset_id = target.driver.run(target.client.datasets.create(name="pets", workspace_id="1", format_type=2))
    report = target.add([Note("n", "text"), *images(target, tmp_path)])
    assert statuses(report) == ["failed", "ready", "ready"]
    assert "format_type of this dataset is 2" in report.failed[0].error


# --- coze-studio ---


@pytest.fixture
def studio(driver: Driver, tmp_path: Path) -> Iterator[WrittenDataset]:
    with Emulator(dialect="studio") as emulator:
        yield WrittenDataset(driver, emulator, tmp_path / "uploads.sqlite")


def test_a_studio_that_makes_empty_documents_of_files_is_reported_and_left_as_it_was(studio: WrittenDataset) -> None:
    report = studio.add([*notes(25), DocumentBase.from_custom_text("custom", "c")])
    assert statuses(report) == ["failed"] * 25 + ["ready"]
    assert [
        "accepts no files and web pages" in result.error and "from_custom_text" in result.error
        for result in report.failed
    ] == [True] * 25
    assert studio.texts == {"c": "custom"}
    assert statuses(studio.add(notes(1))) == ["failed"]


def test_a_studio_is_sent_no_more_than_it_takes_to_find_out(studio: WrittenDataset) -> None:
    studio.add(notes(100), writer=studio.writer(concurrency=1))
    assert studio.create_calls == 1
    assert len(studio.emulator.calls_to(DELETE)) == 1
