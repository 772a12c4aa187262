"""Every error code that the documents list has a class and a cure, wherever it arrives."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from coze_client import (
    AccessDenied,
    APIError,
    AuthenticationError,
    ChatFailed,
    ConversationBusy,
    CozeError,
    ExpiredToken,
    InvalidClient,
    InvalidRequest,
    NotFound,
    OAuthError,
    PermissionDenied,
    QuotaExceeded,
    RateLimited,
    ServerError,
    WorkflowFailed,
)
from coze_client.core import error_codes
from coze_client.core.error_codes import error_for, is_oauth_code, oauth_error_for
from coze_client.core.request import Kind
from coze_client.core.retry import may_retry
from tests.support.clients import Driver
from tests.support.event_streams import event_stream

_LIST = Path(__file__).parents[1] / "data" / "error_codes.tsv"
_REFUSALS = (InvalidRequest, NotFound, PermissionDenied)


class Listed(NamedTuple):
    """A row of the documents' list: a code, what it means, and what its caller can do."""

    code: int
    meaning: str
    verdict: str


def read_list() -> list[Listed]:
    with _LIST.open(encoding="utf-8", newline="") as file:
        return [
            Listed(int(row["code"]), row["meaning"], row["verdict"]) for row in csv.DictReader(file, delimiter="\t")
        ]


LISTED = read_list()
CLASSES: dict[str, tuple[type[APIError], ...]] = {
    "user": _REFUSALS,
    "user (missing object)": (NotFound,),
    "user (access)": (PermissionDenied,),
    "user: use stream or async": (InvalidRequest,),
    "re-poll state": (InvalidRequest,),
    "cancelled, no retry": (InvalidRequest,),
    "quota": (QuotaExceeded,),
    "quota (judged)": (QuotaExceeded,),
    "token": (AuthenticationError,),
    "token once, then user": (AuthenticationError,),
    "server fault; retry reads only": (ServerError,),
    "retry reads; POST only on request": (ServerError,),
    "retry once for reads; user for submit_tool_outputs": (ServerError,),
    "retry as async": (ServerError,),
    "see last_error/msg, no retry": (ServerError,),
    "retry": (ServerError, RateLimited),
    "retry, wait about a minute": (RateLimited,),
    "retry slowly / user": (RateLimited,),
    "no retry": (RateLimited,),
    "retry after polling or cancelling": (ConversationBusy,),
}
# coze-studio answers GET /v1/workflows/{id} with it, which it cannot serve.
NO_SIGNATURE = 777777780


def test_the_list_is_whole() -> None:
    assert len(LISTED) > 250
    assert len({each.code for each in LISTED}) == len(LISTED)
    assert {4027, 4028, 788788103, 103200002, 720702004, 100000000} <= {each.code for each in LISTED}


@pytest.mark.parametrize("listed", LISTED, ids=lambda each: f"{each.code} {each.meaning[:40]}")
def test_a_listed_code_has_its_class_and_a_cure(listed: Listed) -> None:
    error = error_for(listed.code, listed.meaning, status=200)
    expected = (NotFound,) if listed.code == NO_SIGNATURE else CLASSES[listed.verdict]
    assert type(error) in expected
    assert error.cure
    assert error.code == listed.code


@pytest.mark.parametrize("listed", LISTED, ids=lambda each: str(each.code))
def test_no_cure_of_a_code_advises_to_call_again(listed: Listed) -> None:
    cure = error_for(listed.code, listed.meaning).cure.lower()
    assert not [word for word in ("try again", "retry", "later", "start a new", "repeat") if word in cure]


TABLE: dict[str, Any] = json.loads((_LIST.parent / "error_classes.json").read_text("utf-8"))


def classes_of(table: dict[str, list[int]]) -> dict[int, str]:
    return {number: name for name, numbers in table.items() for number in numbers}


def test_every_code_has_the_class_of_the_table_and_is_sent_again_as_it_says() -> None:
    errors = {code: error_for(code, "no", status=200) for code in error_codes._CODES}
    assert {code: type(error).__name__ for code, error in errors.items()} == classes_of(TABLE["codes"])
    for kind, repeated in (
        (Kind.READ, "codes_of_reads_that_are_sent_again"),
        (Kind.START, "codes_of_starts_that_are_sent_again"),
    ):
        assert sorted(code for code, error in errors.items() if may_retry(kind, error)) == TABLE[repeated]


def test_every_status_without_a_code_has_the_class_of_the_table_and_is_sent_again_as_it_says() -> None:
    errors = {status: error_for(None, "no", status=status) for status in range(400, 600)}
    others = {status: "ServerError" if status >= 500 else "APIError" for status in errors}
    assert {status: type(error).__name__ for status, error in errors.items()} == others | classes_of(TABLE["statuses"])
    for kind, repeated in (
        (Kind.READ, "statuses_of_reads_that_are_sent_again"),
        (Kind.START, "statuses_of_starts_that_are_sent_again"),
    ):
        assert [status for status, error in errors.items() if may_retry(kind, error)] == TABLE[repeated]


OAUTH: dict[str, type[OAuthError]] = {
    "access_denied": AccessDenied,
    "access_deny": AccessDenied,
    "expired_token": ExpiredToken,
    "internal_error": OAuthError,
    "invalid_client": InvalidClient,
    "invalid_grant": ExpiredToken,
    "invalid_request": OAuthError,
    "unsupported_grant_type": OAuthError,
}


@pytest.mark.parametrize("code", sorted(OAUTH))
def test_every_oauth_code_has_its_class_and_a_cure(code: str) -> None:
    error = oauth_error_for(code, "no", status=400)
    assert (type(error), error.code, bool(error.cure)) == (OAUTH[code], code, True)
    assert may_retry(Kind.READ, error) == (code == "internal_error")
    assert not may_retry(Kind.START, error)


def test_the_table_of_oauth_codes_is_whole() -> None:
    assert set(error_codes._OAUTH) == set(OAUTH)
    assert {code for code in (*OAUTH, "authorization_pending", "slow_down", "new_code", "") if is_oauth_code(code)} == {
        *OAUTH,
        "authorization_pending",
        "slow_down",
    }
    assert type(oauth_error_for("new_code", "no")) is OAuthError


def failure_of(driver: Driver, body: bytes, *, workflow: bool) -> CozeError:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=body)

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond), retry=None)
    stream = client.workflows.stream(workflow_id="1") if workflow else client.chats.stream(bot_id="1", user_id="u")
    with pytest.raises(CozeError) as caught:
        driver.collect(stream)
    return caught.value


CHAT = {"id": "7", "conversation_id": "8"}


@pytest.mark.parametrize("listed", LISTED, ids=lambda each: str(each.code))
def test_a_code_inside_a_stream_has_the_same_class_and_cure(driver: Driver, listed: Listed) -> None:
    refused = error_for(listed.code, listed.meaning)
    error = {"code": listed.code, "msg": listed.meaning}
    created = ("conversation.chat.created", CHAT)

    failed = failure_of(
        driver,
        event_stream(created, ("conversation.chat.failed", {**CHAT, "status": "failed", "last_error": error})),
        workflow=False,
    )
    assert (type(failed), failed.code, failed.cure) == (ChatFailed, listed.code, refused.cure)

    reported = failure_of(driver, event_stream(created, ("error", error)), workflow=False)
    assert (type(reported), reported.code, reported.cure) == (type(refused), listed.code, refused.cure)
    assert (reported.chat_id, reported.conversation_id) == ("7", "8")

    run = failure_of(driver, event_stream(("Error", {"error_code": listed.code, "error_message": "no"})), workflow=True)
    assert (type(run), run.code, run.cure) == (WorkflowFailed, listed.code, refused.cure)
