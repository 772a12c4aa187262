"""Envelopes: each possible response becomes a value or the right error."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.utils import formatdate
from functools import partial
from pathlib import Path
from time import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client.api.chats.resource import Chats
from coze_client.api.conversations.messages import Messages
from coze_client.api.conversations.resource import Conversations
from coze_client.api.files.resource import Files
from coze_client.core.response import (
    Envelope,
    Payload,
    RawResponse,
    is_stream,
    parse_code,
    read_envelope,
    read_nothing,
    read_with_envelope,
    retry_after,
)
from coze_client.errors import (
    APIError,
    AuthenticationError,
    CozeError,
    InvalidRequest,
    NotFound,
    OAuthError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    ServerError,
)

WIRE = Path(__file__).parent.parent / "data" / "wire"
LOGID = "20260114093012A7C1E5D0F3B29946"
IDS: dict[str, Any] = {"conversation_id": "1", "chat_id": "2"}
MESSAGE: dict[str, Any] = {"conversation_id": "1", "message_id": "2"}


def answer(content: bytes | Mapping[str, object], status: int = 200, **headers: str) -> RawResponse:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return RawResponse(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def sample(name: str, status: int = 200, **headers: str) -> RawResponse:
    return answer((WIRE / name).read_bytes(), status, **headers)


def test_a_code_0_is_a_success_whatever_looks_like_an_error_beside_it() -> None:
    beside = {"error": "invalid_grant", "error_code": "access_denied", "error_message": "no", "message": "no"}
    body = {"code": 0, **beside, "data": {"id": "1"}}
    assert read_envelope(answer(body)) == body
    assert read_with_envelope(Envelope, answer(body)).code == 0


@pytest.mark.parametrize("status", [400, 429, 500, 503])
@pytest.mark.parametrize("read", [read_envelope, partial(read_with_envelope, Envelope)], ids=["usual", "at once"])
def test_a_code_0_is_no_success_at_the_status_of_an_error(status: int, read: Callable[[RawResponse], object]) -> None:
    with pytest.raises(APIError):
        read(answer({"code": 0, "data": []}, status))


@pytest.mark.parametrize("key", ["detail", "error"])
def test_the_log_id_inside_an_error_is_told_without_the_header(key: str) -> None:
    with pytest.raises(APIError) as caught:
        read_envelope(answer({"code": 4000, "msg": "no", key: {"logid": LOGID}}))
    assert caught.value.logid == LOGID


def first_page(pages: Any) -> Any:
    return pages.page(None)


READS: dict[str, tuple[Any, Callable[[Any], object]]] = {
    "chat_create_in_progress.json": (
        Chats.create(bot_id="1", user_id="u"),
        lambda chat: (chat.id, chat.status, chat.is_terminal) == ("7470000000000000001", "in_progress", False),
    ),
    "chat_retrieve_completed_blank_action.json": (
        Chats.retrieve(**IDS),
        lambda chat: (chat.usage.token_count, chat.tool_calls, chat.is_terminal) == (115, (), True),
    ),
    "chat_retrieve_failed.json": (
        Chats.retrieve(**IDS),
        lambda chat: (chat.status, chat.last_error.code, chat.last_error.msg) == ("failed", 4011, "balance exhausted"),
    ),
    "chat_retrieve_requires_action.json": (
        Chats.retrieve(**IDS),
        lambda chat: (
            [(call.id, call.function and call.function.name) for call in chat.tool_calls]
            == [("call_1", "local_time"), ("call_2", None)]
        ),
    ),
    "chat_messages_mixed_types.json": (
        Chats.messages(**IDS),
        lambda found: (
            found[0].decoded == {"name": "now", "arguments": {"city": "Bern"}}
            and all(message.id and message.type for message in found)
        ),
    ),
    "chat_cancel-1.json": (
        Chats.cancel(**IDS),
        lambda chat: (chat.status, chat.last_error.code, chat.tool_calls) == ("completed", None, ()),
    ),
    "chat_submit_tool_outputs-1.json": (
        Chats.submit_tool_outputs(**IDS, tool_outputs=[]),
        lambda chat: (chat.usage.token_count, chat.usage.output_count, chat.usage.input_count) == (3397, 1173, 2224),
    ),
    "retrieve_chat-1.json": (
        Chats.retrieve(**IDS),
        lambda chat: (chat.is_terminal, chat.usage.input_count, chat.usage.output_count) == (True, 242, 56),
    ),
    "retrieve_chat-2.json": (
        Chats.retrieve(**IDS),
        lambda chat: (chat.status, chat.tool_calls[0].function.name) == ("requires_action", "local_data_assistant"),
    ),
    "list_chat_messages-1.json": (
        Chats.messages(**IDS),
        lambda found: (
            [message.type for message in found] == ["verbose", "answer"]
            and found[0].verbose_type == "generate_answer_finish"
        ),
    ),
    "list_chat_messages-2.json": (Chats.messages(**IDS), lambda found: found[0].type == "function_call"),
    "list_chat_messages-3.json": (Chats.messages(**IDS), lambda found: found[0].decoded["plugin_type"] == 1),
    "messages_list_page1.json": (
        first_page(Messages.list(conversation_id="1")),
        lambda page: (page.items[0].content, bool(page.cursor)) == ("Hello", page.has_more),
    ),
    "messages_list_last_empty.json": (
        first_page(Messages.list(conversation_id="1")),
        lambda page: (page.items, page.has_more, page.cursor) == ((), False, None),
    ),
    "list_message-1.json": (
        first_page(Messages.list(conversation_id="1")),
        lambda page: page.items[0].updated_at == 1716809829 and page.items[0].type == "",
    ),
    "message_modify.json": (
        Messages.update(**MESSAGE, content="edited"),
        lambda message: (message.id, message.content) == ("7480000000000000002", "edited"),
    ),
    "modify_message-1.json": (
        Messages.update(**MESSAGE, content="x"),
        lambda message: message.content.startswith("早上好"),
    ),
    "create_message-1.json": (
        Messages.create(conversation_id="1", role="user", content="x"),
        lambda message: (message.chat_id, message.updated_at) == ("", 1718592898),
    ),
    "retrieve_message-1.json": (Messages.retrieve(**MESSAGE), lambda message: message.content_type == "text"),
    "retrieve_message-2.json": (
        Messages.retrieve(**MESSAGE),
        lambda message: message.decoded[1] == {"type": "image", "file_id": "7372175029901787180"},
    ),
    "delete_message-1.json": (Messages.delete(**MESSAGE), lambda message: message.type == "answer"),
    "message_feedback-1.json": (Messages.create_feedback(**MESSAGE, feedback_type="like"), lambda value: value is None),
    "delete_message_feedback-1.json": (Messages.delete_feedback(**MESSAGE), lambda value: value is None),
    "conversation_create_sparse.json": (
        Conversations.create(),
        lambda conversation: (conversation.id, conversation.meta_data) == ("7460000000000000001", None),
    ),
    "create_conversation-1.json": (
        Conversations.create(name="x"),
        lambda conversation: (conversation.name, conversation.meta_data) == ("推荐杭州美食", {"uuid": "newid1234"}),
    ),
    "retrieve_conversation-1.json": (
        Conversations.retrieve(conversation_id="1"),
        lambda conversation: conversation.last_section_id == "7495664347616952360",
    ),
    "edit_conversation-1.json": (
        Conversations.update(conversation_id="1", name="x"),
        lambda conversation: conversation.updated_at == 1753326053,
    ),
    "clear_conversation_context-1.json": (
        Conversations.clear(conversation_id="1"),
        lambda section: section.id == "75331946251175***",
    ),
    "delete_conversation-1.json": (Conversations.delete(conversation_id="1"), lambda value: value is None),
    "conversations_list_has_more.json": (
        first_page(Conversations.list(bot_id="1")),
        lambda page: (page.items[0].name, page.has_more) == ("Trip ✈", True),
    ),
    "list_conversations-1.json": (
        first_page(Conversations.list(bot_id="1")),
        lambda page: (len(page.items), page.has_more) == (1, False),
    ),
    "files_upload.json": (
        Files.retrieve(file_id="1"),
        lambda file: (file.bytes, file.file_name, file.created_at) == (152236, "träin.jpeg", 1768380050),
    ),
    "files_upload_studio.json": (
        Files.retrieve(file_id="1"),
        lambda file: (file.created_at, file.url) == (1768380050, "http://127.0.0.1:8888/x.jpeg"),
    ),
    "upload_files-1.json": (Files.retrieve(file_id="1"), lambda file: file.id == "736949598110202****"),
    "empty_success_no_data.json": (Conversations.delete(conversation_id="1"), lambda value: value is None),
}


@pytest.mark.parametrize("name", READS)
def test_an_answer_of_the_wire_reads_into_its_value(name: str) -> None:
    request, holds = READS[name]
    assert holds(request.read(sample(name)))


@pytest.mark.parametrize(
    ("name", "status", "kind", "code", "logid"),
    [
        ("error_200_business.json", 200, InvalidRequest, 4000, LOGID),
        ("error_401_auth.json", 401, AuthenticationError, 4100, LOGID),
        ("error_429_rate.json", 429, RateLimited, 4020, "header"),
        ("error_string_code.json", 404, NotFound, 4200, "header"),
        ("error_empty_object.json", 500, ServerError, None, "header"),
        ("error_oauth_pending.json", 400, OAuthError, "authorization_pending", "header"),
        ("error_oauth_rfc_slow_down.json", 400, OAuthError, "slow_down", "header"),
        ("error_502_gateway.html", 502, ServerError, None, "header"),
        ("error_413_upload.html", 413, InvalidRequest, None, "header"),
        ("error_504_empty.txt", 504, ServerError, None, "header"),
        ("error_200_login_page.html", 200, ProtocolError, None, "header"),
        ("chat_stream_rejected.json", 200, PermissionDenied, 4101, LOGID),
    ],
)
def test_a_refusal_of_the_wire_reads_into_its_error(
    name: str, status: int, kind: type[CozeError], code: int | str | None, logid: str
) -> None:
    with pytest.raises(CozeError) as caught:
        read_nothing(sample(name, status, x_tt_logid="header"))
    error = caught.value
    assert (type(error), error.code, error.logid, error.status) == (kind, code, logid, status)


def test_every_sample_of_the_wire_is_read_here() -> None:
    refusals = {path.name for path in WIRE.iterdir() if path.name.startswith("error_")}
    assert {path.name for path in WIRE.iterdir()} == READS.keys() | refusals | {"chat_stream_rejected.json"}


@pytest.mark.parametrize("key", ["data", "ChatV3ChatDetail", "Messages", "ConversationData", "message"])
def test_a_payload_is_found_under_each_name_that_servers_use(key: str) -> None:
    assert Payload(dict).extract({"code": 0, key: {"id": "1"}, "BaseResp": None}) == {"id": "1"}


def test_absent_and_null_payloads_are_empty() -> None:
    for body in ({"code": 0}, {"code": 0, "data": None}, {}):
        assert Chats.messages(**IDS).read(answer(body)) == ()
        assert first_page(Messages.list(conversation_id="1")).read(answer(body)).items == ()
        assert first_page(Conversations.list(bot_id="1")).read(answer(body)).items == ()


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        (0, False),
        ("0", False),
        (None, False),
        ("", False),
        (0.0, False),
        (-1, True),
        ("-1", True),
        (" 4000 ", True),
        (4000.0, True),
        ("--5", True),
        ("-", True),
        ("invalid_request", True),
        ("9" * 5000, True),
        ([], True),
    ],
)
def test_any_code_that_is_not_zero_is_a_failure(code: object, failed: bool) -> None:
    reply = answer({"code": code, "msg": "reason"})
    if not failed:
        assert read_envelope(reply)
        return
    with pytest.raises(APIError, match="reason"):
        read_envelope(reply)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_a_code_that_is_no_finite_number_is_a_failure_and_no_crash(number: str) -> None:
    with pytest.raises(CozeError):
        read_envelope(answer(b'{"code": %s, "msg": ""}' % number.encode()))


def test_numbers_and_digits_of_codes_are_one_and_the_rest_stays_as_it_came() -> None:
    assert [parse_code(code) for code in (4000, "4000", " -7 ", 4000.0)] == [4000, 4000, -7, 4000]
    assert [parse_code(code) for code in ("720702204", "invalid_client", "", None, True)] == [
        720702204,
        "invalid_client",
        "",
        None,
        None,
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_code_zero_with_a_failing_http_status_is_a_failure(status: int) -> None:
    with pytest.raises(APIError) as caught:
        read_envelope(answer({"code": 0, "msg": "success", "data": {"id": "1"}}, status))
    assert caught.value.status == status


def test_an_error_message_without_a_code_is_a_failure() -> None:
    with pytest.raises(APIError, match="quota"):
        read_envelope(answer({"error_message": "quota"}))


def test_an_error_message_beside_code_zero_belongs_to_the_payload() -> None:
    assert read_envelope(answer({"code": 0, "error_message": "of an earlier run"}))


def test_a_message_object_is_no_text_of_a_refusal() -> None:
    with pytest.raises(APIError) as caught:
        read_envelope(answer({"code": 4005, "msg": "", "message": {"id": "1"}}))
    assert "without a reason" in caught.value.message


@pytest.mark.parametrize("body", [b"", b"  \n", b"[]", b'"text"', b"null", b"17", b"{", b"\xff\xfe", b"<html>"])
def test_what_is_no_json_object_is_a_protocol_error_at_200_and_a_refusal_at_500(body: bytes) -> None:
    with pytest.raises(ProtocolError, match="instead of JSON") as caught:
        read_envelope(answer(body, x_tt_logid="L"))
    assert caught.value.logid == "L"
    with pytest.raises(ServerError) as refused:
        read_envelope(answer(body, 500, x_tt_logid="L", retry_after="3"))
    assert (refused.value.logid, refused.value.retry_after) == ("L", 3.0)


def test_a_page_in_place_of_json_is_shown_in_short_and_points_to_the_address() -> None:
    with pytest.raises(ProtocolError, match="base_url") as caught:
        read_envelope(answer(b"<html>" + b"x" * 100_000))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1", 1.0),
        ("0", 0.0),
        ("2.5", 2.5),
        ("-3", 0.0),
        ("86400", 60.0),
        ("inf", 60.0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_a_server_may_name_the_wait_in_seconds_up_to_a_minute(header: str, seconds: float | None) -> None:
    assert retry_after(answer({}, retry_after=header)) == seconds


def test_a_server_may_name_the_wait_as_a_date() -> None:
    wait = retry_after(answer({}, retry_after=formatdate(time() + 30, usegmt=True)))
    assert wait is not None
    assert 20 < wait <= 31


@given(st.text())
def test_no_retry_after_header_crashes(header: str) -> None:
    wait = retry_after(answer({}, retry_after=header))
    assert wait is None or 0 <= wait <= 60


@pytest.mark.parametrize(
    ("status", "content_type", "stream"),
    [
        (200, "text/event-stream", True),
        (200, "text/event-stream; charset=utf-8", True),
        (200, "Text/Event-Stream", True),
        (200, "application/json", False),
        (200, "", False),
        (500, "text/event-stream", False),
        (302, "text/event-stream", False),
    ],
)
def test_only_a_successful_event_stream_is_a_stream(status: int, content_type: str, stream: bool) -> None:
    assert is_stream(answer(b"", status, content_type=content_type)) is stream


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
envelope_keys = st.sampled_from(["code", "msg", "data", "detail", "error", "message", "error_code", "error_message"])


def outcome(read: Callable[[RawResponse], object], reply: RawResponse) -> object:
    """The value, or the text of the error; any exception but CozeError is a crash."""
    try:
        return read(reply)
    except CozeError as error:
        return str(error)


@given(st.dictionaries(envelope_keys, json_values), st.sampled_from([200, 400, 404, 500]))
def test_no_envelope_crashes_the_reading(body: dict[str, object], status: int) -> None:
    for read in (Chats.retrieve(**IDS).read, Chats.messages(**IDS).read, read_envelope):
        assert outcome(read, answer(body, status)) not in ("", None)


@given(st.binary(), st.sampled_from([200, 500]))
def test_no_bytes_crash_the_reading(body: bytes, status: int) -> None:
    assert outcome(read_envelope, answer(body, status)) not in ("", None)
