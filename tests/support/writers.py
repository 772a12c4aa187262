"""Writers for a small framework of the tests, over one dataset in the emulator."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from coze_client.bridge.writing.report import WriteReport
from coze_client.bridge.writing.sources import SourceText
from coze_client.bridge.writing.writer import DatasetWriter
from coze_client.emulator import Emulator, faults
from tests.support.clients import Driver

CREATE = "/open_api/knowledge/document/create"
DELETE = "/open_api/knowledge/document/delete"
LIST = "/open_api/knowledge/document/list"
LOST = faults.AfterStart(faults.DropConnection())


class Note(NamedTuple):
    """A document of the tests' framework."""

    title: str
    text: str


class NoteWriter(DatasetWriter[Note]):
    """A writer of notes."""

    documents = (Note,)

    def convert(self, document: Note) -> SourceText:
        return SourceText(document.title, document.text)


class WrittenDataset:
    """A dataset in the emulator, and writers that fill it through one client."""

    def __init__(self, driver: Driver, emulator: Emulator, record: Path) -> None:
        self.driver = driver
        self.emulator = emulator
        self.record = record
        self.dataset_id = emulator.add_dataset("library", {})
        self.client = driver.client(emulator.token, base_url=emulator.url)

    def writer(self, **options: Any) -> NoteWriter:
        """Return a writer that waits for no document; options may change it."""
        return NoteWriter(self.client, self.dataset_id, **{"record": self.record, "settle": 0, **options})

    def call(self, method: str, *args: Any, writer: NoteWriter | None = None, **options: Any) -> Any:
        """Call a writer's method in the client's way, and return its value."""
        name = method if self.driver.name == "blocking" else f"a{method}"
        return self.driver.run(getattr(writer or self.writer(), name)(*args, **options))

    def add(self, sources: Any, **options: Any) -> WriteReport:
        """Add sources to the dataset."""
        report: WriteReport = self.call("add", sources, **options)
        return report

    @property
    def texts(self) -> dict[str, str]:
        """The dataset's texts by document name; fails if two documents have one name."""
        documents = self.emulator.documents(self.dataset_id)
        assert max(Counter(each.name for each in documents).values(), default=1) == 1
        return {each.name: "".join(piece.text for piece in self.emulator.slices(each.id)) for each in documents}

    @property
    def create_calls(self) -> int:
        """The number of calls that created documents."""
        return len(self.emulator.calls_to(CREATE))


def notes(count: int) -> list[Note]:
    """Return so many different notes."""
    return [Note(f"note {number}", f"text {number}") for number in range(count)]


def statuses(report: WriteReport) -> list[str]:
    """Return the status of each document of a report."""
    return [fate.status for fate in report]
