"""Writers of a framework that is none, over one emulator and dataset."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from coze_client.bridge.writing.report import WriteReport
from coze_client.bridge.writing.sources import SourceText
from coze_client.bridge.writing.writer import DatasetWriter
from coze_client.emulator import Emulator, faults
from tests.conftest import Driver

CREATE = "/open_api/knowledge/document/create"
DELETE = "/open_api/knowledge/document/delete"
LIST = "/open_api/knowledge/document/list"
LOST = faults.AfterStart(faults.DropConnection())


class Note(NamedTuple):
    """A framework's document, as far as this test needs one."""

    title: str
    text: str


class NoteWriter(DatasetWriter[Note]):
    documents = (Note,)

    def convert(self, document: Note) -> SourceText:
        return SourceText(document.title, document.text)


class Desk:
    """Writers of one face over one emulator and dataset."""

    def __init__(self, driver: Driver, emulator: Emulator, record: Path) -> None:
        self.driver = driver
        self.emulator = emulator
        self.record = record
        self.dataset_id = emulator.add_dataset("library", {})
        self.client = driver.client(emulator.token, base_url=emulator.url)

    def writer(self, **options: Any) -> NoteWriter:
        return NoteWriter(self.client, self.dataset_id, **{"record": self.record, "settle": 0, **options})

    def do(self, work: str, *args: Any, writer: NoteWriter | None = None, **options: Any) -> Any:
        """A method of a writer, of this face."""
        method = getattr(writer or self.writer(), work if self.driver.name == "blocking" else f"a{work}")
        return self.driver.run(method(*args, **options))

    def add(self, sources: Any, **options: Any) -> WriteReport:
        report: WriteReport = self.do("add", sources, **options)
        return report

    @property
    def shelf(self) -> dict[str, str]:
        """The dataset's texts by name; fails if a name is there twice."""
        documents = self.emulator.documents(self.dataset_id)
        assert max(Counter(each.name for each in documents).values(), default=1) == 1
        return {each.name: "".join(piece.text for piece in self.emulator.slices(each.id)) for each in documents}

    @property
    def creates(self) -> int:
        return len(self.emulator.calls_to(CREATE))


def notes(count: int) -> list[Note]:
    return [Note(f"note {number}", f"text {number}") for number in range(count)]


def statuses(report: WriteReport) -> list[str]:
    return [fate.status for fate in report]
