"""Writing into a dataset of the local Coze: each content arrives exactly once, whatever fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from coze_client.api.datasets.document_base import DocumentBase
from coze_client.api.datasets.documents import LARGEST_BODY
from coze_client.api.datasets.values import ChunkStrategy
from coze_client.bridge.writing.journal import intended_upload
from coze_client.bridge.writing.report import Progress, WriteReport
from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.uploader import PlannedUpload, batches
from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.errors import ConfigurationError, InvalidRequest, NotFound
from tests.support.clients import Driver
from tests.support.writers import CREATE, DELETE, LIST, LOST, Note, WrittenDataset, notes, statuses


@dataclass(frozen=True)
class LeavesOut(Fault):
    """A listing without the document at `index`, as if one before it had been deleted between two pages."""

    index: int

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        infos: Any = value["document_infos"]
        return {**value, "document_infos": [*infos[: self.index], *infos[self.index + 1 :]]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five files, one of them in a folder of its own, and one that is hidden."""
    path = tmp_path / "handbook"
    (path / "deeper").mkdir(parents=True)
    (path / "a.txt").write_text("the owl")
    (path / "b.md").write_text("# the pussycat")
    (path / "c.html").write_text("<html><head><title>x</title></head><body><p>the <b>sea</b></p><p>boat</p></body>")
    (path / "d.txt").write_bytes("静夜思".encode("gb18030"))
    (path / "deeper" / "e.txt").write_text("pea green")
    (path / ".hidden.txt").write_text("nobody's business")
    return path


# --- what is written ---


def test_a_folder_s_files_become_documents(target: WrittenDataset, folder: Path) -> None:
    report = target.add(folder)
    assert target.texts == {
        "a.txt": "the owl",
        "b.md": "# the pussycat",
        "c.html": "the sea\nboat",
        "d.txt": "静夜思",
        "e.txt": "pea green",
    }
    assert statuses(report) == ["ready"] * 5
    assert set(report.document_ids) == {each.id for each in target.emulator.documents(target.dataset_id)}


def test_documents_paths_and_bases_go_together(target: WrittenDataset, folder: Path) -> None:
    report = target.add([Note("n", "a note"), str(folder / "a.txt"), DocumentBase.from_text("by hand", "h.txt")])
    assert statuses(report) == ["ready"] * 3
    assert target.texts == {"n": "a note", "a.txt": "the owl", "h.txt": "by hand"}


def test_a_single_document_needs_no_list(target: WrittenDataset) -> None:
    assert statuses(target.add(Note("n", "a note"))) == ["ready"]


def test_the_chunk_strategy_is_the_caller_s(target: WrittenDataset) -> None:
    target.add(Note("n", "one|two|three"), chunking=ChunkStrategy.custom(separator="|", max_tokens=100))
    [document] = target.emulator.documents(target.dataset_id)
    assert [each.text for each in target.emulator.slices(document.id)] == ["one", "two", "three"]


def test_what_no_dataset_takes_is_refused_before_anything_is_sent(target: WrittenDataset) -> None:
    with pytest.raises(ConfigurationError, match="does not accept a source of type int"):
        target.add([7])
    assert target.emulator.calls == []


def test_equal_names_become_distinct_ones(target: WrittenDataset) -> None:
    report = target.add([Note("n.txt", "one"), Note("n.txt", "two")])
    first, second = (result.name for result in report)
    assert first == "n.txt"
    assert second.startswith("n-")
    assert second.endswith(".txt")
    assert target.texts == {first: "one", second: "two"}


# --- once only ---


def test_the_same_content_is_not_uploaded_twice(target: WrittenDataset) -> None:
    first = target.add([Note("n", "same"), Note("m", "same")])
    again = target.add([Note("other", "same")])
    assert statuses(first) == ["ready", "skipped"]
    assert statuses(again) == ["skipped"]
    assert again.document_ids == first.document_ids
    assert target.texts == {"n": "same"}
    assert target.create_calls == 1


def test_a_content_is_the_same_however_it_is_given(target: WrittenDataset, folder: Path) -> None:
    given = [folder / "a.txt", Note("n", "the owl"), DocumentBase.from_text("the owl", "by hand")]
    assert statuses(target.add(given)) == ["ready", "skipped", "skipped"]


def test_a_record_in_memory_lasts_as_long_as_its_writer(target: WrittenDataset) -> None:
    writer = target.writer(record=":memory:")
    assert statuses(target.add(Note("n", "same"), writer=writer)) == ["ready"]
    assert statuses(target.add(Note("n", "same"), writer=writer)) == ["skipped"]


def test_other_datasets_do_not_count(target: WrittenDataset) -> None:
    target.add(Note("n", "same"))
    target.dataset_id = target.emulator.add_dataset("another", {})
    assert statuses(target.add(Note("n", "same"))) == ["ready"]


def test_what_somebody_deleted_is_uploaded_again(target: WrittenDataset) -> None:
    [document_id] = target.add(Note("n", "same")).document_ids
    target.driver.run(target.client.datasets.documents.delete(document_ids=[document_id]))
    assert statuses(target.add(Note("n", "same"))) == ["ready"]
    assert target.texts == {"n": "same"}


def test_a_fresh_upload_that_a_listing_does_not_show_yet_is_believed(target: WrittenDataset) -> None:
    [document_id] = target.add(Note("n", "same")).document_ids
    target.driver.run(target.client.datasets.documents.delete(document_ids=[document_id]))  # as good as not shown
    assert statuses(target.add(Note("n", "same"), writer=target.writer(settle=60))) == ["skipped"]


# --- batches and rates ---


def test_ten_documents_go_in_a_request(target: WrittenDataset) -> None:
    assert statuses(target.add(notes(23))) == ["ready"] * 23
    assert target.create_calls == 3
    assert len(target.texts) == 23


def planned(number: int, size: int, way: int = 0) -> PlannedUpload:
    name = str(number)
    return PlannedUpload(SourceDocument(name, name, size, way), intended_upload(name, name, (), ()), None)


def test_batches_are_within_the_bytes_of_a_body_and_of_one_kind() -> None:
    third = LARGEST_BODY // 3
    uploads = [planned(0, third), planned(1, 10, 1), planned(2, third), planned(3, third), planned(4, LARGEST_BODY * 2)]
    assert [[each.source.name for each in batch] for batch in batches(uploads)] == [
        ["0", "2"],
        ["3"],
        ["4"],
        ["1"],
    ]


@pytest.mark.parametrize(
    "refusal", [faults.Coded(4020), faults.HttpStatus(429, headers={"Retry-After": "2"})], ids=["4020", "429"]
)
def test_above_coze_s_rate_is_waited_for(target: WrittenDataset, refusal: Any, sleeps: list[float]) -> None:
    target.emulator.inject(refusal, CREATE, times=2)
    assert statuses(target.add(notes(12))) == ["ready"] * 12
    assert target.create_calls == 4
    assert sleeps
    assert len(target.texts) == 12


# --- failures ---


def test_it_goes_on_after_failures_and_reports_each(target: WrittenDataset, folder: Path) -> None:
    (folder / "empty.txt").write_bytes(b"")
    (folder / "broken.pdf").write_bytes(b"%PDF- no more")
    (folder / "film.mp4").write_bytes(b"1")
    names = ["empty.txt", "broken.pdf", "film.mp4", "absent.txt", "a.txt"]
    report = target.add([folder / name for name in names] + [Note("blank", " \n")])
    by_name = {result.name: result for result in report}
    assert statuses(report) == ["failed"] * 4 + ["ready", "failed"]
    assert "empty" in by_name["empty.txt"].error
    assert by_name["broken.pdf"].document_id
    assert by_name["broken.pdf"].error
    assert "film.mp4" in by_name["film.mp4"].error
    assert "No such file" in by_name["absent.txt"].error
    assert "contains no text" in by_name["blank"].error
    assert {result.name for result in report.failed} == {*by_name} - {"a.txt"}


def test_a_file_that_vanishes_or_changes_before_it_is_sent_fails_by_itself(
    target: WrittenDataset, folder: Path
) -> None:
    def meddle(_: Progress) -> None:
        (folder / "a.txt").unlink(missing_ok=True)
        (folder / "b.md").write_text("another text")

    by_name = {result.name: result for result in target.add(folder, on_progress=meddle)}
    assert "No such file" in by_name["a.txt"].error
    assert "was changed" in by_name["b.md"].error
    assert sorted(target.texts) == ["c.html", "d.txt", "e.txt"]


def test_what_coze_could_not_process_is_replaced_by_the_next_try(target: WrittenDataset, folder: Path) -> None:
    (folder / "broken.pdf").write_bytes(b"%PDF- no more")
    [first] = target.add(folder / "broken.pdf")
    [second] = target.add(folder / "broken.pdf")
    assert first.status == second.status == "failed"
    assert [each.id for each in target.emulator.documents(target.dataset_id)] == [second.document_id]


def test_one_refused_document_does_not_take_its_batch_along(target: WrittenDataset) -> None:
    wrong = DocumentBase("wrong.txt", {"file_base64": "no base64", "file_type": "txt"})
    report = target.add([*notes(5), wrong])
    assert statuses(report) == ["ready"] * 5 + ["failed"]
    assert "file_base64" in report.failed[0].error
    assert report.failed[0].logid
    assert len(target.texts) == 5


def test_a_used_up_quota_is_reported_and_the_next_run_tries_again(target: WrittenDataset) -> None:
    target.emulator.inject(faults.Coded(4008), CREATE)
    [result] = target.add(Note("n", "text"))
    assert result.status == "failed"
    assert "4008" in result.error
    assert statuses(target.add(Note("n", "text"))) == ["ready"]


def test_a_dataset_that_is_not_there_is_an_error(target: WrittenDataset) -> None:
    target.dataset_id = "7449999999999999999"
    with pytest.raises(NotFound):
        target.add(Note("n", "text"))


def test_what_takes_too_long_is_reported_as_uploaded_and_waited_for_by_the_next_run(
    driver: Driver, tmp_path: Path
) -> None:
    with Emulator(processing_seconds=3600) as emulator:
        target = WrittenDataset(driver, emulator, tmp_path / "uploads.sqlite")
        [result] = target.add(Note("n", "text"), writer=target.writer(timeout=0))
        assert result.status == "uploaded"
        assert "still processing" in result.error
        started = emulator.clock()
        emulator.clock = lambda: started + 4000
        assert statuses(target.add(Note("n", "text"))) == ["ready"]
        assert target.create_calls == 1


@dataclass(frozen=True)
class Processed(Fault):
    """A response about progress that gives every document this status."""

    status: int

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        data = cast("dict[str, list[dict[str, object]]]", value["data"])
        return {**value, "data": {"data": [{**each, "status": self.status} for each in data["data"]]}}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.Coded(4101, "no access"), "no access"),
        (faults.HttpStatus(404), "404"),
        (Processed(77), "returned no reason"),
    ],
)
def test_why_a_document_did_not_become_ready_is_reported(target: WrittenDataset, fault: Fault, reason: str) -> None:
    target.emulator.inject(fault, "/v1/datasets/*/process")
    [result] = target.add(Note("n", "text"))
    assert (result.status, result.document_id != "") == ("uploaded", True)
    assert reason in result.error
    assert "still processing" not in result.error


# --- replies that are lost ---


def test_a_document_whose_reply_was_lost_is_found_and_not_sent_again(
    target: WrittenDataset, sleeps: list[float]
) -> None:
    target.emulator.inject(LOST, CREATE)
    assert statuses(target.add(notes(3), writer=target.writer(settle=15))) == ["ready"] * 3
    assert target.create_calls == 1
    assert len(target.texts) == 3


def test_a_server_error_after_the_deed_doubles_nothing(target: WrittenDataset, sleeps: list[float]) -> None:
    target.emulator.inject(faults.AfterStart(faults.Coded(5000)), CREATE)
    assert statuses(target.add(notes(12), writer=target.writer(settle=15))) == ["ready"] * 12
    assert len(target.texts) == 12


def test_what_did_not_arrive_in_its_time_is_sent_once_more(target: WrittenDataset, sleeps: list[float]) -> None:
    target.emulator.inject(faults.DropConnection(), CREATE)
    assert statuses(target.add(notes(3), writer=target.writer(settle=15))) == ["ready"] * 3
    assert target.create_calls == 2
    assert sum(sleeps) == pytest.approx(15, abs=1)


def test_what_stays_unknown_is_reported_so_and_sent_by_a_later_run(target: WrittenDataset, sleeps: list[float]) -> None:
    target.emulator.inject(faults.DropConnection(), CREATE, times=2)
    [result] = target.add(Note("n", "text"), writer=target.writer(settle=15))
    assert result.status == "unknown"
    assert result.error
    assert statuses(target.add(Note("n", "text"))) == ["ready"]
    assert target.texts == {"n": "text"}


def test_a_document_of_that_name_that_was_there_before_is_not_taken_for_it(target: WrittenDataset) -> None:
    target.dataset_id = target.emulator.add_dataset("with one", {"n": "somebody else's"})
    target.emulator.inject(faults.DropConnection(), CREATE)
    target.add(Note("n", "text"))
    texts = [target.emulator.slices(each.id)[0].text for each in target.emulator.documents(target.dataset_id)]
    assert sorted(texts) == ["somebody else's", "text"]


def test_what_was_sent_later_is_not_taken_for_what_was_lost_before(target: WrittenDataset) -> None:
    target.add(Note("n", "first"))
    target.emulator.inject(faults.DropConnection(), CREATE, times=2)
    assert statuses(target.call("replace", Note("n", "second"))) == ["unknown"]
    assert statuses(target.call("replace", Note("n", "third"))) == ["ready"]
    assert statuses(target.call("replace", Note("n", "second"))) == ["ready"]
    assert target.texts == {"n": "second"}


def test_a_refusal_after_the_deed_doubles_nothing(target: WrittenDataset) -> None:
    target.emulator.inject(faults.AfterStart(faults.Coded(4000)), CREATE)
    assert statuses(target.add(notes(4))) == ["ready"] * 4
    assert target.create_calls == 1
    assert len(target.texts) == 4


# --- replacing and deleting ---


def test_a_new_version_replaces_what_had_its_name(target: WrittenDataset) -> None:
    old = target.add([Note("n", "old"), Note("m", "other")])
    report: WriteReport = target.call("replace", Note("n", "new"))
    assert statuses(report) == ["ready"]
    assert target.texts == {"n": "new", "m": "other"}
    assert report.document_ids[0] not in old.document_ids
    assert statuses(target.add(Note("n", "old"))) == ["ready"]


def test_what_did_not_change_is_not_replaced(target: WrittenDataset) -> None:
    target.add(Note("n", "same"))
    assert statuses(target.call("replace", Note("n", "same"))) == ["skipped"]
    assert target.create_calls == 1
    assert target.texts == {"n": "same"}


def test_a_document_whose_new_content_stands_under_another_name_is_deleted(target: WrittenDataset) -> None:
    target.add([Note("n", "one"), Note("m", "two")])
    assert statuses(target.call("replace", Note("m", "one"))) == ["skipped"]
    assert target.texts == {"n": "one"}


def test_a_document_that_others_uploaded_is_replaced_by_id_or_name(target: WrittenDataset) -> None:
    target.dataset_id = target.emulator.add_dataset("with two", {"a": "old a", "b": "old b"})
    by_name = {each.name: each.id for each in target.emulator.documents(target.dataset_id)}
    target.call("replace", Note("c", "new"), instead_of=["a", by_name["b"]])
    assert target.texts == {"c": "new"}


def test_only_a_single_source_can_replace_others(target: WrittenDataset) -> None:
    with pytest.raises(ConfigurationError, match="2 sources cannot replace a"):
        target.call("replace", notes(2), instead_of="a")


def test_an_old_version_stays_until_the_new_one_is_ready(target: WrittenDataset, folder: Path) -> None:
    target.dataset_id = target.emulator.add_dataset("with one", {"broken.pdf": "old"})
    (folder / "broken.pdf").write_bytes(b"%PDF- no more")
    assert statuses(target.call("replace", folder / "broken.pdf")) == ["failed"]
    texts = [
        piece.text for each in target.emulator.documents(target.dataset_id) for piece in target.emulator.slices(each.id)
    ]
    assert texts == ["old"]


def test_an_old_version_that_cannot_be_deleted_is_reported_and_deleted_by_the_next_run(target: WrittenDataset) -> None:
    target.add(Note("n", "old"))
    target.emulator.inject(faults.Coded(4000), DELETE)
    [result] = target.call("replace", Note("n", "new"))
    assert result.status == "ready"
    assert "could not be deleted" in result.error
    target.add(Note("m", "more"))
    assert target.texts == {"n": "new", "m": "more"}


def test_a_replacement_that_an_earlier_run_started_is_finished_by_any_later_one(driver: Driver, tmp_path: Path) -> None:
    with Emulator(processing_seconds=3600) as emulator:
        target = WrittenDataset(driver, emulator, tmp_path / "uploads.sqlite")
        target.dataset_id = emulator.add_dataset("with one", {"n": "old"})
        assert statuses(
            target.call("replace", Note("new", "new"), instead_of="n", writer=target.writer(timeout=0))
        ) == ["uploaded"]
        started = emulator.clock()
        emulator.clock = lambda: started + 4000
        assert statuses(target.add(Note("new", "new"))) == ["ready"]
        assert target.texts == {"new": "new"}


def test_a_content_whose_deletion_was_cut_short_can_be_added_again(target: WrittenDataset) -> None:
    target.add(Note("n", "text"))
    target.emulator.inject(faults.Coded(4000), DELETE)
    with pytest.raises(InvalidRequest):
        target.call("delete", "n")
    assert statuses(target.add(Note("n", "text"))) == ["ready"]
    assert target.texts == {"n": "text"}


def test_what_can_never_be_deleted_is_reported_once_and_blocks_nothing_later(target: WrittenDataset) -> None:
    target.add([Note("n", "old"), Note("m", "old, too")])
    theirs = {each.name: each for each in target.emulator.documents(target.dataset_id)}["n"]
    target.emulator._backend.state.save(replace(theirs, account="somebody else"))
    first, second = target.call("replace", [Note("n", "new"), Note("m", "new, too")])
    assert (first.status, second.status) == ("ready", "ready")
    assert "could not be deleted" in first.error
    assert statuses(target.add([Note("o", "more"), Note("n", "new")])) == ["ready", "skipped"]
    texts = [
        piece.text for each in target.emulator.documents(target.dataset_id) for piece in target.emulator.slices(each.id)
    ]
    assert sorted(texts) == ["more", "new", "new, too", "old"]


def test_what_a_listing_left_out_because_others_deleted_meanwhile_is_not_sent_again(target: WrittenDataset) -> None:
    target.add(notes(3))
    target.emulator.inject(LeavesOut(1), LIST, times=2)  # also the page 0 that is looked for
    assert statuses(target.add(notes(3))) == ["skipped"] * 3
    assert len(target.texts) == 3


def test_a_dataset_from_which_nothing_is_missing_is_listed_once(target: WrittenDataset) -> None:
    target.add(notes(3))
    before = len(target.emulator.calls_to(LIST))
    target.add(notes(3))
    assert len(target.emulator.calls_to(LIST)) == before + 1


def test_documents_are_deleted_by_name_and_id(target: WrittenDataset) -> None:
    report = target.add(notes(3))
    ids = {result.name: result.document_id for result in report}
    deleted = target.call("delete", "note 0", ids["note 2"], "nothing of this name")
    assert deleted == (ids["note 0"], ids["note 2"])
    assert list(target.texts) == ["note 1"]
    assert statuses(target.add(notes(3))) == ["ready", "skipped", "ready"]


# --- reporting ---


def test_progress_rises_to_the_total(driver: Driver, tmp_path: Path, sleeps: list[float]) -> None:
    with Emulator(processing_looks=2) as emulator:
        target = WrittenDataset(driver, emulator, tmp_path / "uploads.sqlite")
        received: list[Progress] = []
        target.add([*notes(12), Note("blank", "")], on_progress=received.append)
    done = [each.done for each in received]
    assert done == sorted(done)
    assert received[-1].total == done[-1] == 13
    assert {each.doing for each in received} == {"uploading", "processing"}
    assert any(each.done % 1 for each in received)


def test_a_bar_and_a_callback_receive_the_same(target: WrittenDataset, capfd: pytest.CaptureFixture[str]) -> None:
    received: list[Progress] = []
    report = target.add(notes(3), show_progress=True, on_progress=received.append)
    assert received[-1].done == received[-1].total == len(report) == 3
    assert "3/3 documents" in capfd.readouterr().err


def test_a_run_that_finds_everything_there_reports_that_it_is_done(target: WrittenDataset) -> None:
    target.add(notes(3))
    received: list[Progress] = []
    target.add(notes(3), on_progress=received.append)
    assert [(each.done, each.total) for each in received] == [(3, 3)]


def test_a_report_is_a_table_as_text_and_in_notebooks(target: WrittenDataset) -> None:
    report = target.add([Note("<n>", "text"), Note("blank", "")])
    lines = str(report).splitlines()
    assert lines[0].split() == ["name", "document", "status", "error"]
    assert len(lines) == 4
    assert lines[-1] == "1 ready, 1 failed"
    html = report._repr_html_()
    assert "<td>&lt;n&gt;</td>" in html
    assert html.count("<tr>") == 3
