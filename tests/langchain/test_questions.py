"""The requests of ChatCoze: messages, media, histories, conversations."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from coze_client import CozeClient
from coze_client.emulator import Emulator
from coze_client.emulator.scripting.standard_bots import FIRST_VERSION
from langchain_coze import ChatCoze, CozeConfigurationError, CozeNotFound
from tests.support.langchain_calls import Ask, chat_body

Make = Callable[..., ChatCoze]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(48))
ENCODED = base64.b64encode(PNG).decode()


def sent(emulator: Emulator) -> list[dict[str, Any]]:
    """The messages of the last chat that was started."""
    return list(chat_body(emulator)["additional_messages"])


def texts(emulator: Emulator) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in sent(emulator)]


def test_instructions_are_joined_to_the_first_question(model: Make, emulator: Emulator, ask: Ask) -> None:
    ask(model(), [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Yo"), HumanMessage("Bye")])
    joined = "Instructions:\nBe brief.\n\nQuestion:\nHi"
    assert texts(emulator) == [("user", joined), ("assistant", "Yo"), ("user", "Bye")]


def test_instructions_go_into_the_variable_that_is_named(model: Make, emulator: Emulator, ask: Ask) -> None:
    given = model(system_variable="rules", custom_variables={"name": "Ada"})
    answer = ask(given, [SystemMessage("Be brief."), HumanMessage("{{name}}: {{rules}}")])
    assert answer.content == "Ada: Be brief."
    assert texts(emulator) == [("user", "{{name}}: {{rules}}")]


IMAGES: list[dict[str, Any]] = [
    {"type": "image", "url": "https://a/b.png"},
    {"type": "image", "base64": ENCODED, "mime_type": "image/png"},
    {"type": "image", "base64": PNG, "mime_type": "image/png"},
    {"type": "image", "source_type": "url", "url": "https://a/b.png"},
    {"type": "image", "source_type": "base64", "data": ENCODED, "mime_type": "image/png"},
    {"type": "image_url", "image_url": {"url": "https://a/b.png"}},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{ENCODED}"}},
    {"type": "image_url", "image_url": "https://a/b.png"},
    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ENCODED}},
]


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_of_any_form_is_seen(model: Make, ask: Ask, image: dict[str, Any]) -> None:
    answer = ask(model("vision"), [HumanMessage([{"type": "text", "text": "What is it?"}, image])])
    assert answer.content in ("I see 1 image(s): https://a/b.png.", "I see 1 image(s): image.png.")


MEDIA: list[tuple[dict[str, Any], str]] = [
    ({"type": "file", "url": "https://a/b.pdf"}, "file(s): https://a/b.pdf"),
    ({"type": "file", "base64": ENCODED, "mime_type": "application/pdf"}, "file(s): file.png"),
    ({"type": "file", "file": {"filename": "me.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}}, "me.pdf"),
    ({"type": "audio", "base64": ENCODED, "mime_type": "audio/wav"}, "audio(s): audio.png"),
    ({"type": "input_audio", "input_audio": {"data": "SUQzAwAA", "format": "mp3"}}, "audio(s): audio.mp3"),
    ({"type": "video", "url": "https://a/b.mp4"}, "file(s): https://a/b.mp4"),
    ({"type": "text-plain", "base64": "aGk=", "mime_type": "text/plain", "title": "a.txt"}, "file(s): a.txt"),
    ({"type": "media", "mime_type": "image/png", "data": PNG}, "image(s): image.png"),
    ({"type": "input_image", "image_url": "https://a/b.png"}, "image(s): https://a/b.png"),
    ({"type": "input_image", "image_url": f"data:image/png;base64,{ENCODED}"}, "image(s): image.png"),
    ({"type": "input_image", "image_url": {"url": "https://a/b.png"}}, "image(s): https://a/b.png"),
    ({"type": "input_file", "file_url": "https://a/b.pdf"}, "file(s): https://a/b.pdf"),
    ({"type": "input_file", "file_data": "data:application/pdf;base64,JVBERi0=", "filename": "me.pdf"}, "me.pdf"),
    ({"type": "input_file", "file_data": "JVBERi0=", "filename": "me.pdf"}, "file(s): me.pdf"),
]


@pytest.mark.parametrize(("block", "seen"), MEDIA)
def test_files_and_audio_are_seen_too(model: Make, block: dict[str, Any], seen: str) -> None:
    question = HumanMessage([{"type": "text", "text": "What is it?"}, block])
    assert seen in str(model("vision").invoke([question]).content)


def test_text_blocks_join_and_inline_text_files_are_text(model: Make, emulator: Emulator) -> None:
    plain = {"type": "text-plain", "text": "from a file", "mime_type": "text/plain"}
    model().invoke([HumanMessage(["one", {"type": "text", "text": "two"}, plain])])
    assert texts(emulator) == [("user", "one\ntwo\nfrom a file")]


def test_text_items_of_other_apis_are_words_of_the_user(model: Make, emulator: Emulator) -> None:
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "three"}]}
    blocks = [{"type": "input_text", "text": "one"}, {"type": "tool_result", "tool_use_id": "t1", "content": "two"}]
    model().invoke([HumanMessage([*blocks, result, {"cachePoint": {"type": "default"}}])])
    assert texts(emulator) == [("user", "one\ntwo\nthree")]


UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({"type": "weird", "x": 1}, "of type weird"),
    ({"type": "non_standard", "value": {"type": "location", "lat": 1}}, "of type location"),
    ({"type": "text", "text": 5}, "of type text"),
    ({"type": "tool_use", "id": "1", "name": "f", "input": {}}, "of type tool_use"),
    ({"type": "search_result", "content": [], "source": "s", "title": "t"}, "of type search_result"),
    ({"guardContent": {"text": {"text": "x"}}}, "with guardContent"),
]


@pytest.mark.parametrize(("block", "named"), UNKNOWN)
@pytest.mark.parametrize(
    "place", [HumanMessage, SystemMessage, lambda content: ChatMessage(content=content, role="user")]
)
def test_a_block_that_is_not_understood_is_refused_by_its_type(
    model: Make, emulator: Emulator, block: dict[str, Any], named: str, place: Any
) -> None:
    with pytest.raises(CozeConfigurationError, match=named):
        model().invoke([place([{"type": "text", "text": "look"}, block]), HumanMessage("And?")])
    assert not emulator.calls


@pytest.mark.parametrize("place", [SystemMessage, lambda content: ChatMessage(content=content, role="system")])
def test_an_image_among_the_instructions_is_refused(model: Make, emulator: Emulator, place: Any) -> None:
    with pytest.raises(CozeConfigurationError, match="system message has content of type image"):
        model().invoke([place([{"type": "text", "text": "Be brief."}, IMAGES[0]]), HumanMessage("And?")])
    assert not emulator.calls


def test_each_content_is_uploaded_once_a_model(model: Make, emulator: Emulator) -> None:
    asked = model("vision")
    question = [HumanMessage(["?", IMAGES[1], IMAGES[1], IMAGES[1]])]
    for _ in range(2):
        asked.invoke(question)
    assert len(emulator.calls_to("/v1/files/upload")) == 1


def test_a_file_id_of_coze_is_used_as_it_is(model: Make, emulator: Emulator) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        file = client.files.upload(PNG, name="me.png")
    block = {"type": "image", "file_id": file.id}
    assert model("vision").invoke([HumanMessage(["What?", block])]).content == "I see 1 image(s): me.png."


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "url": "/etc/passwd"},
        {"type": "image", "url": "file:///etc/passwd"},
        {"type": "image_url", "image_url": {"url": "file:///etc/passwd"}},
        {"type": "image", "path": "/etc/passwd"},
        {"type": "file", "file_id": " "},
        {"type": "audio", "base64": "???", "mime_type": "audio/wav"},
    ],
)
def test_media_that_cannot_be_sent_are_refused_before_anything_is(
    model: Make, emulator: Emulator, ask: Ask, block: dict[str, Any]
) -> None:
    with pytest.raises(CozeConfigurationError):
        ask(model("vision"), [HumanMessage(["What?", block])])
    assert not emulator.calls


FOREIGN: list[BaseMessage] = [
    AIMessage([{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "Hello"}]),
    AIMessage([{"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}]),
    AIMessage("", additional_kwargs={"tool_calls": []}),
    AIMessage("", tool_calls=[{"name": "f", "args": {"città": 1}, "id": "t1"}]),
    AIMessage(["a", {"type": "image", "base64": ENCODED, "mime_type": "image/png"}]),
    AIMessage("Hi", response_metadata={"model_provider": "openai", "model_name": "gpt"}),
    ToolMessage([{"type": "text", "text": "r"}, {"type": "image", "url": "https://a/b"}], tool_call_id="t1"),
    ToolMessage("failed", tool_call_id="t1", status="error"),
    FunctionMessage(name="f", content="r"),
    ChatMessage(role="assistant", content="Hello"),
    ChatMessage(role="user", content="Hello"),
    HumanMessage([{"type": "tool_result", "tool_use_id": "t1", "content": "r"}, {"type": "text", "text": "and"}]),
    HumanMessage([{"type": "text", "text": "cached", "cache_control": {"type": "ephemeral"}}], name="ada"),
]


@pytest.mark.parametrize("message", FOREIGN, ids=lambda message: message.type)
def test_a_history_of_another_provider_is_sent_as_words(
    model: Make, emulator: Emulator, ask: Ask, message: BaseMessage
) -> None:
    assert ask(model(), [HumanMessage("Before"), message, HumanMessage("After")]).content == "After"
    assert all(isinstance(json.loads(json.dumps(content)), str) for _, content in texts(emulator))


def test_calls_and_results_of_another_provider_are_sent_as_text(model: Make, emulator: Emulator) -> None:
    call = AIMessage("", tool_calls=[{"name": "f", "args": {"città": "Roma"}, "id": "t1"}])
    model().invoke([HumanMessage("Go"), call, ToolMessage("sunny", tool_call_id="t1")])
    assert texts(emulator) == [
        ("user", "Go"),
        ("assistant", '[called f({"città": "Roma"})]'),
        ("user", "Result of f:\nsunny"),
    ]


@pytest.mark.parametrize(
    "messages",
    [[], [HumanMessage("")], [HumanMessage("Hi"), AIMessage("Yo")], [HumanMessage("Hi"), RemoveMessage(id="1")]],
    ids=["none", "empty", "answer last", "no message"],
)
def test_what_is_no_question_is_refused_before_anything_is_sent(
    model: Make, emulator: Emulator, messages: list[BaseMessage]
) -> None:
    with pytest.raises(CozeConfigurationError):
        model(continue_question=None).invoke(messages)
    assert not emulator.calls


def test_more_than_a_hundred_messages_are_an_error_or_trimmed(model: Make, emulator: Emulator) -> None:
    history = [HumanMessage(str(n)) for n in range(101)]
    with pytest.raises(CozeConfigurationError, match="at most 100"):
        model().invoke(history)
    assert model(trim=True).invoke(history).content == "100"
    assert len(sent(emulator)) == 100


@pytest.fixture
def conversation(emulator: Emulator) -> str:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        return client.conversations.create().id


def test_a_conversation_is_sent_only_what_is_new_to_it(
    model: Make, emulator: Emulator, ask: Ask, conversation: str
) -> None:
    talk = model("assistant", conversation_id=conversation)
    history: list[BaseMessage] = [SystemMessage("Be brief."), HumanMessage("My name is Ada")]
    history += [ask(talk, history), HumanMessage("What is my name?")]
    assert ask(talk, history).content == "Your name is Ada."
    assert texts(emulator) == [("user", "What is my name?")]


def test_without_a_conversation_everything_is_sent_each_time(model: Make, emulator: Emulator, ask: Ask) -> None:
    history: list[BaseMessage] = [HumanMessage("My name is Ada")]
    history += [ask(model("assistant"), history), HumanMessage("What is my name?")]
    assert ask(model("assistant"), history).content == "Your name is Ada."
    assert len(sent(emulator)) == 3


def test_an_unsaved_answer_is_sent_again_to_its_conversation(
    model: Make, emulator: Emulator, conversation: str
) -> None:
    talk = model("assistant", conversation_id=conversation)
    first = talk.invoke("My name is Ada", auto_save_history=False)
    assert talk.invoke([HumanMessage("My name is Ada"), first, HumanMessage("What is my name?")]).content == (
        "Your name is Ada."
    )
    assert len(sent(emulator)) == 3


def test_an_invented_conversation_says_how_to_make_one(model: Make, ask: Ask) -> None:
    with pytest.raises(CozeNotFound, match=r"4002.*conversations\.create"):
        ask(model(conversation_id="7460000000000009999"), "Hi")


def test_the_chats_of_a_batch_on_one_conversation_run_one_after_the_other(
    model: Make, emulator: Emulator, conversation: str
) -> None:
    talk = model(conversation_id=conversation)
    assert [answer.content for answer in talk.batch(["a", "b", "c"])] == ["a", "b", "c"]
    assert len(emulator.calls_to("/v3/chat")) == 3


OVERRIDES: list[tuple[str, Any, Any]] = [
    ("custom_variables", {"name": ""}, {"name": ""}),
    ("parameters", {"n": 0}, {"n": 0}),
    ("user_id", "other", "other"),
    ("user", "other", "other"),
    ("meta_data", {"k": "v"}, {"k": "v"}),
    ("extra_params", {"latitude": "1"}, {"latitude": "1"}),
    ("publish_status", "unpublished_draft", "unpublished_draft"),
    ("bot_version", FIRST_VERSION, FIRST_VERSION),
    ("enable_card", False, False),
    ("auto_save_history", False, False),
    ("connector_id", "1024", "1024"),
    ("shortcut_command", {"command_id": "1"}, {"command_id": "1"}),
]


@pytest.mark.parametrize(("name", "value", "wire"), OVERRIDES)
def test_every_option_goes_with_the_model_and_with_a_call(
    model: Make, emulator: Emulator, name: str, value: Any, wire: Any
) -> None:
    key = "user_id" if name == "user" else name
    given = {} if name in ("user_id", "user") else {name: value}
    model(**given).invoke("Hi")
    model().invoke("Hi", **{name: value})
    model().bind(**{name: value}).invoke("Hi")
    assert [chat_body(emulator, number)[key] for number in (1, 2)] == [wire, wire]
    assert chat_body(emulator, 0)[key] == (wire if given else "u1")


def test_a_call_can_go_to_another_bot(model: Make, emulator: Emulator, ask: Ask) -> None:
    answer = ask(model("echo"), "Hi", model=emulator.bots["reasoner"])
    assert answer.content == "After some thought: Hi"
    assert answer.response_metadata["model_name"] == emulator.bots["reasoner"]


def test_an_option_that_no_chat_takes_is_named(model: Make, emulator: Emulator) -> None:
    with pytest.raises(TypeError, match="'custom_variable'"):
        model().invoke("Hi", custom_variable={})
    assert not emulator.calls
