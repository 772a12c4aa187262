"""Writing that is stopped, killed or shared at any step: the next run finishes it, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coze_client.bridge.writing.report import WriteReport
from coze_client.bridge.writing.upload_record import DatasetUploads, UploadRecord
from coze_client.core.session import Session
from coze_client.emulator import Emulator
from coze_client.errors import ConfigurationError
from tests.support.writers import Note, NoteWriter, WrittenDataset, notes, statuses


class Stops:
    """Stops a run at one of its steps: one step before and one after each request and each write of the record."""

    def __init__(self, at: int, stop: Callable[[], None]) -> None:
        self.at = at
        self.stop = stop
        self._lock = threading.Lock()

    def step(self) -> None:
        with self._lock:
            self.at -= 1
            if self.at == -1:
                self.stop()

    def install(self, put: Callable[[Any, str, Any], object]) -> None:
        send = Session.send

        async def stopping_send(session: Session, request: Any) -> Any:
            self.step()
            answer = await send(session, request)
            self.step()
            return answer

        put(Session, "send", stopping_send)
        self.install_writes(put)

    def install_writes(self, put: Callable[[Any, str, Any], object]) -> None:
        write = DatasetUploads.write

        def stopping_write(uploads: DatasetUploads, *args: Any, **options: Any) -> None:
            self.step()
            write(uploads, *args, **options)
            self.step()

        put(DatasetUploads, "write", stopping_write)


def job(call: Callable[[str, Any], Any]) -> list[WriteReport]:
    """The work of an interrupted run: replace a document, and add as many as need two requests."""
    return [call("replace", Note("old", "new")), call("add", notes(11))]


def mirror_job(call: Callable[[str, Any], Any]) -> list[WriteReport]:
    """Mirrors three states: sources change, come and go, and one of them is split into parts."""
    before = [Note("gone", "gone"), Note("parts", "part 1"), Note("parts", "part 2"), *notes(3)]
    after = [Note("note 0", "changed"), Note("parts", "part 2"), Note("parts", "part 3"), *notes(3)[1:], Note("n", "x")]
    return [call("mirror", before), call("mirror", after)]


def check_mirrored(target: WrittenDataset) -> None:
    """A second mirror of the last state finishes the job: no text is lost, doubled, or left from an older state."""
    mirror_job(lambda _, sources: target.call("mirror", sources) if sources[0].text == "changed" else None)
    documents = target.emulator.documents(target.dataset_id)
    texts = ["".join(piece.text for piece in target.emulator.slices(each.id)) for each in documents]
    assert sorted(texts) == ["changed", "old", "part 2", "part 3", "text 1", "text 2", "x"]


def check_finished(target: WrittenDataset) -> None:
    """A second run finishes the job: no document is lost or doubled, and the replaced one is deleted."""
    reports = job(target.call)
    assert {result.status for report in reports for result in report} <= {"ready", "skipped"}
    assert not any(result.error for report in reports for result in report)
    assert target.texts == {"old": "new", **{each.title: each.text for each in notes(11)}}


JOBS: dict[str, tuple[Callable[..., Any], Callable[[WrittenDataset], None]]] = {
    "replace": (job, check_finished),
    "mirror": (mirror_job, check_mirrored),
}


@pytest.mark.parametrize("name", ["replace", "mirror"])
@pytest.mark.parametrize("way", ["stopped", "no room"])
def test_a_run_stopped_at_any_step_is_finished_by_the_next(
    target: WrittenDataset, monkeypatch: pytest.MonkeyPatch, name: str, way: str
) -> None:
    """It is stopped at each request and write, or its record finds no room at each write.

    Both clients run one text, so each takes every second step.
    """
    work, check = JOBS[name]
    error: BaseException = ConfigurationError("database or disk is full")
    if way == "stopped":
        error = KeyboardInterrupt() if target.driver.name == "blocking" else asyncio.CancelledError()

    def stop() -> None:
        raise error

    steps = int(target.driver.name == "asyncio")
    while True:
        target.dataset_id = target.emulator.add_dataset(f"stopped at {steps}", {"old": "old"})
        with monkeypatch.context() as patch:
            stops = Stops(steps, stop)
            (stops.install if way == "stopped" else stops.install_writes)(patch.setattr)
            try:
                work(target.call)
            except type(error):
                steps += 2
            else:
                break
        check(target)
    assert steps > (20 if way == "stopped" else 10)


KILLED = """
import os, sys
from coze_client import CozeClient
from tests.support.writers import NoteWriter
from tests.bridge.test_writer_interrupted import JOBS, Stops

name, url, token, record, first, *datasets = sys.argv[1:]

def write(dataset_id, record):
    with CozeClient(token, base_url=url) as client:
        writer = NoteWriter(client, dataset_id, record=record)
        JOBS[name][0](lambda work, notes: getattr(writer, work)(notes))

write(first, record + ".first")  # imports what each child would import again
for step, dataset_id in enumerate(datasets):
    child = os.fork()
    if not child:
        Stops(step, lambda: os._exit(9)).install(setattr)
        write(dataset_id, record)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
    if not status:
        break
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, to kill many of them fast")
@pytest.mark.parametrize("name", ["replace", "mirror"])
def test_a_process_killed_at_any_step_leaves_what_the_next_one_finishes(
    emulator: Emulator, tmp_path: Path, name: str
) -> None:
    from tests.support.clients import BlockingDriver

    driver = BlockingDriver()
    target = WrittenDataset(driver, emulator, tmp_path / "uploads.sqlite")
    datasets = [emulator.add_dataset(f"killed at {step}", {"old": "old"}) for step in range(60)]
    args = [name, emulator.url, emulator.token, str(target.record), *datasets]
    done = subprocess.run([sys.executable, "-c", KILLED, *args], capture_output=True, text=True, check=False)
    codes = done.stdout.split()
    assert codes[-1] == "0", done.stderr
    assert set(codes[:-1]) == {"9"}
    assert len(codes) > 20
    for dataset_id in datasets[1 : 1 + len(codes)]:
        target.dataset_id = dataset_id
        JOBS[name][1](target)
    driver.close()


TOGETHER = """
import sys
from coze_client import CozeClient
from tests.support.writers import NoteWriter, notes

url, token, record, dataset_id = sys.argv[1:]
with CozeClient(token, base_url=url) as client:
    print(*(result.status for result in NoteWriter(client, dataset_id, record=record).add(notes(25))))
"""


def test_processes_that_share_a_record_double_nothing(emulator: Emulator, tmp_path: Path) -> None:
    dataset_id = emulator.add_dataset("library", {})
    args = [sys.executable, "-c", TOGETHER, emulator.url, emulator.token, str(tmp_path / "record"), dataset_id]
    runs = [subprocess.Popen(args, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    printed = Counter(run.communicate()[0].strip() for run in runs)
    assert printed == {" ".join(["ready"] * 25): 1, " ".join(["skipped"] * 25): 1}
    assert len(emulator.documents(dataset_id)) == 25


@pytest.fixture
def threads() -> Iterator[list[threading.Thread]]:
    started: list[threading.Thread] = []
    yield started
    for thread in started:
        thread.join()


def test_threads_that_share_a_writer_double_nothing(emulator: Emulator, threads: list[threading.Thread]) -> None:
    from coze_client import CozeClient

    dataset_id = emulator.add_dataset("library", {})
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        writer = NoteWriter(client, dataset_id)
        reports: list[WriteReport] = []
        for _ in range(3):
            threads.append(threading.Thread(target=lambda: reports.append(writer.add(notes(15)))))
            threads[-1].start()
        for thread in threads:
            thread.join()
    assert Counter(status for report in reports for status in statuses(report)) == {"ready": 15, "skipped": 30}
    assert len(emulator.documents(dataset_id)) == 15


async def test_tasks_that_share_a_writer_double_nothing(emulator: Emulator) -> None:
    from coze_client import AsyncCozeClient

    dataset_id = emulator.add_dataset("library", {})
    async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
        writer = NoteWriter(client, dataset_id, record=UploadRecord())
        reports = await asyncio.gather(*(writer.aadd(notes(15)) for _ in range(3)))
    assert Counter(status for report in reports for status in statuses(report)) == {"ready": 15, "skipped": 30}
    assert len(emulator.documents(dataset_id)) == 15
