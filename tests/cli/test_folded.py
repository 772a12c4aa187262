"""What a bot does beside its answer, a line for each."""

from __future__ import annotations

import json

import pytest

from coze_client import Message
from coze_client.api.chats.chat_event import MESSAGE_COMPLETED, MESSAGE_DELTA, ChatEvent
from coze_client.cli.folded import Folded, FoldedParts

RECALL = json.dumps(
    {
        "msg_type": "knowledge_recall",
        "data": json.dumps(
            {
                "chunks": [
                    {"slice": "A table is kept.", "score": 0.9, "meta": {"document": {"id": "1", "name": "a.txt"}}}
                ]
            }
        ),
    }
)


def folded(**fields: str) -> list[Folded]:
    """What becomes of one completed message."""
    return list(FoldedParts().add(ChatEvent(MESSAGE_COMPLETED, b"{}", Message.model_validate(fields))))


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"type": "function_call", "content": '{"name": "look", "arguments": {"at": "it"}}'}, "look({'at': 'it'})"),
        ({"type": "function_call", "content": "no\njson"}, "no json"),
        ({"type": "function_call", "content": "x" * 300}, "x" * 199 + "…"),
        ({"type": "tool_response", "content": "sunny"}, "response of 5 characters"),
        ({"type": "tool_output", "content": "sunny"}, "response of 5 characters"),
        ({"type": "verbose", "content": RECALL}, "recalled 1 slice of a.txt"),
        ({"type": "answer", "content": "{}", "content_type": "card"}, "an answer of the type card"),
    ],
)
def test_a_message_beside_the_answer_is_folded_to_a_line(fields: dict[str, str], line: str) -> None:
    [part] = folded(**fields)
    assert part.line == line
    assert part.text == ("a.txt: A table is kept." if fields["type"] == "verbose" else fields["content"])


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "answer", "content": "Yes.", "content_type": "text"},
        {"type": "verbose", "content": '{"msg_type": "generate_answer_finish"}'},
        {"type": "follow_up", "content": "And?"},
    ],
)
def test_an_answer_and_what_says_nothing_is_not_folded(fields: dict[str, str]) -> None:
    assert folded(**fields) == []


def test_thoughts_are_one_line_once_the_answer_begins_or_nothing_follows() -> None:
    parts = FoldedParts()
    for text in ("One ", "two. "):
        assert list(parts.add(ChatEvent(MESSAGE_DELTA, b"{}", reasoning=text))) == []
    assert parts.thinks
    assert list(parts.add(ChatEvent(MESSAGE_DELTA, b"{}", delta="Yes"))) == [Folded("thought in 2 words", "One two.")]
    assert not parts.thinks
    list(parts.add(ChatEvent(MESSAGE_DELTA, b"{}", reasoning="Hm.")))
    assert list(parts.end_thoughts()) == [Folded("thought in 1 word", "Hm.")]
    assert [part.line for part in parts.parts] == ["thought in 2 words", "thought in 1 word"]
