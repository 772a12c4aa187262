"""Uploads without a reply: how long the dataset is searched for them, and what the record and the journal then say."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from coze_client.api.datasets.document_base import CUSTOM, DocumentBase
from coze_client.api.datasets.values import Document
from coze_client.bridge.writing.inventory import Inventory
from coze_client.bridge.writing.journal import Failure, Journal
from coze_client.bridge.writing.lost_uploads import LostUploads
from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.upload_record import DatasetUploads, UploadEntry, UploadRecord
from coze_client.bridge.writing.uploader import PlannedUpload, Uploader
from coze_client.core.concurrency import Blocking
from coze_client.errors import InvalidRequest, TransportError

SETTLE = 30.0


class Clock(Blocking):
    """Time that passes only in pauses, which it notes."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Listing(Inventory):
    """The documents of a dataset, as this test says; `refreshed` counts the listings."""

    def __init__(self) -> None:
        self.listed: dict[str, tuple[str, str, int]] = {}
        self.refreshed = 0
        self._documents, self._by_name = {}, None

    async def refresh(self) -> None:
        self.refreshed += 1
        self._documents, self._by_name = dict(self.listed), None


class Dataset:
    """A run's parts over one record: `create` is what the server does with a request to create documents."""

    def __init__(self, clock: Clock, record: DatasetUploads) -> None:
        self.clock, self.record, self.inventory = clock, record, Listing()
        self.changes = 0
        self.created: list[list[str]] = []
        self.journal = Journal(clock, record, self._count)
        self.lost = LostUploads(clock, self.inventory, self.journal, SETTLE)
        self.answers: list[Callable[[], Sequence[Document]]] = []

    def _count(self) -> None:
        self.changes += 1

    def intend(self, *uploads: UploadEntry) -> None:
        self.clock.run(self.journal.store(list(uploads)))

    def send(self, *uploads: PlannedUpload) -> None:
        uploader = Uploader(self.clock, self._create, self.journal, self.inventory, self.lost, 1)
        self.clock.run(uploader.send(uploads))

    async def _create(self, bases: Sequence[DocumentBase]) -> Sequence[Document]:
        self.created.append([base.name for base in bases])
        return self.answers.pop(0)()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock


@pytest.fixture
def dataset(clock: Clock) -> Iterator[Dataset]:
    record = UploadRecord()._acquire("1")
    assert record is not None
    yield Dataset(clock, record)
    record.release()


def entry(number: int, at: float, name: str = "a.txt", **more: Any) -> UploadEntry:
    return UploadEntry(f"hash-{number}", name, "intended", changed_at=at, **more)


def planned(upload: UploadEntry, earlier: UploadEntry | None = None) -> PlannedUpload:
    def build() -> DocumentBase:
        return DocumentBase.from_custom_text(upload.name, "text")

    source = SourceDocument(upload.name, upload.content_hash, 4, CUSTOM, build=build)
    return PlannedUpload(source, upload, earlier)


def breaks() -> Sequence[Document]:
    raise TransportError("the line broke")


def refuses() -> Sequence[Document]:
    raise InvalidRequest("no", code=4000)


# --- the search ---


def test_a_search_pauses_twice_as_long_each_time_and_ends_when_the_time_is_over(dataset: Dataset, clock: Clock) -> None:
    upload = entry(1, clock.now)
    dataset.intend(upload)
    assert clock.run(dataset.lost.wait([upload])) == [upload]
    assert clock.pauses == [0.25, 0.5, 1, 2, 4, 8, 14.25]
    assert dataset.inventory.refreshed == len(clock.pauses)


@pytest.mark.parametrize(("ahead", "seconds"), [(10_000, SETTLE), (0, SETTLE), (-20, 10), (-SETTLE, 0), (-10_000, 0)])
def test_a_search_lasts_from_the_sending_and_never_longer_than_the_time_to_settle(
    dataset: Dataset, clock: Clock, ahead: float, seconds: float
) -> None:
    uploads = [entry(1, clock.now + ahead), entry(2, clock.now - 20_000)]
    dataset.intend(*uploads)
    clock.run(dataset.lost.wait(uploads))
    assert sum(clock.pauses) == pytest.approx(seconds)


@pytest.mark.parametrize("arrived", [0, 1, 2, 3])
def test_each_document_is_the_result_of_one_upload(dataset: Dataset, clock: Clock, arrived: int) -> None:
    uploads = [entry(1, clock.now), entry(2, clock.now)]
    dataset.intend(*uploads)
    dataset.inventory.listed = {str(number): ("a.txt", "txt", number) for number in range(arrived)}
    clock.run(dataset.inventory.refresh())
    missing = clock.run(dataset.lost.match(uploads))
    assert [each.content_hash for each in missing] == ["hash-1", "hash-2"][arrived:]
    found = [each.document_id for each in dataset.record.uploads().values() if each.state == "uploaded"]
    assert found == ["0", "1"][:arrived]


# --- after the sending ---


def test_the_time_to_settle_begins_when_an_upload_is_sent_however_long_it_queued(
    dataset: Dataset, clock: Clock
) -> None:
    dataset.answers = [breaks, breaks]
    dataset.send(planned(entry(1, clock.now - 1000)))
    assert dataset.created == [["a.txt"], ["a.txt"]]
    assert sum(clock.pauses) == 2 * SETTLE


def test_an_upload_that_succeeds_at_the_second_try_has_no_failure(dataset: Dataset, clock: Clock) -> None:
    dataset.answers = [breaks, lambda: [Document(document_id="7", name="a.txt", size=4)]]
    dataset.send(planned(entry(1, clock.now)))
    assert dataset.journal.failures == {}
    assert dataset.journal.uploads["hash-1"].document_id == "7"


def test_a_refused_upload_leaves_the_record_as_it_was(dataset: Dataset, clock: Clock) -> None:
    earlier = UploadEntry("hash-1", "a.txt", "failed", "5", changed_at=clock.now - 100)
    dataset.intend(earlier)
    dataset.answers = [refuses, refuses]
    dataset.send(planned(entry(1, clock.now), earlier))
    dataset.send(planned(entry(2, clock.now, "b.txt")))
    assert dataset.journal.uploads == dataset.record.uploads() == {"hash-1": earlier}
    assert dataset.journal.failures.keys() == {"hash-1", "hash-2"}


def test_every_change_is_told_once_and_nothing_else(dataset: Dataset, clock: Clock) -> None:
    journal, told = dataset.journal, []
    changes: list[Callable[[], object]] = [
        lambda: clock.run(journal.store([entry(1, clock.now)])),
        lambda: journal.fail(["hash-1"], Failure("no")),
        lambda: clock.run(journal.store(forget=["hash-1"])),
        lambda: clock.run(journal.store()),
    ]
    for change in changes:
        before = dataset.changes
        change()
        told.append(dataset.changes - before)
    assert told == [1, 1, 1, 0]
