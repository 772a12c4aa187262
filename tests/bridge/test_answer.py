"""A turn as it is answered, through both clients: pieces, facts, calls, stop sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from coze_client import ConfigurationError
from coze_client.bridge.chat.answer import AnswerBuilder, Piece
from coze_client.bridge.chat.dialogue import DialogueMessage, Origin
from coze_client.bridge.chat.parts import PluginCall
from coze_client.bridge.chat.turn import plan_chat
from tests.support.clients import ConnectedClient

Coze = ConnectedClient


def follow(coze: Coze, bot: str, question: str, **plan: Any) -> tuple[AnswerBuilder, list[Piece]]:
    """The answering of a question, at its end, and its pieces."""
    options = {"bot_id": coze.emulator.bots[bot], "user_id": "u1"}
    answering = AnswerBuilder(plan_chat([DialogueMessage("user", question)], options, **plan))
    blocking = coze.driver.name == "blocking"
    stream = answering.open(coze.client) if blocking else coze.run(answering.aopen(coze.client))
    pieces = [answering.feed(event) for event in _until(coze, stream, answering)]
    return answering, [*pieces, answering.finish(stream)]


def _until(coze: Coze, stream: Any, answering: AnswerBuilder) -> Sequence[Any]:
    if not answering.turn.stop:
        events: Sequence[Any] = coze.collect(stream)
        return events
    return coze.collect(stream, limit=6)


def test_pieces_add_up_to_text_and_thoughts(coze: Coze) -> None:
    _, pieces = follow(coze, "reasoner", "Is 7 prime?")
    assert "".join(text for text, _, _ in pieces) == "After some thought: Is 7 prime?"
    assert "".join(thoughts for _, thoughts, _ in pieces).endswith("Done thinking.")


def test_parts_come_beside_the_text(coze: Coze) -> None:
    _, pieces = follow(coze, "several_answers", "Meaning?")
    (call,) = [part for _, _, parts in pieces for part in parts if isinstance(part, PluginCall)]
    assert (call.name, call.arguments) == ("search-web", {"query": "Meaning?"})


def test_facts_are_what_the_next_turn_reads(coze: Coze) -> None:
    answering, _ = follow(coze, "follow_ups", "Why?")
    facts = answering.facts
    origin = Origin.read(facts)
    assert origin is not None
    assert (origin.chat_id, origin.conversation_id) == (facts["chat_id"], facts["conversation_id"])
    assert coze.emulator.chat_status(origin.chat_id) == origin.status == "completed"
    assert facts["follow_ups"] == ["Why?", "How much?", "What comes next?"]
    assert origin.saved
    assert len(origin.message_ids) >= 4


def test_usage_is_there_only_if_coze_told_it(coze: Coze) -> None:
    completed, _ = follow(coze, "echo", "hello")
    waiting, _ = follow(coze, "plugins", "The weather in Chur?")
    assert completed.usage is not None
    assert waiting.usage is None


def test_calls_of_tools_that_were_offered_are_told(coze: Coze) -> None:
    answering, _ = follow(coze, "plugins", "The weather in Chur?", tools=frozenset({"get_weather"}))
    assert [call.function.name for call in answering.calls if call.function] == ["get_weather"]


@pytest.mark.parametrize(("offered", "told"), [({"a", "b"}, "a, b"), (set[str](), "none")])
def test_a_call_of_a_tool_that_was_not_offered_names_both_sides(coze: Coze, offered: set[str], told: str) -> None:
    answering, _ = follow(coze, "plugins", "The weather in Chur?", tools=frozenset(offered))
    with pytest.raises(ConfigurationError, match=f"called get_weather, and the tools here are {told}"):
        _ = answering.calls


def test_a_stop_sequence_ends_the_answer_which_no_conversation_then_holds(coze: Coze) -> None:
    answering, pieces = follow(coze, "slow", "Count", stop="word2")
    origin = Origin.read(answering.facts)
    assert answering.stopped
    assert "".join(text for text, _, _ in pieces) == "word1 "
    assert origin is not None
    assert not origin.remembered
