"""No error about a call that may have started something advises to call again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import CozeError
from coze_client.core.error_codes import _CODES, _STATUSES, error_for
from coze_client.errors import ServerError
from tests.support.clients import Driver

Call = Callable[[Any], Any]
AGAIN = "try again"
CHECK = "Check before you call again"

STARTS: dict[str, Call] = {
    "chats.create": lambda client: client.chats.create(bot_id="1", user_id="u"),
    "chats.create_and_poll": lambda client: client.chats.create_and_poll(bot_id="1", user_id="u"),
    "chats.submit_tool_outputs": lambda client: client.chats.submit_tool_outputs(
        conversation_id="1", chat_id="2", tool_outputs=[]
    ),
    "legacy_chats.create": lambda client: client.legacy_chats.create(bot_id="1", user="u", query="q"),
    "workflows.run": lambda client: client.workflows.run(workflow_id="1"),
    "workflows.run_async": lambda client: client.workflows.run_async(workflow_id="1"),
    "workflows.execute": lambda client: client.workflows.execute(workflow_id="1", mode="sync"),
    "workflows.resume": lambda client: client.workflows.resume(
        workflow_id="1", event_id="e", interrupt_type=2, resume_data="yes"
    ),
    "conversations.create": lambda client: client.conversations.create(),
    "files.upload": lambda client: client.files.upload(b"text"),
    "bots.create": lambda client: client.bots.create(name="b", workspace_id="1"),
    "datasets.create": lambda client: client.datasets.create(name="d", workspace_id="1"),
}
READS: dict[str, Call] = {
    "users.me": lambda client: client.users.me(),
    "chats.retrieve": lambda client: client.chats.retrieve(conversation_id="1", chat_id="2"),
}


def envelope(code: int) -> httpx.Response:
    return httpx.Response(200, json={"code": code, "msg": "no"})


UNSURE = {
    "502": httpx.Response(502, text="<html>Bad Gateway</html>"),
    "504": httpx.Response(504),
    "408": httpx.Response(408, json={"msg": "late"}),
    "5000": envelope(5000),
    "4013": envelope(4013),
    "HTML at 200": httpx.Response(200, text="<html>hello</html>"),
    "half JSON": httpx.Response(200, text='{"code": 0, "da'),
    "broken connection": httpx.ReadError("broke"),
    "silence": httpx.ReadTimeout("silent"),
}
NOTHING_STARTED = {
    "429": httpx.Response(429),
    "4009": envelope(4009),
    "no connection": httpx.ConnectError("refused"),
}


def error_of(driver: Driver, call: Call, outcome: httpx.Response | Exception) -> CozeError:
    def respond(request: httpx.Request) -> httpx.Response:
        if isinstance(outcome, Exception):
            raise outcome
        return httpx.Response(outcome.status_code, headers=outcome.headers, content=outcome.content)

    transport = httpx.MockTransport(respond)
    client = driver.client("t", base_url="http://coze", transport=transport, retry=None)
    with pytest.raises(CozeError) as caught:
        driver.run(call(client))
    return caught.value


@pytest.mark.parametrize("outcome", UNSURE.values(), ids=UNSURE)
@pytest.mark.parametrize("call", STARTS.values(), ids=STARTS)
def test_a_start_that_may_have_happened_is_to_be_checked_first(
    driver: Driver, call: Call, outcome: httpx.Response | Exception
) -> None:
    error = error_of(driver, call, outcome)
    assert CHECK in error.cure
    assert AGAIN not in str(error).lower()


@pytest.mark.parametrize("outcome", NOTHING_STARTED.values(), ids=NOTHING_STARTED)
@pytest.mark.parametrize("call", STARTS.values(), ids=STARTS)
def test_a_start_that_certainly_did_not_happen_keeps_its_own_cure(
    driver: Driver, call: Call, outcome: httpx.Response | Exception
) -> None:
    assert CHECK not in error_of(driver, call, outcome).cure


@pytest.mark.parametrize("outcome", UNSURE.values(), ids=UNSURE)
@pytest.mark.parametrize("call", READS.values(), ids=READS)
def test_a_read_has_nothing_to_be_checked(driver: Driver, call: Call, outcome: httpx.Response | Exception) -> None:
    assert CHECK not in error_of(driver, call, outcome).cure


@pytest.mark.parametrize("status", [None, 408, 500, 502, 503, 504])
@pytest.mark.parametrize("code", [None, *_CODES])
def test_no_failure_of_the_server_says_try_again(code: int | None, status: int | None) -> None:
    error = error_for(code, "no", status=status)
    assert not isinstance(error, ServerError) or AGAIN not in error.cure.lower()


def test_the_tables_have_failures_of_the_server() -> None:
    assert len([kind for kind, _ in [*_CODES.values(), *_STATUSES.values()] if kind is ServerError]) > 4
