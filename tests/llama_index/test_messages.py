"""The input of CozeLLM: LlamaIndex's messages and what is sent of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CitableBlock,
    CitationBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.llms import ChatMessage, MessageRole
from pydantic import ValidationError

from coze_client import ConfigurationError
from coze_client.api.files.attachments import Attachment
from coze_client.bridge.chat.dialogue import DialogueMessage, Origin, PriorToolCall
from coze_client.emulator import Emulator
from llama_index_coze.messages import convert_to_dialogue
from tests.support.llama_index_calls import Ask, Make, chat_body, dialogue

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def sent(emulator: Emulator, chat: int = -1) -> list[tuple[str, Any]]:
    """Role and content of each message of a chat."""
    messages: list[Mapping[str, str]] = chat_body(emulator, chat)["additional_messages"]
    return [
        (each["role"], json.loads(each["content"]) if each["content_type"] == "object_string" else each["content"])
        for each in messages
    ]


@pytest.mark.parametrize(
    ("role", "converted_role"),
    [
        (MessageRole.SYSTEM, "system"),
        (MessageRole.DEVELOPER, "system"),
        (MessageRole.USER, "user"),
        (MessageRole.ASSISTANT, "assistant"),
        (MessageRole.CHATBOT, "assistant"),
        (MessageRole.MODEL, "assistant"),
        (MessageRole.TOOL, "tool"),
        (MessageRole.FUNCTION, "tool"),
    ],
)
def test_every_role_of_llamaindex_has_its_place(role: MessageRole, converted_role: str) -> None:
    (converted,) = convert_to_dialogue([ChatMessage(role=role, content="hello")])
    assert (converted.role, converted.text) == (converted_role, "hello")


@pytest.mark.parametrize(
    ("block", "attachment"),
    [
        (ImageBlock(url="https://x.y/cat.png"), Attachment("image", "https://x.y/cat.png", "image.png")),
        (ImageBlock(image=PNG), Attachment("image", PNG, "image.png")),
        (ImageBlock(url="data:image/png;base64,aGk="), Attachment("image", b"hi", "image.png")),
        (AudioBlock(audio=b"\x00sound", format="mp3"), Attachment("audio", b"\x00sound", "audio.mp3")),
        (VideoBlock(url="https://x.y/v.mp4"), Attachment("file", "https://x.y/v.mp4", "video.mp4")),
        (DocumentBlock(data=b"\x00text", title="notes.md"), Attachment("file", b"\x00text", "notes.md")),
        (
            DocumentBlock(data=b"\x00text", document_mimetype="application/pdf"),
            Attachment("file", b"\x00text", "input_document.pdf"),
        ),
        (DocumentBlock(url="https://x.y/a.pdf"), Attachment("file", "https://x.y/a.pdf", "input_document.pdf")),
    ],
    ids=["url", "bytes", "data", "audio", "video", "named", "typed", "linked"],
)
def test_a_block_becomes_an_attachment(block: Any, attachment: Attachment) -> None:
    (message,) = convert_to_dialogue([ChatMessage(blocks=[TextBlock(text="look"), block])])
    assert message == DialogueMessage("user", "look", (attachment,))


def test_an_open_file_is_read() -> None:
    try:
        block = ImageBlock(image=BytesIO(PNG))
    except ValidationError:
        pytest.skip("blocks of this version of LlamaIndex hold no open files")
    for _ in range(2):  # a dialogue is sent again with every question
        (message,) = convert_to_dialogue([ChatMessage(blocks=[block])])
        assert message.attachments == (Attachment("image", PNG, "image"),)


@pytest.mark.parametrize("kind", [ImageBlock, AudioBlock, VideoBlock, DocumentBlock])
def test_a_path_in_a_message_is_never_read(kind: type, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    with pytest.raises(ConfigurationError, match="paths in messages are never read"):
        convert_to_dialogue([ChatMessage(blocks=[kind(path=secret)])])
    with pytest.raises(ConfigurationError, match="no http"):
        convert_to_dialogue([ChatMessage(blocks=[kind(url=secret.as_uri())])])


def test_an_empty_block_is_an_error(llm: Make, ask: Ask) -> None:
    with pytest.raises(ConfigurationError, match="image of a message is empty"):
        ask(llm(), [ChatMessage(blocks=[ImageBlock()])])


def test_what_other_providers_put_into_a_history_does_no_harm() -> None:
    citation = CitationBlock(cited_content=TextBlock(text="c"), source="s", title="t", additional_location_info={})
    foreign = ChatMessage(
        role="assistant",
        blocks=[ThinkingBlock(content="hm"), TextBlock(text="yes"), citation],
        additional_kwargs={"id": "msg_1", "chat_id": 5, "tool_calls": [{"function": "?"}]},
    )
    assert convert_to_dialogue([foreign]) == [DialogueMessage("assistant", "yes")]


CITATION = CitationBlock(cited_content=TextBlock(text="c"), source="s", title="t", additional_location_info={})
CALL = ToolCallBlock(tool_call_id="c1", tool_name="f", tool_kwargs={})
IMAGE = ImageBlock(url="https://x.y/c.png")


@pytest.mark.parametrize(
    ("role", "block"), [("user", CITATION), ("user", CALL), ("system", CITATION), ("system", CALL), ("system", IMAGE)]
)
def test_a_block_that_would_be_lost_is_refused_by_its_type(role: str, block: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{role} message has a block of type {block.block_type}"):
        convert_to_dialogue([ChatMessage(role=role, blocks=[TextBlock(text="look"), block])])


def test_citable_blocks_are_sent_as_what_they_hold() -> None:
    block = CitableBlock(title="t", source="s", content=[TextBlock(text="inner"), ImageBlock(url="https://x.y/c.png")])
    (message,) = convert_to_dialogue([ChatMessage(blocks=[block])])
    assert (message.text, len(message.attachments)) == ("inner", 1)


def test_calls_and_outputs_find_each_other() -> None:
    call = ToolCallBlock(tool_call_id="c1", tool_name="get_time", tool_kwargs='{"timezone": "Chur"}')
    kept = {"chat_id": "1", "conversation_id": "2", "status": "requires_action", "message_ids": ["3"]}
    output = ChatMessage(role="tool", blocks=[TextBlock(text="noon"), ImageBlock(image=PNG)])
    output.additional_kwargs["tool_call_id"] = "c1"
    asked, answered = convert_to_dialogue(
        [ChatMessage(role="assistant", blocks=[call], additional_kwargs=kept), output],
    )
    assert asked.calls == (PriorToolCall("c1", "get_time", {"timezone": "Chur"}),)
    assert asked.origin == Origin("1", "2", "requires_action", message_ids=("3",))
    assert answered == DialogueMessage("tool", "noon\n[image]", call_id="c1", name="get_time")


def test_images_are_uploaded_once_however_often_they_are_sent(llm: Make, emulator: Emulator, ask: Ask) -> None:
    model = llm("vision")
    question = ChatMessage(blocks=[TextBlock(text="What is it?"), ImageBlock(image=PNG)])
    first = ask(model, [question])
    ask(model, [question, first.message, *dialogue("And now?")])
    assert first.message.content == "I see 1 image(s): image.png."
    assert len(emulator.calls_to("/v1/files/upload")) == 1
    text, image = sent(emulator, 0)[0][1]
    assert (text, image["type"]) == ({"type": "text", "text": "What is it?"}, "image")


def test_system_messages_are_joined_to_the_first_question(llm: Make, emulator: Emulator, ask: Ask) -> None:
    ask(llm(), [ChatMessage(role="system", content="Be brief."), *dialogue("one", "two", "three")])
    assert sent(emulator) == [
        ("user", "Instructions:\nBe brief.\n\nQuestion:\none"),
        ("assistant", "two"),
        ("user", "three"),
    ]


def test_system_messages_can_go_into_a_variable_of_the_prompt(llm: Make, emulator: Emulator, ask: Ask) -> None:
    model = llm(system_variable="rules", custom_variables={"name": "Ann"})
    ask(model, [ChatMessage(role="system", content="Be brief."), *dialogue("one")])
    assert sent(emulator) == [("user", "one")]
    assert chat_body(emulator)["custom_variables"] == {"name": "Ann", "rules": "Be brief."}


def test_a_conversation_is_sent_only_what_it_does_not_hold(llm: Make, emulator: Emulator, ask: Ask) -> None:
    first = ask(llm(), "one")
    model = llm(conversation_id=first.message.additional_kwargs["conversation_id"])
    second = ask(model, [*dialogue("one"), first.message, *dialogue("two")])
    assert second.message.additional_kwargs["conversation_id"] == model.conversation_id
    assert sent(emulator) == [("user", "two")]


def test_without_a_conversation_the_whole_dialogue_is_sent(llm: Make, emulator: Emulator, ask: Ask) -> None:
    model = llm()
    first = ask(model, "one")
    ask(model, [*dialogue("one"), first.message, *dialogue("two")])
    assert sent(emulator) == [("user", "one"), ("assistant", "one"), ("user", "two")]


def test_more_than_a_hundred_messages_are_refused_or_trimmed(llm: Make, emulator: Emulator, ask: Ask) -> None:
    long = dialogue(*map(str, range(101)))
    with pytest.raises(ConfigurationError, match="at most 100"):
        ask(llm(), long)
    ask(llm(trim=True), long)
    assert len(sent(emulator)) == 100
