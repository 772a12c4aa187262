"""One call from beginning to end over a real port: nothing sent twice, tokens renewed once, deadlines, locks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from coze_client import (
    AsyncCozeClient,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    ConversationBusy,
    CozeClient,
    CozeError,
    Message,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    Retry,
    ServerError,
    TimedOut,
    Timeout,
)
from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from tests.support.clients import AsyncioDriver, ConnectedClient, Driver

NOTHING_BEGAN: list[Fault] = [
    faults.HttpStatus(429),
    faults.HttpStatus(429, headers={"Retry-After": "0"}),
    faults.Coded(4009),
    faults.Coded(4020),
    faults.Coded(4020, http_status=429),
    faults.Coded(4016),
]
UNCERTAIN: list[tuple[Fault, type[CozeError]]] = [
    (faults.Coded(4013), ServerError),
    (faults.Coded(5000), ServerError),
    (faults.HttpStatus(500), ServerError),
    (faults.HttpStatus(503), ServerError),
    (faults.Html(502), ServerError),
    (faults.Html(200), ProtocolError),
    (faults.EmptyBody(), ProtocolError),
    (faults.EmptyBody(504), ServerError),
    (faults.DropConnection(), ConnectionFailed),
]
STARTS = ["create", "stream", "create_and_poll"]


def start(coze: ConnectedClient, how: str) -> Any:
    """Start a chat in one of the three ways; returns its result."""
    asked: dict[str, Any] = {
        "bot_id": coze.emulator.bots["echo"],
        "user_id": "u1",
        "additional_messages": [Message.user("hi")],
    }
    if how == "stream":
        stream = coze.client.chats.stream(**asked)
        coze.collect(stream)
        return stream.chat
    return coze.run(getattr(coze.client.chats, how)(**asked))


@pytest.mark.parametrize("how", STARTS)
@pytest.mark.parametrize("fault", NOTHING_BEGAN)
def test_a_start_is_repeated_where_the_answer_proves_that_nothing_began(
    coze: ConnectedClient, how: str, fault: Fault, sleeps: list[float]
) -> None:
    coze.emulator.inject(fault, times=2)
    assert start(coze, how)
    assert coze.emulator.chats_started == 1
    assert len(coze.emulator.calls_to("/v3/chat")) == 3


@pytest.mark.parametrize("how", STARTS)
@pytest.mark.parametrize(("fault", "kind"), UNCERTAIN)
@pytest.mark.parametrize("after", [False, True], ids=["before it began", "after it began"])
def test_a_start_is_never_repeated_where_it_may_have_begun(
    coze: ConnectedClient, how: str, fault: Fault, kind: type[CozeError], after: bool, sleeps: list[float]
) -> None:
    coze.emulator.inject(faults.AfterStart(fault) if after else fault, times=9)
    with pytest.raises(kind):
        start(coze, how)
    assert coze.emulator.chats_started == int(after)
    assert len(coze.emulator.calls_to("/v3/chat")) == 1


@pytest.mark.parametrize("how", STARTS)
def test_a_start_whose_answer_does_not_come_in_time_is_not_repeated(
    driver: Driver, emulator: Emulator, how: str, sleeps: list[float]
) -> None:
    coze: ConnectedClient = ConnectedClient(driver, emulator)
    coze.client = driver.client(emulator.token, base_url=emulator.url, timeout=0.1)
    emulator.inject(faults.Delay(2), times=9)
    with pytest.raises(TimedOut):
        start(coze, how)
    assert len(emulator.calls_to("/v3/chat")) == 1


@pytest.mark.parametrize("how", STARTS)
def test_a_connection_that_never_came_about_is_tried_again(driver: Driver, how: str, sleeps: list[float]) -> None:
    with Emulator() as gone:
        coze: ConnectedClient = ConnectedClient(driver, gone)
    with pytest.raises(ConnectionFailed, match="base_url"):
        start(coze, how)
    assert len(sleeps) == 2


@pytest.mark.parametrize(
    "fault",
    [
        faults.HttpStatus(408),
        faults.HttpStatus(429),
        faults.HttpStatus(500),
        faults.Html(502),
        faults.HttpStatus(503),
        faults.EmptyBody(504),
        faults.Coded(4009),
        faults.Coded(4013),
        faults.Coded(4020),
        faults.Coded(4102),
        faults.Coded(5000),
        faults.DropConnection(),
    ],
    ids=repr,
)
def test_a_read_is_repeated_after_whatever_passes(coze: ConnectedClient, fault: Fault, sleeps: list[float]) -> None:
    conversation = coze.run(coze.client.conversations.create())
    coze.emulator.inject(fault, path="/v1/conversation/retrieve", times=2)
    assert coze.run(coze.client.conversations.retrieve(conversation_id=conversation.id)) == conversation
    assert len(sleeps) == 2


def test_a_read_is_given_up_after_the_last_attempt(coze: ConnectedClient, sleeps: list[float]) -> None:
    coze.emulator.inject(faults.HttpStatus(503), path="/v1/files/retrieve", times=9)
    with pytest.raises(ServerError):
        coze.run(coze.client.options(retry=Retry(attempts=4)).files.retrieve(file_id="1"))
    assert len(coze.emulator.calls_to("/v1/files/retrieve")) == 4


def test_without_retries_everything_is_tried_once(coze: ConnectedClient, sleeps: list[float]) -> None:
    coze.emulator.inject(faults.HttpStatus(503), path="/v1/files/retrieve", times=9)
    with pytest.raises(ServerError):
        coze.run(coze.client.options(retry=None).files.retrieve(file_id="1"))
    coze.emulator.inject(faults.HttpStatus(429), times=9)
    coze.client = coze.client.options(retry=None)
    with pytest.raises(RateLimited):
        start(coze, "stream")
    assert sleeps == []


def test_the_wait_that_the_server_names_is_kept(coze: ConnectedClient, sleeps: list[float]) -> None:
    coze.emulator.inject(faults.HttpStatus(429, headers={"Retry-After": "7"}))
    start(coze, "create")
    assert sleeps == [7.0]


def test_no_wait_is_begun_that_the_calls_deadline_does_not_allow(coze: ConnectedClient, sleeps: list[float]) -> None:
    coze.emulator.inject(faults.HttpStatus(429, headers={"Retry-After": "30"}), times=9)
    coze.client = coze.client.options(timeout=Timeout(deadline=10))
    with pytest.raises(RateLimited):
        start(coze, "create")
    assert sleeps == []


def test_missing_permissions_are_reported_at_once(coze: ConnectedClient, sleeps: list[float]) -> None:
    coze.client = coze.driver.client(coze.emulator.issue_token(scopes={"getChat"}), base_url=coze.emulator.url)
    with pytest.raises(PermissionDenied, match="scope") as caught:
        start(coze, "create")
    assert caught.value.logid
    assert len(coze.emulator.calls_to("/v3/chat")) == 1


class Tokens:
    """A function that returns one token after the other, and then always the last one."""

    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]


REFUSALS = [faults.Coded(4100), faults.Coded(700012006), faults.Coded(401, http_status=401), faults.HttpStatus(401)]


@pytest.mark.parametrize("how", STARTS)
@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refused_token_is_renewed_once_and_the_call_sent_again(
    coze: ConnectedClient, how: str, fault: Fault, sleeps: list[float]
) -> None:
    tokens = Tokens("old", coze.emulator.token)
    coze.client = coze.driver.client(tokens, base_url=coze.emulator.url)
    coze.emulator.inject(fault)
    assert start(coze, how)
    sent = [call.headers["authorization"] for call in coze.emulator.calls_to("/v3/chat")]
    assert sent == ["Bearer old", f"Bearer {coze.emulator.token}"]
    assert coze.emulator.chats_started == 1


def test_a_token_that_is_refused_twice_is_not_renewed_again(coze: ConnectedClient, sleeps: list[float]) -> None:
    tokens = Tokens("one", "two", "three")
    coze.client = coze.driver.client(tokens, base_url=coze.emulator.url)
    with pytest.raises(AuthenticationError):
        start(coze, "create")
    assert tokens.asked == 2


def test_a_literal_token_cannot_be_renewed_and_is_sent_once(coze: ConnectedClient) -> None:
    coze.emulator.revoke(coze.emulator.token)
    with pytest.raises(AuthenticationError, match="region"):
        start(coze, "create")
    assert len(coze.emulator.calls_to("/v3/chat")) == 1


def test_a_missing_scope_is_no_reason_to_renew(coze: ConnectedClient) -> None:
    tokens = Tokens(coze.emulator.issue_token(scopes=set()), coze.emulator.token)
    coze.client = coze.driver.client(tokens, base_url=coze.emulator.url)
    with pytest.raises(PermissionDenied):
        start(coze, "create")
    assert tokens.asked == 1


CANARY = "pat_canary_4f9a1c7e55d2"


@pytest.mark.parametrize(
    "body",
    [
        f'{{"code": 4000, "msg": "no use for {CANARY}"}}',
        f"<html>Authorization: Bearer {CANARY}</html>",
        "<html>" + "x" * (195 - len(CANARY)) + f"{CANARY}</html>",
        "<html>" + "x" * 180 + f"{CANARY}</html>",
    ],
    ids=["json", "html", "at the end of the excerpt", "cut by the excerpt"],
)
@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_server_that_repeats_the_token_does_not_get_it_into_an_error(driver: Driver, body: str, status: int) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, text=body))
    client = driver.client(lambda: CANARY, base_url="http://coze", transport=transport, retry=None)
    with pytest.raises(CozeError) as caught:
        driver.run(client.files.retrieve(file_id="1"))
    for text in (str(caught.value), repr(caught.value), str(caught.value.args), str(caught.value.__dict__)):
        assert CANARY[:10] not in text


def test_a_stream_that_repeats_its_token_is_masked_whatever_other_calls_signed_with_since(driver: Driver) -> None:
    text = f'event:error\ndata:{{"code": 5000, "msg": "no use for {CANARY}"}}\n\n'
    answers = iter([httpx.Response(200, text=text, headers={"content-type": "text/event-stream"})])
    transport = httpx.MockTransport(lambda _: next(answers, httpx.Response(200, json={"code": 0, "data": {"id": "1"}})))
    tokens = iter([CANARY])
    client = driver.client(lambda: next(tokens, "pat_of_another_call"), base_url="http://coze", transport=transport)
    streams = client.chats.stream(bot_id="1", user_id="u", additional_messages=[Message.user("hi")])
    driver.run(streams.__enter__() if driver.name == "blocking" else streams.__aenter__())
    driver.run(client.files.retrieve(file_id="1"))
    with pytest.raises(CozeError) as caught:
        driver.collect(streams)
    assert "no use for [token]" in str(caught.value)


def test_a_very_short_token_does_not_garble_errors(driver: Driver) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, text="no"))
    client = driver.client("t", base_url="http://coze", transport=transport)
    with pytest.raises(ProtocolError, match="The server sent 'no' instead of JSON"):
        driver.run(client.files.retrieve(file_id="1"))


def test_credentials_of_ones_own_cannot_smuggle_line_ends_into_headers(driver: Driver) -> None:
    class Careless:
        async def token(self, session: object) -> str:
            return CANARY + "\r\nx-evil: 1"

        async def renew(self, session: object, refused: str) -> bool:
            return False

    client = driver.client(
        Careless(), base_url="http://coze", transport=httpx.MockTransport(lambda _: httpx.Response(500))
    )
    with pytest.raises(ConfigurationError) as caught:
        driver.run(client.files.retrieve(file_id="1"))
    assert CANARY not in str(caught.value)


class Dribble(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that never ends and comes byte by byte."""

    def __iter__(self) -> Any:
        while True:
            yield b" "

    async def __aiter__(self) -> Any:
        for piece in self:
            yield piece


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
def test_a_server_that_dribbles_does_not_outlast_the_deadline(driver: Driver, content_type: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": content_type}, stream=Dribble())

    client = driver.client(
        "t", base_url="http://coze", transport=httpx.MockTransport(answer), timeout=Timeout(deadline=0.05)
    )
    json = content_type == "application/json"

    def ask() -> None:
        driver.run(client.files.retrieve(file_id="1")) if json else driver.collect(
            client.chats.stream(bot_id="1", user_id="u")
        )

    with pytest.raises(CozeError, match="deadline"):
        ask()


@pytest.mark.parametrize("body", [{"when": {1}}, {"n": float("nan")}, {"text": "\ud800"}])
def test_what_cannot_be_written_as_json_is_reported_before_anything_is_sent(
    driver: Driver, body: dict[str, object]
) -> None:
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(lambda _: httpx.Response(500)))
    with pytest.raises(ConfigurationError, match="JSON"):
        driver.run(client.request("POST", "/v1/anything", json=body))


@pytest.mark.parametrize("headers", [{"x-a": "é"}, {"x-a": "1\r\nx-b: 2"}, {"x a": "1"}, {"": "1"}])
def test_headers_that_cannot_be_sent_are_refused_without_repeating_them(
    driver: Driver, headers: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError, match="header"):
        driver.client("t", headers=headers)


def conversation_of(coze: ConnectedClient) -> str:
    return str(coze.run(coze.client.conversations.create()).id)


def hold(coze: ConnectedClient, conversation_id: str) -> Any:
    """A stream that runs in the conversation until it is closed."""
    stream = coze.ask(bot="slow", conversation_id=conversation_id)
    if isinstance(coze.driver, AsyncioDriver):
        coze.run(stream.__aenter__())
    else:
        stream.__enter__()
    return stream


def test_a_conversation_that_is_busy_elsewhere_is_waited_for(coze: ConnectedClient, sleeps: list[float]) -> None:
    coze.emulator.inject(faults.Coded(4016), times=5)
    coze.collect(coze.ask(conversation_id=conversation_of(coze)))
    assert sleeps == [1.0, 1.5, 2.0, 2.5, 3.0]
    assert coze.emulator.chats_started == 1


def test_a_busy_conversation_is_reported_at_once_where_that_is_wanted(
    coze: ConnectedClient, sleeps: list[float]
) -> None:
    conversation_id = conversation_of(coze)
    stream = hold(coze, conversation_id)
    coze.client = coze.client.options(when_busy="raise")
    with pytest.raises(ConversationBusy, match="another conversation"):
        coze.collect(coze.ask(conversation_id=conversation_id))
    assert sleeps == []
    coze.run(stream.close())


@pytest.mark.parametrize(
    "options",
    [
        {"retry": Retry(deadline=0.05)},
        {"timeout": Timeout(deadline=0.05)},
        {"retry": None},
    ],
    ids=repr,
)
def test_a_lock_is_waited_for_no_longer_than_the_client_is_patient(
    coze: ConnectedClient, options: dict[str, Any]
) -> None:
    conversation_id = conversation_of(coze)
    stream = hold(coze, conversation_id)
    coze.client = coze.client.options(**options)
    with pytest.raises(ConversationBusy, match="this client"):
        coze.collect(coze.ask(conversation_id=conversation_id))
    assert coze.emulator.chats_started == 1
    coze.run(stream.close())


def test_chats_of_new_conversations_do_not_wait_for_each_other(coze: ConnectedClient) -> None:
    stream = hold(coze, "")
    coze.client = coze.client.options(retry=None)
    coze.collect(coze.ask(conversation_id=""))
    assert coze.emulator.chats_started == 2
    coze.run(stream.close())


def test_a_lock_is_released_when_the_stream_before_it_ends_fails_or_is_closed(coze: ConnectedClient) -> None:
    conversation_id = conversation_of(coze)
    coze.collect(coze.ask(conversation_id=conversation_id))
    coze.collect(coze.ask(bot="slow", conversation_id=conversation_id), limit=3)
    with pytest.raises(CozeError):
        coze.collect(coze.ask(bot="failing", conversation_id=conversation_id))
    coze.emulator.inject(faults.Coded(4000))
    with pytest.raises(CozeError):
        coze.collect(coze.ask(conversation_id=conversation_id))
    coze.client = coze.client.options(retry=None)
    assert coze.collect(coze.ask(conversation_id=conversation_id))
    assert not coze.client._session._locks._locks


def test_threads_that_share_a_client_wait_for_each_other_in_a_conversation(emulator: Emulator) -> None:
    texts: list[str] = []
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        conversation_id = client.conversations.create().id

        def ask(number: int) -> None:
            stream = client.chats.stream(
                bot_id=emulator.bots["echo"],
                user_id="u",
                conversation_id=conversation_id,
                additional_messages=[Message.user(f"question {number}")],
            )
            texts.append(stream.read().text)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(texts) == [f"question {number}" for number in range(8)]
    assert len(emulator.calls_to("/v3/chat")) == 8, "nobody was answered 4016"


def test_tasks_that_share_a_client_wait_for_each_other_in_a_conversation(emulator: Emulator) -> None:
    async def main() -> list[str]:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            conversation_id = (await client.conversations.create()).id

            async def ask(number: int) -> str:
                stream = client.chats.stream(
                    bot_id=emulator.bots["echo"],
                    user_id="u",
                    conversation_id=conversation_id,
                    additional_messages=[Message.user(f"question {number}")],
                )
                return (await stream.read()).text

            return await asyncio.gather(*(ask(number) for number in range(8)))

    assert asyncio.run(main()) == [f"question {number}" for number in range(8)]
    assert len(emulator.calls_to("/v3/chat")) == 8, "nobody was answered 4016"


@pytest.mark.parametrize("waits", ["for the lock", "for the answer"])
def test_a_task_that_is_cancelled_while_it_waits_gives_its_lock_back(emulator: Emulator, waits: str) -> None:
    async def main() -> None:
        async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
            conversation_id = (await client.conversations.create()).id
            locks = client._session._locks._locks

            def ask() -> asyncio.Future[Any]:
                stream = client.chats.stream(
                    bot_id=emulator.bots["echo"],
                    user_id="u",
                    conversation_id=conversation_id,
                    additional_messages=[Message.user("hi")],
                )
                return asyncio.ensure_future(stream.read())

            emulator.inject(faults.Delay(30), times=2)
            asking = [ask()]
            await asyncio.to_thread(emulator.wait_until, lambda: bool(emulator.calls_to("/v3/chat")))
            if waits == "for the lock":
                asking.append(ask())
                while next(iter(locks.values()))[1] < 2:
                    await asyncio.sleep(0)
            for task in reversed(asking):
                task.cancel()
                await asyncio.wait({task})
                assert task.cancelled()
            assert not locks

    asyncio.run(main())


def test_polling_and_streaming_share_the_locks(coze: ConnectedClient) -> None:
    conversation_id = conversation_of(coze)
    stream = hold(coze, conversation_id)
    coze.client = coze.client.options(retry=Retry(deadline=0.05))
    with pytest.raises(ConversationBusy, match="this client"):
        coze.run(
            coze.client.chats.create_and_poll(
                bot_id=coze.emulator.bots["echo"],
                user_id="u",
                conversation_id=conversation_id,
                additional_messages=[Message.user("hi")],
            )
        )
    coze.run(stream.close())


@pytest.mark.parametrize("data", [["1"], "text", 7, [{"id": 1}]], ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.conversations.retrieve(conversation_id="1"),
        lambda client: client.chats.retrieve(conversation_id="1", chat_id="2"),
        lambda client: client.bots.retrieve(bot_id="1"),
        lambda client: client.files.retrieve(file_id="1"),
        lambda client: client.users.me(),
    ],
    ids=["conversation", "chat", "bot", "file", "user"],
)
def test_an_error_about_the_content_of_a_response_has_its_logid(driver: Driver, call: Any, data: object) -> None:
    answer = httpx.Response(200, json={"code": 0, "data": data}, headers={"x-tt-logid": "L1"})
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(ProtocolError) as caught:
        driver.run(call(client))
    assert caught.value.logid == "L1"
