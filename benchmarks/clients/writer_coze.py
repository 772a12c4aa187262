"""This project's dataset writer with small files, over a Coze in the same process that responds at once.

This measures the cost of the writer without the network: reading, hashing, batching, and the record on disk.
"""

from __future__ import annotations

import json
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from coze_client import CozeClient
from langchain_coze import CozeDatasetWriter

FILES = 1000


class InstantCoze:
    """Stores documents by id, and reports them as processed at once."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, object]] = {}
        self._ids = count(7441000000000000001)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        answers = {"create": self._create, "list": self._list, "process": self._process, "delete": self._delete}
        answer = answers[request.url.path.rpartition("/")[2]](asked)
        return httpx.Response(200, json={"code": 0, "msg": "", **answer})

    def _create(self, asked: Any) -> dict[str, object]:
        made = [{"document_id": str(next(self._ids)), "name": each["name"]} for each in asked["document_bases"]]
        self.documents.update((each["document_id"], dict(each)) for each in made)
        return {"document_infos": made}

    def _list(self, asked: Any) -> dict[str, object]:
        end = asked["page"] * asked["size"]
        page = islice(self.documents.values(), end - asked["size"], end)
        return {"document_infos": list(page), "total": len(self.documents)}

    def _delete(self, asked: Any) -> dict[str, object]:
        for document_id in asked["document_ids"]:
            del self.documents[document_id]
        return {}

    def _process(self, asked: Any) -> dict[str, object]:
        ready = [{"document_id": each, "status": 1, "progress": 100} for each in asked["document_ids"]]
        return {"data": {"data": ready}}


class New:
    """Each call writes 1,000 files that are neither in the dataset nor in the record."""

    count = FILES

    def __init__(self, _url: str) -> None:
        self.folder = TemporaryDirectory()
        self.numbers = count()
        self.files = Path(self.folder.name, "files")
        self.files.mkdir()
        for number in range(self.count):
            (self.files / f"{number}.txt").write_text(f"The text of file {number}.\n" * 100)
        self.writer = self.new_writer()

    def new_writer(self) -> CozeDatasetWriter:
        transport = httpx.MockTransport(InstantCoze())
        client = CozeClient("token", base_url="http://127.0.0.1", transport=transport)
        return CozeDatasetWriter(client, "1", record=Path(self.folder.name, f"{next(self.numbers)}.sqlite"))

    def call(self) -> object:
        return self.check(self.new_writer(), "ready")

    def check(self, writer: CozeDatasetWriter, status: str) -> object:
        report = writer.add(self.files)
        if len(report) != FILES or any(fate.status != status for fate in report):
            raise AssertionError(str(report.counts))
        return report


class Known(New):
    """Each call finds that all 1,000 files are already uploaded."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.check(self.writer, "ready")

    def call(self) -> object:
        return self.check(self.writer, "skipped")


class Mirrored(New):
    """Each call mirrors a folder of 10,000 files, of which 100 have changed, 10 are gone and 10 are new."""

    count = 10_000
    changed, gone = 100, 10

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.expect({"ready": self.count})
        self.next_number = count(self.count)

    def call(self) -> object:
        """Changes the first files and replaces the last ones; every text is new."""
        files = sorted(self.files.iterdir())
        for path in files[: self.changed]:
            path.write_text(f"Version {next(self.next_number)} of a text.\n" * 100)
        for path in files[-self.gone :]:
            path.unlink()
            number = next(self.next_number)
            (self.files / f"{number}.txt").write_text(f"The text of file {number}.\n" * 100)
        new = self.changed + self.gone
        return self.expect({"skipped": self.count - new, "ready": new, "gone": self.gone})

    def expect(self, counts: dict[str, int]) -> object:
        report = self.writer.mirror(self.files)
        if report.counts != counts:
            raise AssertionError(str(report.counts))
        return report
