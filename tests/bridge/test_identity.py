"""Which files are the same source as before, and which must not be taken for one."""

from __future__ import annotations

from itertools import permutations

import pytest

from coze_client.bridge.writing.identity import identify
from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.upload_record import SourceEntry


def document(source: str, location: str) -> SourceDocument:
    return SourceDocument(source, source=source, location=location)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_files_of_one_path_in_their_folders_are_several_sources_in_any_order(order: tuple[int, ...]) -> None:
    files = [document("a.txt", f"/{folder}/deep/a.txt") for folder in ("x", "y", "z")]
    found = identify([files[number] for number in order], {})
    assert found[0].source == "a.txt"
    assert len({each.source for each in found}) == 3
    assert [each.location for each in found] == [files[number].location for number in order]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_a_file_that_moved_does_not_take_the_source_of_one_that_stayed(order: tuple[int, ...]) -> None:
    known = {"b.txt": SourceEntry("b.txt", ("hash",), None, "/x/a.txt")}
    files = [document("a.txt", "/x/a.txt"), document("b.txt", "/y/b.txt")]
    found = {each.location: each.source for each in identify([files[number] for number in order], known)}
    assert found == {"/x/a.txt": "b.txt", "/y/b.txt": "y/b.txt"}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=str)
def test_a_new_file_does_not_take_the_source_of_one_that_the_record_has(order: tuple[int, ...]) -> None:
    known = {"a.txt": SourceEntry("a.txt", ("hash",), None, "/x/a.txt")}
    files = [document("a.txt", "/x/a.txt"), document("a.txt", "/y/a.txt")]
    found = {each.location: each.source for each in identify([files[number] for number in order], known)}
    assert found == {"/x/a.txt": "a.txt", "/y/a.txt": "y/a.txt"}
