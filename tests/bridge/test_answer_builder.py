"""The answer of a chat, with both clients: deltas, metadata, tool calls, stop sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from coze_client import ConfigurationError, Message
from coze_client.api.chats.chat_event import MESSAGE_COMPLETED, ChatEvent
from coze_client.api.chats.values import Chat
from coze_client.bridge.chat.answer_builder import AnswerBuilder, AnswerDelta
from coze_client.bridge.chat.answer_parts import PluginCall
from coze_client.bridge.chat.client_calls import check_chatflow, plugin_calls
from coze_client.bridge.chat.dialogue import DialogueMessage, Origin, PriorToolCall
from coze_client.bridge.chat.planned_chat import plan_chat
from tests.support.clients import ConnectedClient, Driver
from tests.support.scripted_coze import DONE, ScriptedCoze, as_stream, completed, created, delta, message, scripted

Coze = ConnectedClient


def follow(coze: Coze, bot: str, question: str, **plan: Any) -> tuple[AnswerBuilder, list[AnswerDelta]]:
    """The finished builder of the answer to a question, and the deltas."""
    options = {"bot_id": coze.emulator.bots[bot], "user_id": "u1"}
    builder = AnswerBuilder(plan_chat([DialogueMessage("user", question)], options, **plan))
    blocking = coze.driver.name == "blocking"
    stream = builder.open(coze.client) if blocking else coze.run(builder.aopen(coze.client))
    deltas = [builder.feed(event) for event in _until(coze, stream, builder)]
    return builder, [*deltas, builder.finish(stream)]


def _until(coze: Coze, stream: Any, builder: AnswerBuilder) -> Sequence[Any]:
    if not builder.plan.stop:
        events: Sequence[Any] = coze.collect(stream)
        return events
    return coze.collect(stream, limit=6)


def test_deltas_add_up_to_text_and_reasoning(coze: Coze) -> None:
    _, deltas = follow(coze, "reasoner", "Is 7 prime?")
    assert "".join(text for text, _, _ in deltas) == "After some thought: Is 7 prime?"
    assert "".join(reasoning for _, reasoning, _ in deltas).endswith("Done thinking.")


def test_parts_come_beside_the_text(coze: Coze) -> None:
    _, deltas = follow(coze, "several_answers", "Meaning?")
    (call,) = [part for _, _, parts in deltas for part in parts if isinstance(part, PluginCall)]
    assert (call.name, call.arguments) == ("search-web", {"query": "Meaning?"})


def test_the_metadata_are_what_the_next_call_reads(coze: Coze) -> None:
    builder, _ = follow(coze, "follow_ups", "Why?")
    metadata = builder.metadata
    origin = Origin.read(metadata)
    assert origin is not None
    assert (origin.chat_id, origin.conversation_id) == (metadata["chat_id"], metadata["conversation_id"])
    assert coze.emulator.chat_status(origin.chat_id) == origin.status == "completed"
    assert metadata["follow_ups"] == ["Why?", "How much?", "What comes next?"]
    assert origin.saved
    assert len(origin.message_ids) >= 4


def test_usage_is_there_only_if_coze_sent_it(coze: Coze) -> None:
    completed, _ = follow(coze, "echo", "hello")
    waiting, _ = follow(coze, "plugins", "The weather in Chur?")
    assert completed.usage is not None
    assert waiting.usage is None


def test_calls_of_tools_that_were_offered_are_returned(coze: Coze) -> None:
    builder, _ = follow(coze, "plugins", "The weather in Chur?", tools=frozenset({"get_weather"}))
    assert [call.function.name for call in builder.tool_calls if call.function] == ["get_weather"]


@pytest.mark.parametrize(("offered", "listed"), [({"a", "b"}, "a, b"), (set[str](), "none")])
def test_a_call_of_a_tool_that_was_not_offered_names_both_sides(coze: Coze, offered: set[str], listed: str) -> None:
    builder, _ = follow(coze, "plugins", "The weather in Chur?", tools=frozenset(offered))
    with pytest.raises(ConfigurationError, match=f"called get_weather, but the given tools are {listed}"):
        _ = builder.tool_calls


def test_a_stop_sequence_ends_the_answer_which_no_conversation_then_holds(coze: Coze) -> None:
    builder, deltas = follow(coze, "slow", "Count", stop="word2")
    origin = Origin.read(builder.metadata)
    assert builder.stopped
    assert "".join(text for text, _, _ in deltas) == "word1 "
    assert origin is not None
    assert not origin.remembered


# --- what waits for whom ---


def waiting(*calls: Mapping[str, object]) -> Chat:
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": list(calls)}}
    return Chat.model_validate({"id": "7", "status": "requires_action", "required_action": action})


FUNCTION = {"name": "get_weather", "arguments": "{}"}
PLUGIN = {"id": "c1", "type": "function", "function": FUNCTION}
QUESTION = {"id": "c2", "type": "reply_message", "function": {"name": "ask", "arguments": "{}"}}


def test_a_question_of_a_workflow_is_no_call_of_a_plugin_although_it_has_a_function() -> None:
    assert [call.id for call in plugin_calls(waiting(QUESTION, PLUGIN, {"id": "c3", "type": "function"}))] == ["c1"]
    check_chatflow(waiting(QUESTION))
    with pytest.raises(ConfigurationError, match="get_weather"):
        check_chatflow(waiting(QUESTION, PLUGIN))


@pytest.mark.parametrize(
    ("kind", "status"), [("interrupt", "requires_action"), ("generate_answer_finish", "completed")]
)
def test_only_the_verbose_message_about_a_question_makes_an_answer_wait(kind: str, status: str) -> None:
    builder = AnswerBuilder(plan_chat([DialogueMessage("user", "Hi")], {"bot_id": "1", "user_id": "u"}))
    verbose = Message(id="9", type="verbose", content=f'{{"msg_type": "{kind}", "data": ""}}')
    builder.feed(ChatEvent(MESSAGE_COMPLETED, b"", verbose))
    assert builder.metadata["status"] == status


def test_an_answer_without_any_state_of_its_chat_is_complete(driver: Driver) -> None:
    coze = ScriptedCoze({"/v3/chat": as_stream([delta("Bern"), completed(message("Bern")), DONE])})
    client = scripted(driver, coze)
    builder = AnswerBuilder(plan_chat([DialogueMessage("user", "Hi")], {"bot_id": "1", "user_id": "u"}))
    stream = builder.open(client) if driver.name == "blocking" else driver.run(builder.aopen(client))
    for event in driver.collect(stream):
        builder.feed(event)
    builder.finish(stream)
    assert builder.chat is None
    assert builder.metadata["status"] == "completed"


@pytest.mark.parametrize(("option", "cancelled"), [({}, True), ({"cancel_on_close": False}, False)])
def test_a_stream_that_is_left_after_tool_outputs_cancels_its_chat_if_it_may(
    driver: Driver, option: dict[str, bool], *, cancelled: bool
) -> None:
    coze = ScriptedCoze({"/v3/chat/submit_tool_outputs": as_stream([created(), delta("Be"), delta("rn")], size=40)})
    client = scripted(driver, coze)
    origin = Origin("7", "8", "requires_action")
    answer = DialogueMessage("assistant", "", origin=origin, calls=(PriorToolCall("c1", "get_weather", {}),))
    dialogue = [DialogueMessage("user", "Hi"), answer, DialogueMessage("tool", "sun", call_id="c1")]
    builder = AnswerBuilder(plan_chat(dialogue, {"bot_id": "1", "user_id": "u", **option}))
    stream = builder.open(client) if driver.name == "blocking" else driver.run(builder.aopen(client))
    driver.collect(stream, limit=2)
    assert coze.paths == ["/v3/chat/submit_tool_outputs", *(["/v3/chat/cancel"] if cancelled else [])]
