"""Which documents of a dataset a name finds, and which of them were just uploaded."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from tests.support.writers import CREATE, LOST, Desk, Note

ACCENT = "caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt"


@pytest.mark.parametrize(
    ("there", "sent"),
    [
        ("a.txt", "a.txt"),
        ("a.txt.txt", "a.txt"),
        (normalize("NFD", ACCENT), ACCENT),
        (ACCENT, normalize("NFD", ACCENT)),
    ],
)
def test_a_name_is_known_as_coze_may_spell_it(desk: Desk, there: str, sent: str) -> None:
    desk.dataset_id = desk.emulator.add_dataset("with one", {there: "old"})
    desk.do("replace", Note(sent, "new"))
    assert desk.shelf == {sent: "new"}


@pytest.mark.parametrize(("there", "sent"), [("a.txt", "a"), ("a", "a.txt"), ("a.md", "a.txt"), ("A", "a")])
def test_another_name_is_another_document(desk: Desk, there: str, sent: str) -> None:
    desk.dataset_id = desk.emulator.add_dataset("with one", {there: "old"})
    desk.do("replace", Note(sent, "new"))
    assert desk.shelf == {there: "old", sent: "new"}


def test_the_name_as_it_was_sent_goes_before_other_spellings(desk: Desk) -> None:
    desk.dataset_id = desk.emulator.add_dataset("with none", {})
    desk.emulator.inject(LOST, CREATE)
    report = desk.add([Note("a.txt.txt", "twice"), Note("a.txt", "once")], writer=desk.writer(settle=15))
    assert desk.shelf == {"a.txt.txt": "twice", "a.txt": "once"}
    ids = {each.name: each.id for each in desk.emulator.documents(desk.dataset_id)}
    assert {fate.name: fate.document_id for fate in report} == ids
