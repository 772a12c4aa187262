"""Chats without streaming: start, retrieve, cancel, submit tool outputs, and poll to the end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from coze_client import (
    AsyncCozeClient,
    ChatResult,
    ConfigurationError,
    ConversationBusy,
    InvalidRequest,
    Message,
    NotFound,
    PermissionDenied,
    ServerError,
    TimedOut,
    ToolOutput,
)
from coze_client.api.chats.values import TERMINAL, Chat
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import Answer, Hold, Turn
from tests.support.clients import ConnectedClient, Driver


def asked(coze: ConnectedClient, bot: str = "echo", text: str = "hello there", **options: Any) -> dict[str, Any]:
    return {
        "bot_id": coze.emulator.bots[bot],
        "user_id": "u1",
        "additional_messages": [{"role": "user", "content": text}],
        **options,
    }


def ids(chat: Chat) -> dict[str, str]:
    return {"conversation_id": chat.conversation_id, "chat_id": chat.id}


def ended(coze: ConnectedClient, chat: Chat) -> Chat:
    coze.emulator.wait_until(lambda: coze.emulator.chat_status(chat.id) != "in_progress")
    found: Chat = coze.run(coze.client.chats.retrieve(**ids(chat)))
    return found


def test_a_chat_is_started_asked_after_and_its_messages_listed(coze: ConnectedClient) -> None:
    chat = coze.run(coze.client.chats.create(**asked(coze, meta_data={"k": "v"})))
    assert chat.status in ("created", "in_progress")
    done = ended(coze, chat)
    assert (done.status, done.meta_data, done.usage.known if done.usage else None) == ("completed", {"k": "v"}, True)
    messages = coze.run(coze.client.chats.messages(**ids(chat)))
    assert {message.type for message in messages} == {"answer", "verbose"}
    assert [message.content for message in messages if message.type == "answer"] == ["hello there"]


def test_a_running_chat_can_be_cancelled_once(coze: ConnectedClient) -> None:
    chat = coze.run(coze.client.chats.create(**asked(coze, "slow")))
    assert coze.run(coze.client.chats.cancel(**ids(chat))).status == "canceled"
    with pytest.raises(InvalidRequest, match="4104"):
        coze.run(coze.client.chats.cancel(**ids(chat)))


def test_tool_outputs_let_a_waiting_chat_go_on(coze: ConnectedClient) -> None:
    started = coze.run(coze.client.chats.create(**asked(coze, "plugins", "the weather in Bern and the time")))
    waiting = ended(coze, started)
    assert waiting.status == "requires_action"
    outputs = [ToolOutput(tool_call_id=call.id, output="fine") for call in waiting.tool_calls]
    chat = coze.run(coze.client.chats.submit_tool_outputs(**ids(waiting), tool_outputs=outputs))
    assert chat.id == waiting.id
    assert ended(coze, chat).status == "completed"


@pytest.mark.parametrize("outputs", [[], [{"tool_call_id": "other", "output": "x"}]])
def test_outputs_that_do_not_answer_the_calls_are_refused(coze: ConnectedClient, outputs: list[Any]) -> None:
    waiting = coze.run(coze.ask("the weather in Bern", bot="plugins").read())
    with pytest.raises(InvalidRequest):
        coze.run(coze.client.chats.submit_tool_outputs(**ids(waiting.chat), tool_outputs=outputs))


def test_outputs_for_a_chat_that_was_not_saved_are_refused(coze: ConnectedClient) -> None:
    waiting = coze.run(coze.ask("the weather in Bern", bot="plugins", auto_save_history=False).read())
    outputs = [{"tool_call_id": call.id, "output": "x"} for call in waiting.chat.tool_calls]
    with pytest.raises(ServerError, match="auto_save_history"):
        coze.run(coze.client.chats.submit_tool_outputs(**ids(waiting.chat), tool_outputs=outputs))


@pytest.mark.parametrize("wrong", [{"conversation_id": "1"}, {"chat_id": "1"}])
def test_an_unknown_chat_is_not_found(coze: ConnectedClient, wrong: dict[str, str]) -> None:
    chat = coze.run(coze.client.chats.create(**asked(coze)))
    with pytest.raises(NotFound):
        coze.run(coze.client.chats.retrieve(**{**ids(chat), **wrong}))


def test_a_conversation_remembers_from_chat_to_chat(coze: ConnectedClient, sleeps: list[float]) -> None:
    first = coze.run(coze.ask("my name is Ada", bot="assistant").read())
    again = coze.ask("what is my name?", bot="assistant", conversation_id=first.conversation_id)
    assert "Ada" in coze.run(again.read()).text
    assert again.conversation_id == first.conversation_id


def test_a_self_hosted_studio_chats_the_same_way(driver: Driver, sleeps: list[float]) -> None:
    with Emulator(dialect="studio") as emulator:
        coze: ConnectedClient = ConnectedClient(driver, emulator)
        result = coze.run(coze.client.chats.create_and_poll(**asked(coze)))
        assert (result.chat.status, result.text) == ("completed", "hello there")
        assert "question" not in {message.type for message in result.messages}
        streamed = coze.run(coze.ask("hi").read())
        assert (streamed.text, streamed.chat.status) == ("hi", "completed")
        cancelled = coze.run(coze.client.chats.create(**asked(coze, "slow")))
        assert coze.run(coze.client.chats.cancel(**ids(cancelled))).is_terminal


# --- create_and_poll ---


class Coze:
    """A server that starts a chat, and returns the next state at each poll; it repeats the last one."""

    def __init__(self, *states: object) -> None:
        self.states = list(states)
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if path == "/v3/chat":
            return answer(chat("in_progress"))
        if path == "/v3/chat/message/list":
            return answer(
                [{"id": "9", "type": "answer", "role": "assistant", "content": "yes", "content_type": "text"}]
            )
        if path == "/v3/chat/cancel":
            return answer(chat("canceled"))
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return state if isinstance(state, httpx.Response) else answer(chat(str(state)))

    def count(self, path: str) -> int:
        return self.asked.count(path)


def chat(status: str) -> dict[str, object]:
    return {"id": "7", "conversation_id": "8", "status": status}


def answer(data: object) -> httpx.Response:
    return httpx.Response(200, content=json.dumps({"code": 0, "msg": "", "data": data}))


def refused(code: int, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "msg": "no"})


def poll(driver: Driver, coze: Callable[[httpx.Request], httpx.Response], **options: Any) -> ChatResult:
    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(coze))
    result: ChatResult = driver.run(client.chats.create_and_poll(bot_id="1", user_id="u", **options))
    return result


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_polling_ends_on_every_terminal_state(driver: Driver, status: str, sleeps: list[float]) -> None:
    coze = Coze("created", "in_progress", "a state nobody knows", status)
    result = poll(driver, coze)
    assert result.chat.status == status
    assert coze.count("/v3/chat/retrieve") == 4
    assert result.text == ("yes" if coze.count("/v3/chat/message/list") else "")


@pytest.mark.parametrize(
    ("status", "listed"),
    [
        ("completed", 1),
        ("compleated", 1),
        ("requires_action", 1),
        ("required_action", 1),
        ("failed", 0),
        ("canceled", 0),
    ],
)
def test_messages_are_listed_where_there_are_any(driver: Driver, status: str, listed: int, sleeps: list[float]) -> None:
    coze = Coze(status)
    assert len(poll(driver, coze).messages) == coze.count("/v3/chat/message/list") == listed


def test_a_failed_chat_is_returned_with_its_reason(coze: ConnectedClient, sleeps: list[float]) -> None:
    result = coze.run(coze.client.chats.create_and_poll(**asked(coze, "failing")))
    assert (result.chat.status, result.chat.last_error.code, result.messages) == ("failed", 5000, ())


def test_polling_asks_at_most_once_a_second(driver: Driver, sleeps: list[float]) -> None:
    poll(driver, Coze("in_progress", "in_progress", "in_progress", "completed"))
    assert sleeps == [1.0] * 4


def test_a_chat_that_is_not_known_yet_is_asked_after_twice_more(driver: Driver, sleeps: list[float]) -> None:
    assert poll(driver, Coze(refused(4001), refused(4001), "completed")).chat.status == "completed"
    with pytest.raises(NotFound):
        poll(driver, Coze(refused(4001)))
    with pytest.raises(NotFound):
        poll(driver, Coze(refused(4002), "completed"))


def test_polling_survives_what_passes(driver: Driver, sleeps: list[float]) -> None:
    coze = Coze(refused(5000), refused(0, 503), "completed")
    assert poll(driver, coze).chat.status == "completed"
    assert coze.count("/v3/chat") == 1


class Clock:
    """A clock that only the client's sleep advances."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]) -> None:
        began = time.monotonic()
        monkeypatch.setattr("coze_client.api.chats.following.monotonic", lambda: began + sum(sleeps))


def test_a_chat_that_does_not_end_in_time_is_cancelled_and_reported(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    Clock(monkeypatch, sleeps)
    coze = Coze("in_progress")
    with pytest.raises(TimedOut, match=r"did not end within 2\.5 s.*\[chat 7, conversation 8\]"):
        poll(driver, coze, deadline=2.5)
    assert sleeps == [1.0, 1.0, 0.5]
    assert coze.asked[-1] == "/v3/chat/cancel"


def test_a_poll_that_is_cut_short_by_the_deadline_reports_that_the_chat_did_not_end(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    Clock(monkeypatch, sleeps)
    coze = Coze("in_progress")

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/chat/retrieve":
            sleeps.append(9.0)
            raise httpx.ReadTimeout("nothing arrived")
        return coze(request)

    with pytest.raises(TimedOut, match=r"did not end within 2\.5 s.*longer deadline.*\[chat 7, conversation 8\]"):
        poll(driver, respond, deadline=2.5)
    assert coze.asked[-1] == "/v3/chat/cancel"


@pytest.mark.parametrize("failure", [refused(4104), refused(0, 502), httpx.ReadError("broke")], ids=repr)
def test_a_cancellation_that_fails_does_not_hide_that_time_is_up(
    driver: Driver, failure: httpx.Response | Exception, monkeypatch: pytest.MonkeyPatch, sleeps: list[float]
) -> None:
    Clock(monkeypatch, sleeps)
    coze = Coze("in_progress")

    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v3/chat/cancel":
            return coze(request)
        coze.asked.append(request.url.path)
        if isinstance(failure, Exception):
            raise failure
        return failure

    with pytest.raises(TimedOut):
        poll(driver, respond, deadline=1)
    assert coze.count("/v3/chat/cancel") == 1


def test_a_deadline_ends_a_real_chat(coze: ConnectedClient) -> None:
    never = Hold(lambda: False)

    def stubborn(_: Turn) -> list[Any]:
        return [Answer("wait "), never]

    coze.emulator.add_bot("stubborn", stubborn)
    with pytest.raises(TimedOut):
        coze.run(coze.client.chats.create_and_poll(**asked(coze, "stubborn"), deadline=0.05))
    call = coze.emulator.calls_to("/v3/chat/cancel")[0]
    assert isinstance(call.body, dict)
    assert coze.emulator.chat_status(call.body["chat_id"]) == "canceled"


def test_a_lost_answer_to_a_poll_does_not_start_a_second_chat(coze: ConnectedClient, sleeps: list[float]) -> None:
    coze.emulator.inject(faults.DropConnection(), path="/v3/chat/retrieve", times=2)
    assert coze.run(coze.client.chats.create_and_poll(**asked(coze))).text == "hello there"
    assert coze.emulator.chats_started == 1


@pytest.mark.parametrize("deadline", [0, -1, float("nan")])
def test_a_deadline_of_nothing_is_refused_before_a_chat_is_started(driver: Driver, deadline: float) -> None:
    coze = Coze("completed")
    with pytest.raises(ConfigurationError, match="deadline"):
        poll(driver, coze, deadline=deadline)
    assert coze.asked == []


def test_builders_and_dicts_do_the_same(coze: ConnectedClient, sleeps: list[float]) -> None:
    for messages in ([Message.user("same")], [{"role": "user", "content": "same", "content_type": "text"}]):
        result = coze.run(coze.client.chats.create_and_poll(**{**asked(coze), "additional_messages": messages}))
        assert result.text == "same"


def test_images_of_a_question_arrive(coze: ConnectedClient, sleeps: list[float]) -> None:
    uploaded = coze.run(coze.client.files.upload(b"\x89PNG\r\n\x1a\n123", name="cat.png"))
    message = Message.user("what is this?", images=[uploaded, "https://example.com/dog.png"])
    options = {**asked(coze, "vision"), "additional_messages": [message]}
    assert coze.run(coze.client.chats.create_and_poll(**options)).text == (
        "I see 2 image(s): cat.png, https://example.com/dog.png."
    )


async def test_a_cancelled_poll_cancels_its_chat(emulator: Emulator) -> None:
    polling = asyncio.Event()

    async def wait(seconds: float) -> None:
        polling.set()
        await asyncio.sleep(60)

    client = AsyncCozeClient(emulator.token, base_url=emulator.url)
    client._session.concurrency.sleep = wait  # type: ignore[method-assign]  # the wait between two questions
    emulator.add_bot("held", lambda _: [Hold(lambda: False)])
    task = asyncio.create_task(
        client.chats.create_and_poll(
            bot_id=emulator.bots["held"], user_id="u", additional_messages=[Message.user("hi")]
        )
    )
    await asyncio.wait_for(polling.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(emulator.calls_to("/v3/chat/cancel")) == 1
    await client.close()


def test_a_poll_that_fails_tells_which_chat_was_under_way(coze: ConnectedClient) -> None:
    coze.emulator.inject(faults.Coded(4101, "no permission"), path="/v3/chat/retrieve")
    with pytest.raises(PermissionDenied) as caught:
        coze.run(
            coze.client.chats.create_and_poll(
                bot_id=coze.emulator.bots["echo"], user_id="u", additional_messages=[Message.user("hi")]
            )
        )
    assert caught.value.chat_id
    assert caught.value.chat_id in str(caught.value)
    assert len(coze.emulator.calls_to("/v3/chat/cancel")) == 1


@pytest.mark.parametrize("invalid", [{"parameters": "[]"}, {"additional_messages": ["no message"]}], ids=repr)
def test_an_invalid_argument_is_refused_without_waiting_for_another_chat(
    driver: Driver, invalid: dict[str, Any]
) -> None:
    coze = Coze("completed")
    client = driver.client("t", base_url="http://coze", retry=None, transport=httpx.MockTransport(coze))
    session = client._session
    release = driver.run(session.concurrency.run(session.lock_conversation("8")))
    with pytest.raises(ConversationBusy):
        driver.run(client.chats.create_and_poll(bot_id="1", user_id="u", conversation_id="8"))
    with pytest.raises(ConfigurationError):
        driver.run(client.chats.create_and_poll(bot_id="1", user_id="u", conversation_id="8", **invalid))
    release()
    assert coze.asked == []
