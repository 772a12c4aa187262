"""The parts of an answer besides text and reasoning."""

from __future__ import annotations

import base64
import json

import pytest

from coze_client import Message, ProtocolError
from coze_client.api.chats.chat_event import AUDIO_DELTA, MESSAGE_COMPLETED, ChatEvent
from coze_client.api.chats.values import Chat
from coze_client.api.recall.slices import read_recall
from coze_client.api.recall.values import Slice
from coze_client.bridge.chat.answer_parts import (
    AUDIO_MIME_TYPE,
    AudioPart,
    CardPart,
    Part,
    PartCollector,
    PluginCall,
    PluginOutput,
    RecallPart,
    UnknownPart,
)

RECALL = {
    "chunks": [
        {
            "slice": "Chur lies in Graubünden.",
            "score": 0.9,
            "meta": {"document": {"id": 7, "name": "Swiss towns"}, "link": {"title": "Chur", "url": "https://c.ch"}},
        }
    ]
}
SLICE = Slice("Chur lies in Graubünden.", 0.9, "", "", "7", "Swiss towns", "Chur", "https://c.ch", 1, "bot")


def parts_of(*messages: Message, chat: Chat | None = None) -> list[Part]:
    collected = PartCollector()
    events = [ChatEvent(MESSAGE_COMPLETED, b"", message) for message in messages]
    return [part for event in events for part in collected.feed(event)] + list(collected.rest(chat))


def message(kind: str, content: object, number: int = 1, content_type: str = "text") -> Message:
    text = content if isinstance(content, str) else json.dumps(content)
    return Message(id=f"m{number}", role="assistant", type=kind, content=text, content_type=content_type)


def call(name: str, number: int) -> Message:
    return message("function_call", {"name": name, "arguments": {"q": number}}, number)


def test_outputs_answer_the_oldest_open_call() -> None:
    parts = parts_of(call("a", 1), call("b", 2), message("tool_response", "x", 3), message("tool_output", "y", 4))
    assert parts == [
        PluginCall("m1", "a", {"q": 1}),
        PluginCall("m2", "b", {"q": 2}),
        PluginOutput("m3", "m1", "x"),
        PluginOutput("m4", "m2", "y"),
    ]


def test_calls_that_the_client_must_run_are_not_the_bots_own() -> None:
    asked = {"id": "c1", "type": "function", "function": {"name": "b", "arguments": '{ "q":2 }'}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [asked]}}
    chat = Chat.model_validate({"id": "1", "status": "requires_action", "required_action": action})
    assert parts_of(call("a", 1), message("tool_response", "x", 3), call("b", 2), chat=chat) == [
        PluginCall("m1", "a", {"q": 1}),
        PluginOutput("m3", "m1", "x"),
    ]


CALLED = '{"city": "Chur", "days": 2, "at": {"from": 1, "to": 2}}'
SAME = [
    '{"days": 2, "city": "Chur", "at": {"to": 2, "from": 1}}',
    '{"at":{"from":1,"to":2},"city":"Chur","days":2}',
    CALLED,
]
OTHER = ['{"city": "Chur", "days": 3, "at": {"from": 1, "to": 2}}', '{"city": "Chur"}', "{}", "not JSON"]


@pytest.mark.parametrize(("arguments", "left"), [*((text, 0) for text in SAME), *((text, 1) for text in OTHER)])
def test_a_call_for_the_client_is_known_by_its_arguments_in_any_order(arguments: str, left: int) -> None:
    asked = {"id": "c1", "type": "function", "function": {"name": "b", "arguments": arguments}}
    action = {"submit_tool_outputs": {"tool_calls": [asked]}}
    chat = Chat.model_validate({"id": "1", "status": "requires_action", "required_action": action})
    assert len(parts_of(message("function_call", {"name": "b", "arguments": json.loads(CALLED)}), chat=chat)) == left


def test_a_studio_call_is_read_like_a_cloud_one() -> None:
    content = {"id": "x", "type": "function", "function": {"name": "a", "arguments": '{"q": 1}'}}
    assert parts_of(message("function_call", content)) == [PluginCall("m1", "a", {"q": 1})]


@pytest.mark.parametrize(
    "recall",
    [
        message("verbose", {"msg_type": "knowledge_recall", "data": json.dumps(RECALL)}),
        message("knowledge", {"msg_type": "knowledge_recall", "data": json.dumps(RECALL)}),
        message("knowledge", RECALL),
    ],
    ids=["verbose", "knowledge", "bare"],
)
def test_recalled_knowledge_follows_the_answer_it_led_to(recall: Message) -> None:
    assert read_recall(recall) == (SLICE,)
    parts = parts_of(recall, message("answer", "In Graubünden.", 2), message("answer", "Really.", 3))
    assert parts == [RecallPart((SLICE,))]


def test_all_that_was_recalled_before_an_answer_follows_it_and_none_of_it_the_next() -> None:
    def recall(text: str, number: int) -> Message:
        return message("knowledge", {"chunks": [{"slice": text}]}, number)

    parts = parts_of(
        recall("a", 1), recall("b", 2), message("answer", "x", 3), recall("c", 4), message("answer", "y", 5)
    )
    texts = [[found.text for found in part.slices] for part in parts if isinstance(part, RecallPart)]
    assert texts == [["a", "b"], ["c"]]


@pytest.mark.parametrize("content", ["no JSON", "[broken", ""])
def test_a_card_that_is_no_json_comes_through_as_its_text(content: str) -> None:
    assert parts_of(message("answer", content, 1, "card")) == [CardPart("m1", content)]


def test_recalled_plain_text_is_cut_into_slices() -> None:
    text = "---\nrecall slice 1:Chur\nlies here\n---\nrecall slice 2: Bern\n"
    assert [found.text for found in read_recall(message("knowledge", text))] == ["Chur\nlies here", "Bern"]


@pytest.mark.parametrize("data", ["", "no json", "null", '{"chunks": null}', "[]"])
def test_a_recall_that_found_nothing_is_empty(data: str) -> None:
    assert read_recall(message("verbose", {"msg_type": "knowledge_recall", "data": data})) == ()


def test_cards_and_unknown_types_come_through_and_the_rest_is_silent() -> None:
    card, odd = message("answer", {"card_type": 3}, 1, "card"), message("hologram", "…", 2)
    finish = message("verbose", {"msg_type": "generate_answer_finish", "data": ""}, 3)
    assert parts_of(card, odd, finish) == [CardPart("m1", {"card_type": 3}), UnknownPart(odd)]


def test_follow_ups_are_kept_in_order() -> None:
    collected = PartCollector()
    for number, text in enumerate(["Why?", "How?"]):
        list(collected.feed(ChatEvent(MESSAGE_COMPLETED, b"", message("follow_up", text, number))))
    assert collected.follow_ups == ["Why?", "How?"]
    assert collected.message_ids == ["m0", "m1"]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_audio_pieces_join_as_base64(size: int) -> None:
    sound, collected = bytes(range(100)), PartCollector()
    pieces = [base64.b64encode(sound[start : start + size]).decode() for start in range(0, len(sound), size)]
    events = [ChatEvent(AUDIO_DELTA, b"", message("answer", piece, 1, "audio")) for piece in pieces]
    parts = [part for event in events for part in collected.feed(event)] + list(collected.rest(None))
    audio = [part for part in parts if isinstance(part, AudioPart)]
    assert base64.b64decode("".join(part.data for part in audio), validate=True) == sound
    assert "".join(part.mime_type for part in audio) == AUDIO_MIME_TYPE


def test_audio_that_is_no_base64_is_a_protocol_error() -> None:
    with pytest.raises(ProtocolError, match="audio"):
        list(PartCollector().feed(ChatEvent(AUDIO_DELTA, b"", message("answer", "a", 1, "audio"))))
