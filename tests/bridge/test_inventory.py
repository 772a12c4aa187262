"""Which documents of a dataset a name finds, and which of them were just uploaded."""

from __future__ import annotations

from unicodedata import normalize

import pytest

from tests.support.writers import CREATE, LOST, Note, WrittenDataset

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
def test_a_name_is_known_as_coze_may_spell_it(target: WrittenDataset, there: str, sent: str) -> None:
    target.dataset_id = target.emulator.add_dataset("with one", {there: "old"})
    target.call("replace", Note(sent, "new"))
    assert target.texts == {sent: "new"}


@pytest.mark.parametrize(("there", "sent"), [("a.txt", "a"), ("a", "a.txt"), ("a.md", "a.txt"), ("A", "a")])
def test_another_name_is_another_document(target: WrittenDataset, there: str, sent: str) -> None:
    target.dataset_id = target.emulator.add_dataset("with one", {there: "old"})
    target.call("replace", Note(sent, "new"))
    assert target.texts == {there: "old", sent: "new"}


def test_the_name_as_it_was_sent_goes_before_other_spellings(target: WrittenDataset) -> None:
    target.dataset_id = target.emulator.add_dataset("with none", {})
    target.emulator.inject(LOST, CREATE)
    report = target.add([Note("a.txt.txt", "twice"), Note("a.txt", "once")], writer=target.writer(settle=15))
    assert target.texts == {"a.txt.txt": "twice", "a.txt": "once"}
    ids = {each.name: each.id for each in target.emulator.documents(target.dataset_id)}
    assert {result.name: result.document_id for result in report} == ids
