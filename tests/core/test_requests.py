"""Requests as values: each call on its class is exactly the HTTP request that is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coze_client import ConfigurationError, Message, ToolOutput
from coze_client.api.chats.resource import Chats
from coze_client.api.conversations.messages import Messages
from coze_client.api.conversations.resource import Conversations
from coze_client.api.conversations.values import convert_to_wire
from coze_client.api.files.resource import Files
from coze_client.api.files.values import File
from coze_client.core.paging import Page
from coze_client.core.request import Kind, Request, fields, query, segment

READ, START = Kind.READ, Kind.START
IDS: dict[str, Any] = {"conversation_id": "11", "chat_id": "22"}
MESSAGE: dict[str, Any] = {"conversation_id": "11", "message_id": "33"}
QUESTION = {"role": "user", "type": "question", "content": "hi", "content_type": "text"}
CHAT = {"bot_id": "1", "user_id": "u", "auto_save_history": True}
FEEDBACK = "/v1/conversations/11/messages/33/feedback"


@pytest.mark.parametrize(
    ("request_", "method", "path", "where", "body", "kind"),
    [
        (
            Chats.create(bot_id="1", user_id="u", additional_messages=[Message.user("hi")]),
            "POST",
            "/v3/chat",
            {},
            {**CHAT, "additional_messages": [QUESTION], "stream": False},
            START,
        ),
        (
            Chats.create(bot_id="1", user_id="u", conversation_id="11"),
            "POST",
            "/v3/chat",
            {"conversation_id": "11"},
            {**CHAT, "additional_messages": [], "stream": False},
            START,
        ),
        (
            Chats.stream(bot_id="1", user_id="u", conversation_id="", auto_save_history=False).request,
            "POST",
            "/v3/chat",
            {},
            {**CHAT, "auto_save_history": False, "additional_messages": [], "stream": True},
            START,
        ),
        (Chats.retrieve(**IDS), "GET", "/v3/chat/retrieve", IDS, None, READ),
        (Chats.messages(**IDS), "GET", "/v3/chat/message/list", IDS, None, READ),
        (Chats.cancel(**IDS), "POST", "/v3/chat/cancel", {}, IDS, READ),
        (
            Chats.submit_tool_outputs(**IDS, tool_outputs=[ToolOutput(tool_call_id="a", output="sunny")]),
            "POST",
            "/v3/chat/submit_tool_outputs",
            IDS,
            {"tool_outputs": [{"tool_call_id": "a", "output": "sunny"}], "stream": False},
            START,
        ),
        (
            Chats.stream_tool_outputs(
                **IDS, tool_outputs=[{"tool_call_id": "a", "output": {"t": 21, "é": [1]}}]
            ).request,
            "POST",
            "/v3/chat/submit_tool_outputs",
            IDS,
            {"tool_outputs": [{"tool_call_id": "a", "output": '{"t": 21, "é": [1]}'}], "stream": True},
            START,
        ),
        (Conversations.create(), "POST", "/v1/conversation/create", {}, {}, START),
        (
            Conversations.create(
                bot_id="1", name="", messages=[{"role": "assistant", "content": "a"}], meta_data={}, connector_id="999"
            ),
            "POST",
            "/v1/conversation/create",
            {},
            {
                "bot_id": "1",
                "name": "",
                "messages": [{"role": "assistant", "content": "a", "type": "answer", "content_type": "text"}],
                "meta_data": {},
                "connector_id": "999",
            },
            START,
        ),
        (
            Conversations.list(bot_id="1").page(None),
            "GET",
            "/v1/conversations",
            {"bot_id": "1", "page_num": "1", "page_size": "50", "sort_order": "DESC"},
            None,
            READ,
        ),
        (
            Conversations.list(bot_id="1", sort_order="ASC", connector_id="999", page_size=3).page("7"),
            "GET",
            "/v1/conversations",
            {"bot_id": "1", "page_num": "7", "page_size": "3", "sort_order": "ASC", "connector_id": "999"},
            None,
            READ,
        ),
        (
            Conversations.retrieve(conversation_id="11"),
            "GET",
            "/v1/conversation/retrieve",
            {"conversation_id": "11"},
            None,
            READ,
        ),
        (
            Conversations.update(conversation_id="11", name="n"),
            "PUT",
            "/v1/conversations/11",
            {},
            {"name": "n"},
            READ,
        ),
        (Conversations.delete(conversation_id="11"), "DELETE", "/v1/conversations/11", {}, None, START),
        (Conversations.clear(conversation_id="11"), "POST", "/v1/conversations/11/clear", {}, None, START),
        (
            Messages.create(conversation_id="11", role="user", content="", meta_data={"k": ""}),
            "POST",
            "/v1/conversation/message/create",
            {"conversation_id": "11"},
            {"role": "user", "content": "", "content_type": "text", "meta_data": {"k": ""}},
            START,
        ),
        (
            Messages.list(conversation_id="11").page(None),
            "POST",
            "/v1/conversation/message/list",
            {"conversation_id": "11"},
            {"order": "desc", "limit": 50},
            READ,
        ),
        (
            Messages.list(
                conversation_id="11", order="asc", chat_id="22", after_id="5", limit=1, include_middle_message=False
            ).page(None),
            "POST",
            "/v1/conversation/message/list",
            {"conversation_id": "11"},
            {"order": "asc", "chat_id": "22", "after_id": "5", "limit": 1, "include_middle_message": False},
            READ,
        ),
        (
            Messages.list(conversation_id="11", before_id="5").page("9"),
            "POST",
            "/v1/conversation/message/list",
            {"conversation_id": "11"},
            {"order": "desc", "before_id": "9", "limit": 50},
            READ,
        ),
        (Messages.retrieve(**MESSAGE), "GET", "/v1/conversation/message/retrieve", MESSAGE, None, READ),
        (
            Messages.update(**MESSAGE, content=""),
            "POST",
            "/v1/conversation/message/modify",
            MESSAGE,
            {"content": "", "content_type": "text"},
            READ,
        ),
        (
            Messages.update(**MESSAGE, meta_data={}),
            "POST",
            "/v1/conversation/message/modify",
            MESSAGE,
            {"meta_data": {}},
            READ,
        ),
        (Messages.delete(**MESSAGE), "POST", "/v1/conversation/message/delete", MESSAGE, None, START),
        (
            Messages.create_feedback(**MESSAGE, feedback_type="unlike", reason_types=(), comment=""),
            "POST",
            FEEDBACK,
            {},
            {"feedback_type": "unlike", "reason_types": [], "comment": ""},
            READ,
        ),
        (Messages.delete_feedback(**MESSAGE), "DELETE", FEEDBACK, {}, None, READ),
        (Files.retrieve(file_id="44"), "GET", "/v1/files/retrieve", {"file_id": "44"}, None, READ),
    ],
)
def test_a_call_on_its_class_is_the_request_it_sends(
    request_: Request[Any],
    method: str,
    path: str,
    where: dict[str, str],
    body: dict[str, object] | None,
    kind: Kind,
) -> None:
    assert (request_.method, request_.path, dict(request_.query), request_.body, request_.kind) == (
        method,
        path,
        where,
        body,
        kind,
    )
    json.dumps(request_.body)


def test_equal_calls_are_equal_requests() -> None:
    assert Chats.retrieve(**IDS) == Chats.retrieve(**IDS)
    assert Chats.retrieve(**IDS) != Chats.retrieve(conversation_id="11", chat_id="23")


OPTIONS: dict[str, Any] = {
    "custom_variables": {},
    "meta_data": {},
    "extra_params": {"latitude": "0"},
    "parameters": {"n": 0, "yes": False, "nothing": None, "text": ""},
    "shortcut_command": {"command_id": "1", "parameters": {}},
    "enable_card": False,
    "publish_status": "unpublished_draft",
    "bot_version": "",
    "connector_id": "1024",
}


@pytest.mark.parametrize("describe", [Chats.create, lambda **given: Chats.stream(**given).request])
def test_every_field_of_a_chat_is_sent_if_set_also_if_it_is_falsy(describe: Any) -> None:
    body = describe(bot_id="1", user_id="u", **OPTIONS).body
    assert {name: body[name] for name in OPTIONS} == OPTIONS
    assert describe(bot_id="1", user_id="u", **dict.fromkeys(OPTIONS)).body.keys() & OPTIONS.keys() == set()


def test_parameters_may_be_the_json_text_of_an_object_and_are_sent_as_the_object() -> None:
    request = Chats.create(bot_id="1", user_id="u", parameters='{"n": 1}')
    assert request.body is not None
    assert request.body["parameters"] == {"n": 1}


@pytest.mark.parametrize("parameters", ["", "[1]", "n=1", '"text"'])
def test_parameters_that_are_no_object_are_refused(parameters: str) -> None:
    with pytest.raises(ConfigurationError, match="parameters"):
        Chats.create(bot_id="1", user_id="u", parameters=parameters)


@pytest.mark.parametrize("user", ["", None, 7])
def test_a_user_without_a_name_is_refused(user: Any) -> None:
    with pytest.raises(ConfigurationError, match="user_id"):
        Chats.create(bot_id="1", user_id=user)


def test_more_than_a_hundred_messages_are_refused_before_anything_is_sent() -> None:
    messages = [Message.user("hi")] * 100
    assert Chats.create(bot_id="1", user_id="u", additional_messages=messages).body
    with pytest.raises(ConfigurationError, match="101"):
        Chats.create(bot_id="1", user_id="u", additional_messages=[*messages, Message.user("hi")])


def test_a_chat_that_is_neither_streamed_nor_saved_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="4007"):
        Chats.create(bot_id="1", user_id="u", auto_save_history=False)


@pytest.mark.parametrize("given", [{"limit": 0}, {"limit": 51}, {"before_id": "1", "after_id": "2"}])
def test_a_listing_that_the_server_would_not_understand_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Messages.list(conversation_id="11", **given)


@pytest.mark.parametrize("size", [0, 51, -1])
def test_a_page_size_out_of_range_is_refused(size: int) -> None:
    with pytest.raises(ConfigurationError, match="page_size"):
        Conversations.list(bot_id="1", page_size=size)


def test_ids_in_paths_are_quoted_and_never_empty() -> None:
    assert Conversations.delete(conversation_id="../x?y#z é").path == "/v1/conversations/..%2Fx%3Fy%23z%20%C3%A9"
    with pytest.raises(ConfigurationError, match="empty"):
        Conversations.delete(conversation_id="")


def test_what_is_not_set_is_not_sent_and_what_is_falsy_is() -> None:
    assert fields(a=None, b=0, c=False, d="", e=[], f={}) == {"b": 0, "c": False, "d": "", "e": [], "f": {}}
    assert query(a=None, b=0, c=False, d="", e=True) == {"b": "0", "c": "false", "d": "", "e": "true"}
    assert segment("7") == "7"


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_id_cannot_lead_to_another_path(identifier: str) -> None:
    with pytest.raises(ConfigurationError, match="empty or only dots"):
        segment(identifier)


def test_an_id_that_is_a_number_or_no_text_at_all_is_refused_or_written_whole() -> None:
    with pytest.raises(ConfigurationError, match="An id must be text, not int"):
        segment(7)  # type: ignore[arg-type]  # as a user without a type checker
    assert segment("7\ud800") == "7%5Cud800"


def test_pages_by_number_follow_until_there_are_no_more() -> None:
    following = Conversations.list(bot_id="1").next_cursor
    assert following(None, Page((), has_more=True)) == "2"
    assert following("9", Page((), has_more=True)) == "10"
    assert following("9", Page((), has_more=False)) is None


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (Message.user("hi"), QUESTION),
        (Message.user(""), {**QUESTION, "content": ""}),
        (Message.user("hi", meta_data={"k": "v"}), {**QUESTION, "meta_data": {"k": "v"}}),
        (
            Message.assistant("yes"),
            {"role": "assistant", "type": "answer", "content": "yes", "content_type": "text"},
        ),
        (
            Message.tool_response("42"),
            {"role": "assistant", "type": "tool_response", "content": "42", "content_type": "text"},
        ),
        (
            Message.function_call("f", {"é": 1}),
            {
                "role": "assistant",
                "type": "function_call",
                "content": '{"name": "f", "arguments": {"é": 1}}',
                "content_type": "text",
            },
        ),
        ({"role": "user", "content": "hi"}, {"role": "user", "content": "hi", "content_type": "text"}),
        (
            {"role": "assistant", "content": "yes", "meta_data": None},
            {"role": "assistant", "type": "answer", "content": "yes", "content_type": "text"},
        ),
        (
            {"role": "assistant", "type": "function_call", "content": "{}", "content_type": "text"},
            {"role": "assistant", "type": "function_call", "content": "{}", "content_type": "text"},
        ),
        (
            {"role": "user", "content": [{"type": "text", "text": "é"}]},
            {"role": "user", "content": '[{"type": "text", "text": "é"}]', "content_type": "object_string"},
        ),
        (
            Message(id="9", conversation_id="8", role="user", content="hi", content_type="text", created_at=3),
            {"role": "user", "content": "hi", "content_type": "text"},
        ),
    ],
)
def test_a_message_is_sent_with_the_fields_the_api_takes(message: Any, wire: dict[str, object]) -> None:
    assert convert_to_wire(message) == wire


def test_attachments_become_parts_that_name_them_by_url_or_id() -> None:
    message = Message.user(
        "look",
        images=["https://example.com/a.png", File(id="7")],
        files=["12345"],
        audio=["HTTP://example.com/a.wav"],
    )
    assert message.content_type == "object_string"
    assert message.decoded == [
        {"type": "text", "text": "look"},
        {"type": "image", "file_url": "https://example.com/a.png"},
        {"type": "image", "file_id": "7"},
        {"type": "file", "file_id": "12345"},
        {"type": "audio", "file_url": "HTTP://example.com/a.wav"},
    ]


OPAQUE_IDS = [
    "7",
    "file_ab-12",
    "file-7f3a",
    "0194c0de-aaaa-7bbb-8ccc-0123456789ab",
    "tos-cn-i/ab12",
    "身份",
    "a:b",
    "x.y-z1",
]


@pytest.mark.parametrize("identifier", OPAQUE_IDS)
def test_an_id_of_a_file_is_taken_back_whatever_its_form(identifier: str) -> None:
    for given in (identifier, f" {identifier}\n", File(id=identifier)):
        assert Message.user(files=[given]).decoded == [{"type": "file", "file_id": identifier}]


@pytest.mark.parametrize("single", ["https://example.com/a.png", File(id="7")])
def test_a_single_attachment_that_is_no_list_is_refused(single: Any) -> None:
    with pytest.raises(ConfigurationError, match="must be a list"):
        Message.user("look", images=single)


def test_attachments_alone_have_no_empty_text_beside_them() -> None:
    assert Message.user(images=["7"]).decoded == [{"type": "image", "file_id": "7"}]


@pytest.mark.parametrize(
    "attachment",
    ["/etc/passwd", "file:///etc/passwd", "", "photo.png", "data:image/png;base64,AA", b"\x89PNG", None],
)
def test_what_is_neither_url_nor_uploaded_file_is_no_attachment(attachment: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"files\.upload"):
        Message.user("look", images=[attachment])


def test_a_tool_output_that_is_no_text_is_sent_as_json_text() -> None:
    assert ToolOutput.model_validate({"tool_call_id": "a", "output": {"t": [1, None]}}).output == '{"t": [1, null]}'


@pytest.mark.parametrize("output", [{}, {"output": "x"}, {"tool_call_id": None, "output": "x"}, "text"])
def test_a_tool_output_that_answers_no_call_is_refused(output: Any) -> None:
    with pytest.raises(ConfigurationError, match="tool_call_id"):
        Chats.submit_tool_outputs(**IDS, tool_outputs=[output])
