"""A file of lines: one flush for what comes together, and an end that a kill or a power cut has torn."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.batch.line_file import LineFile, read_lines
from coze_client.errors import ConfigurationError

LINES = st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), max_size=5)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[LineFile]:
    file = LineFile(tmp_path / "lines")
    yield file
    file.close()


def test_lines_that_come_while_the_disk_is_busy_share_the_next_flush(
    tmp_path: Path, file: LineFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushes: list[int] = []
    begun, more = threading.Event(), threading.Event()

    def slow_flush(number: int) -> None:
        flushes.append(len(list(read_lines(tmp_path / "lines"))))
        begun.set()
        assert more.wait(30)

    monkeypatch.setattr(os, "fsync", slow_flush)
    first = file.append({"line": 0})
    assert begun.wait(30)
    rest = [file.append({"line": number}) for number in range(1, 50)]
    assert not any(written.done() for written in (first, *rest))
    more.set()
    for written in (first, *rest):
        written.result(30)
    assert flushes == [1, 50]


def test_a_line_is_written_even_if_its_waiter_gives_up(tmp_path: Path, file: LineFile) -> None:
    assert not file.append({"line": 1}).cancel()
    file.append({"line": 2}).result(30)
    assert [line["line"] for line in read_lines(tmp_path / "lines")] == [1, 2]


def test_after_an_error_of_the_disk_nothing_more_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = LineFile(tmp_path / "lines")
    file.append({"line": 1}).result(30)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", _full)
        with pytest.raises(OSError, match="disk full"):
            file.append({"line": 2}).result(30)
    for use in (lambda: file.append({"line": 3}), file.close):
        with pytest.raises(OSError, match="disk full"):
            use()
    assert [line["line"] for line in read_lines(tmp_path / "lines")] == [1, 2]


def _full(number: int) -> None:
    raise OSError("disk full")


@given(LINES, st.data())
def test_an_unfinished_end_is_cut_off_wherever_it_was_torn(
    tmp_path_factory: pytest.TempPathFactory, lines: list[dict[str, object]], data: st.DataObject
) -> None:
    path = tmp_path_factory.getbasetemp() / "torn"
    whole = [json.dumps(line).encode() + b"\n" for line in lines]
    text = b"".join(whole)
    kept = data.draw(st.integers(0, len(text)))
    zeros = data.draw(st.sampled_from([b"", b"\0" * 7]))  # what a power cut leaves of blocks that were not flushed
    path.write_bytes(text[:kept] + zeros)
    complete = [line for number, line in enumerate(lines) if len(b"".join(whole[: number + 1])) <= kept]
    assert list(read_lines(path)) == complete
    assert path.read_bytes() == b"".join(whole[: len(complete)])


@pytest.mark.parametrize("damage", [b"\0\0\n", b"[1]\n", b'{"line": 1\n', b"\xff\n"])
def test_damage_before_other_lines_is_an_error_that_names_the_line(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "lines"
    content = b'{"line": 0}\n' + damage + b'{"line": 2}\n'
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="damaged before line 3"):
        list(read_lines(path))
    assert path.read_bytes() == content


def test_a_file_that_does_not_exist_has_no_lines(tmp_path: Path) -> None:
    assert list(read_lines(tmp_path / "lines")) == []
