"""The dataset of the command line's emulator, and the bots and the workflow that answer from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_client import CozeClient, Message
from coze_client.emulator import Emulator
from coze_client.emulator.demo_library import add_library

QUESTION = "How long is a table kept?"
KEPT = "A table is kept for 15 minutes. Then it goes to whoever waits at the door."


def answer(emulator: Emulator, bot: str, text: str) -> str:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        chat = client.chats.create_and_poll(
            bot_id=emulator.bots[bot], user_id="me", additional_messages=[Message.user(text)]
        )
        return chat.text


def test_the_workflow_and_the_librarian_look_into_the_handbook(emulator: Emulator) -> None:
    dataset_id = add_library(emulator)
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        by_workflow = client.recall.from_workflow(emulator.workflows["search_knowledge"], QUESTION)
        by_bot = client.recall.from_bot(emulator.bots["librarian"], QUESTION)
    assert [recall.slices[0].text for recall in (by_workflow, by_bot)] == [KEPT, KEPT]
    assert by_bot.slices[0].dataset_id == dataset_id


@pytest.mark.parametrize(
    ("prompt", "beginning"),
    [
        (f"[1] Dogs are welcome. [2] {KEPT}\n\nQuestion: {QUESTION}", "A table is kept for 15 minutes. [2]"),
        (f"Context:\n{KEPT}\nQuery: {QUESTION}\nAnswer: ", "A table is kept for 15 minutes."),
        ("Tell me something", "Give me something to read"),
    ],
    ids=["numbered", "plain", "no-question"],
)
def test_the_reader_quotes_what_it_is_given(emulator: Emulator, prompt: str, beginning: str) -> None:
    add_library(emulator)
    assert answer(emulator, "reader", prompt).startswith(beginning)


def test_the_handbook_is_put_into_a_file_once(tmp_path: Path) -> None:
    made: set[str] = set()
    for _ in range(2):
        with Emulator(data=tmp_path / "coze.sqlite") as emulator:
            made.add(add_library(emulator))
            assert list(emulator.datasets) == ["handbook"]
            assert answer(emulator, "librarian", QUESTION).startswith("A table is kept for 15 minutes. [1]")
    assert len(made) == 1
