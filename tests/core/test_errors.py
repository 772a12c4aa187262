"""Errors: the right class for code and status, a readable text with a cure, unchanged by a pickle."""

from __future__ import annotations

import copy
import pickle

import pytest

import coze_client
from coze_client import (
    APIError,
    AuthenticationError,
    ChatFailed,
    ConversationBusy,
    CozeError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    ServerError,
    StreamInterrupted,
    TimedOut,
    TransportError,
)
from coze_client.api.chats.values import Chat, LastError
from coze_client.api.conversations.values import Message
from coze_client.core.error_codes import cure_for, error_for

FAMILY = [
    kind
    for kind in (getattr(coze_client, name) for name in coze_client.__all__)
    if isinstance(kind, type) and issubclass(kind, CozeError)
]


@pytest.mark.parametrize(
    ("code", "kind", "cure"),
    [
        (4000, InvalidRequest, "parameters"),
        (4001, NotFound, "auto_save_history"),
        (4002, NotFound, "conversations.create"),
        (4003, InvalidRequest, "16 pairs"),
        (4004, InvalidRequest, "100 messages"),
        (4006, NotFound, "region"),
        (4007, InvalidRequest, "auto_save_history"),
        (4008, QuotaExceeded, "tomorrow"),
        (4009, RateLimited, "fewer calls"),
        (4011, QuotaExceeded, "balance"),
        (4013, ServerError, "model"),
        (4015, InvalidRequest, "Publish the bot"),
        (4016, ConversationBusy, "another conversation"),
        (4019, QuotaExceeded, "balance"),
        (4020, RateLimited, "fewer calls"),
        (4022, QuotaExceeded, "balance"),
        (4100, AuthenticationError, "region"),
        (4101, PermissionDenied, "scope"),
        (4104, InvalidRequest, "cancelled"),
        (4200, NotFound, "published"),
        (4300, InvalidRequest, "empty"),
        (4302, InvalidRequest, "512 MB"),
        (5000, ServerError, "logid"),
        (700012006, AuthenticationError, "token"),
        (103000001, PermissionDenied, "owner"),
        (103000002, NotFound, "conversation"),
        (103100001, ServerError, "server's log"),
        (103100002, NotFound, "Publish"),
        (103200005, InvalidRequest, "running"),
        (106000001, PermissionDenied, "token"),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
def test_a_known_code_decides_whatever_the_http_status(code: int, kind: type[APIError], cure: str, status: int) -> None:
    error = error_for(code, "no", status=status)
    assert type(error) is kind
    assert cure in error.cure
    assert cure_for(code) == error.cure


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, AuthenticationError),
        (403, PermissionDenied),
        (404, NotFound),
        (405, NotFound),
        (408, ServerError),
        (413, InvalidRequest),
        (418, APIError),
        (429, RateLimited),
        (500, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ServerError),
        (599, ServerError),
    ],
)
@pytest.mark.parametrize("code", [None, 0, 987654321, "odd"])
def test_an_unknown_code_leaves_it_to_the_http_status(
    status: int, kind: type[APIError], code: int | str | None
) -> None:
    error = error_for(code, "no", status=status)
    assert type(error) is kind
    assert error.status == status


def test_a_quota_that_is_used_up_is_no_rate_limit_even_at_429() -> None:
    assert type(error_for(4008, "quota", status=429)) is QuotaExceeded


def test_a_route_that_a_self_hosted_server_lacks_is_named_so_and_not_a_bad_token() -> None:
    for code, status in ((401, 401), (700012006, 200)):
        error = error_for(code, "missing session_key in cookie", status=status)
        assert type(error) is NotFound
        assert "self-hosted" in error.cure


def test_an_error_says_what_happened_where_and_what_helps() -> None:
    error = error_for(4101, "no permission", status=403, logid="2026X")
    assert str(error) == f"no permission (code 4101, HTTP 403, logid 2026X). {error.cure}"


def test_an_unknown_fact_is_left_out_of_the_text() -> None:
    assert str(CozeError("it broke")) == "it broke"
    assert str(CozeError("it broke", code=0, status=200)) == "it broke (code 0)"
    assert str(error_for(None, "", status=418)) == "The server refused the call without a reason (HTTP 418)"


def test_an_interrupted_stream_shows_its_ids() -> None:
    error = StreamInterrupted("cut", text="half", chat_id="7", conversation_id="8", logid="L", cure="Look")
    assert str(error) == "cut (logid L). Look [chat 7, conversation 8]"


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_every_error_survives_pickle_and_copy_with_all_it_knows(kind: type[CozeError]) -> None:
    error = kind("it broke")
    error.code, error.status, error.logid, error.cure, error.retry_after = 4100, 401, "L", "Do this", 1.5
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is kind
        assert twin.__dict__ == error.__dict__
        assert str(twin) == str(error)


def test_an_error_that_carries_values_brings_them_along_in_a_pickle() -> None:
    chat = Chat(id="7", status="failed", last_error=LastError(code=5000, msg="no"))
    failed = pickle.loads(pickle.dumps(ChatFailed("no", chat=chat, text="half")))
    assert (failed.chat, failed.text) == (chat, "half")
    cut = pickle.loads(pickle.dumps(StreamInterrupted("cut", messages=(Message.assistant("hi"),), chat_id="7")))
    assert (cut.messages[0].content, cut.chat_id) == ("hi", "7")
    assert pickle.loads(pickle.dumps(TimedOut("slow", sent=False))).sent is False


def test_the_family_is_one() -> None:
    assert {kind.__name__ for kind in FAMILY} <= set(coze_client.__all__)
    assert issubclass(TimedOut, TransportError)
    for kind in (AuthenticationError, PermissionDenied, NotFound, InvalidRequest, RateLimited, QuotaExceeded):
        assert issubclass(kind, APIError)
