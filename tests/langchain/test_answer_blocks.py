"""The blocks, ids and counts of an answer, with values that only look empty, and messages of others."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from coze_client import Usage
from coze_client.api.chats.chat_event import MESSAGE_DELTA, ChatEvent
from coze_client.api.conversations.values import Message
from coze_client.api.recall.values import Slice
from coze_client.bridge.chat.answer_builder import AnswerBuilder
from coze_client.bridge.chat.answer_parts import CardPart, PluginCall, RecallPart
from coze_client.bridge.chat.dialogue import DialogueMessage
from coze_client.bridge.chat.planned_chat import plan_chat
from langchain_coze.answer_blocks import BLOCKS, PROVIDER, REASONING, convert_part, translate_message
from langchain_coze.chunk_builder import ChunkBuilder, convert_usage

OURS = {"model_provider": PROVIDER}
NAMED = Slice("Chur is old.", 0.0, "5", "Atlas", "7", "Towns", "", "", 1, "bot")
TITLED = Slice("Bern has bears.", None, "", "", "8", "Animals", "Bears", "https://b.ch", 2, "bot")
CITATIONS = [
    {
        "type": "citation",
        "cited_text": "Chur is old.",
        "title": "Towns",
        "extras": {
            "score": 0.0,
            "dataset_id": "5",
            "dataset_name": "Atlas",
            "document_id": "7",
            "document_name": "Towns",
        },
    },
    {
        "type": "citation",
        "cited_text": "Bern has bears.",
        "title": "Bears",
        "url": "https://b.ch",
        "extras": {"document_id": "8", "document_name": "Animals"},
    },
]


def answer(content: str, *parts: Any, reasoning: str = "", **fields: Any) -> AIMessage:
    extra = {REASONING: reasoning, BLOCKS: [convert_part(part) for part in parts]}
    return AIMessage(content, additional_kwargs=extra, response_metadata=OURS, **fields)


@pytest.mark.parametrize("content", ["In Graubünden.", ""])
def test_every_recall_is_cited_also_without_a_text(content: str) -> None:
    blocks = translate_message(answer(content, RecallPart((NAMED,)), RecallPart((TITLED,))))
    assert blocks == [{"type": "text", "text": content, "annotations": CITATIONS}]


def test_an_answer_of_nothing_has_no_blocks() -> None:
    assert translate_message(answer("")) == []


def test_blocks_are_in_the_order_in_which_things_happened() -> None:
    call = {"name": "get_weather", "args": {}, "id": "c1"}
    parts = (CardPart("m2", {"card": 1}), PluginCall("m1", "search", {"q": 1}))
    blocks = translate_message(answer("Sun.", *parts, reasoning="Hm.", tool_calls=[call]))
    assert [block["type"] for block in blocks] == ["reasoning", "server_tool_call", "text", "non_standard", "tool_call"]
    assert all("index" not in block for block in blocks)


@pytest.mark.parametrize("kind", [AIMessage, AIMessageChunk])
def test_a_message_of_others_under_this_provider_keeps_its_blocks(kind: type[AIMessage]) -> None:
    message = kind(content=[{"type": "text", "text": "Hello"}], response_metadata=OURS)
    assert [(block["type"], block.get("text")) for block in message.content_blocks] == [("text", "Hello")]


def test_every_chunk_has_the_id_of_cozes_first_message() -> None:
    plan = plan_chat([DialogueMessage("user", "Hi")], {"bot_id": "1", "user_id": "u"})
    builder = ChunkBuilder(AnswerBuilder(plan))
    events = [
        ChatEvent(MESSAGE_DELTA, b"", Message(id="", type="answer"), None, "A"),
        ChatEvent(MESSAGE_DELTA, b"", Message(id="31", type="answer"), None, "B"),
        ChatEvent(MESSAGE_DELTA, b"", Message(id="32", type="answer"), None, "C", "Hm."),
    ]
    chunks = [builder.chunk(event) for event in events]
    assert [(chunk.text, chunk.message.id) for chunk in chunks if chunk] == [("A", None), ("B", "31"), ("C", "31")]


@pytest.mark.parametrize(
    ("sent", "counts"),
    [
        ({"token_count": 9, "input_count": 7, "output_count": 2}, (7, 2, 9)),
        ({"token_count": 3, "input_count": 7}, (7, 0, 3)),
        ({"token_count": 3, "output_count": 7}, (0, 7, 3)),
        ({"token_count": 9, "input_count": 7}, (7, 2, 9)),
        ({"token_count": 9}, (9, 0, 9)),
        ({"input_count": 7}, (7, 0, 7)),
        ({"output_count": 2}, (0, 2, 2)),
    ],
)
def test_a_count_that_is_missing_follows_from_the_others_and_is_never_negative(
    sent: dict[str, int], counts: tuple[int, int, int]
) -> None:
    usage = convert_usage(Usage.model_validate(sent))
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == counts
