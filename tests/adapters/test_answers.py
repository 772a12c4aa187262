"""The answers of a bot, by the chat model of either framework and in every way of asking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from coze_client import CozeError
from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.scripts import Answer, AskUser, Fail, Item, Partial, Turn
from tests.support.chat_models import ChatModel


def bot_of(emulator: Emulator, chat_model: ChatModel, bot_id: str, **options: Any) -> Any:
    return chat_model.model(bot_id=bot_id, token=emulator.token, base_url=emulator.url, user_id="u1", **options)


@pytest.mark.parametrize("fault", [None, faults.CutAfterEvents(3), faults.CutAfterEvents(6)])
def test_a_model_of_a_self_hosted_coze_studio_that_fails_leaves_no_half_answer(
    chat_model: ChatModel, fault: Fault | None
) -> None:
    with Emulator(dialect="studio") as studio:
        bot_id = studio.add_bot("broken", lambda turn: [Partial("Take two pills "), Fail()])
        if fault:
            studio.inject(fault)
        with pytest.raises(CozeError):
            chat_model.ask(bot_of(studio, chat_model, bot_id), "How many?")
    assert studio.chats_started == 1


def test_a_workflows_question_is_an_answer_that_the_next_message_replies_to(
    chat_model: ChatModel, emulator: Emulator
) -> None:
    def clerk(turn: Turn) -> Iterator[Item]:
        yield Answer(f"Off to {turn.question} after {len(turn.history)}.") if turn.history else AskUser("Where to?")

    model = bot_of(emulator, chat_model, emulator.add_bot("clerk", clerk), **chat_model.takes_calls)
    asked = chat_model.ask(model, "Book a train")
    assert asked.content == "Where to?"
    assert chat_model.tool_calls(asked) == []
    assert chat_model.kept(asked)["status"] == "requires_action"
    reply = chat_model.ask(model, "Book a train", asked, "Chur")
    assert reply.content == "Off to Chur after 2."
    assert chat_model.kept(reply)["conversation_id"] == chat_model.kept(asked)["conversation_id"]
    sent: Any = emulator.calls_to("/v3/chat")[-1].body
    assert len(sent["additional_messages"]) == 1


def test_a_stop_sequence_cuts_the_answer_and_cancels_the_chat(chat_model: ChatModel, emulator: Emulator) -> None:
    answer = chat_model.ask(bot_of(emulator, chat_model, emulator.bots["slow"]), "Count", stop=["word3"])
    assert answer.content == "word1 word2 "
    assert chat_model.kept(answer)["status"] == "canceled"
    emulator.wait_until(lambda: emulator.chat_status(chat_model.kept(answer)["chat_id"]) == "canceled")


def test_a_cut_stream_heals_without_a_second_chat(chat_model: ChatModel, emulator: Emulator) -> None:
    emulator.inject(faults.CutAfterEvents(5))
    answer = chat_model.ask(bot_of(emulator, chat_model, emulator.bots["echo"]), "one two three four five six")
    assert answer.content == "one two three four five six"
    assert emulator.chats_started == 1
