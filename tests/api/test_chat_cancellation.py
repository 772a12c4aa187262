"""Streams that the reader stops: the connection closes at once, and the chat is cancelled on the server."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from typing import Any

import pytest

from coze_client import AsyncCozeClient, CozeClient, CozeError, Message, Timeout
from coze_client.emulator import Emulator, faults
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.scripts import Answer, Hold, Turn
from tests.support.clients import AsyncioDriver, ConnectedClient


class Held:
    """A bot that sends one word, and nothing more until it is released."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.go = threading.Event()
        emulator.add_bot("held", self.script)

    def ask(self, client: Any) -> Any:
        """A stream of this bot's answer."""
        return client.chats.stream(
            bot_id=self.emulator.bots["held"], user_id="u", additional_messages=[Message.user("hi")]
        )

    def script(self, _: Turn) -> list[Any]:
        return [Answer("a word "), Hold(self.go.is_set), Answer("the end")]

    def stopped(self, chat_id: str, status: str = "canceled") -> bool:
        """Wait until the stream is closed and the chat has this status; raises TimeoutError."""
        self.emulator.wait_until(lambda: self.emulator.open_streams == 0)
        self.emulator.wait_until(lambda: self.emulator.chat_status(chat_id) == status)
        return True


@pytest.fixture
def held(emulator: Emulator) -> Held:
    return Held(emulator)


async def first_word(asked: Any) -> None:
    async for event in asked:
        if event.delta:
            return


async def reading_task(asked: Any) -> asyncio.Task[None]:
    """A task that reads the stream, and has read its first word."""
    spoken = asyncio.Event()

    async def read() -> None:
        async for event in asked:
            if event.delta:
                spoken.set()

    task = asyncio.ensure_future(read())
    await spoken.wait()
    return task


def first_word_blocking(asked: Any) -> None:
    for event in asked:
        if event.delta:
            return


def begin(coze: ConnectedClient, **options: Any) -> Any:
    """A stream of the held bot, after its first word."""
    asked = coze.ask(bot="held", **options)
    if isinstance(coze.driver, AsyncioDriver):
        coze.run(first_word(asked))
    else:
        first_word_blocking(asked)
    return asked


def leave_by_an_error(coze: ConnectedClient) -> Any:
    """A stream of the held bot, whose block ended with the reader's error after the first word."""
    asked = coze.ask(bot="held")

    async def leave() -> None:
        async with asked:
            await first_word(asked)
            raise LookupError

    def leave_blocking() -> None:
        with asked:
            first_word_blocking(asked)
            raise LookupError

    with pytest.raises(LookupError):
        coze.run(leave()) if isinstance(coze.driver, AsyncioDriver) else leave_blocking()
    return asked


def test_a_closed_stream_leaves_the_line_and_cancels_its_chat(coze: ConnectedClient, held: Held) -> None:
    asked = begin(coze)
    coze.run(asked.close())
    assert held.stopped(asked.chat_id)
    coze.run(asked.close())
    assert len(coze.emulator.calls_to("/v3/chat/cancel")) == 1


def test_leaving_the_block_stops_the_chat(emulator: Emulator, held: Held) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        with held.ask(client) as asked:
            first_word_blocking(asked)
        assert held.stopped(str(asked.chat_id))


def test_leaving_the_block_by_an_error_stops_the_chat(coze: ConnectedClient, held: Held) -> None:
    asked = leave_by_an_error(coze)
    assert held.stopped(asked.chat_id)


def test_a_dropped_stream_stops_its_chat(emulator: Emulator, held: Held) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        first_word_blocking(asked)
        chat_id = str(asked.chat_id)
        del asked
        gc.collect()
        assert held.stopped(chat_id)


async def test_a_dropped_asyncio_stream_stops_its_chat(emulator: Emulator, held: Held) -> None:
    async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        await first_word(asked)
        chat_id = str(asked.chat_id)
        del asked
        gc.collect()
        assert await asyncio.to_thread(held.stopped, chat_id)


def test_a_stream_that_was_entered_and_dropped_unread_stops_its_chat(coze: ConnectedClient, held: Held) -> None:
    def is_over() -> bool:
        return coze.emulator.open_streams == 0 and len(coze.emulator.calls_to("/v3/chat/cancel")) == 1

    async def drop() -> None:
        asked: Any = coze.ask(bot="held")
        await asked.__aenter__()
        del asked
        gc.collect()
        await asyncio.to_thread(coze.emulator.wait_until, is_over)

    def drop_blocking() -> None:
        asked: Any = coze.ask(bot="held")
        asked.__enter__()
        del asked
        gc.collect()
        coze.emulator.wait_until(is_over)

    coze.run(drop()) if isinstance(coze.driver, AsyncioDriver) else drop_blocking()


async def test_a_cancelled_task_stops_its_chat(emulator: Emulator, held: Held) -> None:
    async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        task = await reading_task(asked)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(held.stopped, str(asked.chat_id))


async def test_a_timeout_around_a_stream_stops_its_chat(emulator: Emulator, held: Held) -> None:
    async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        await first_word(asked)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asked.read(), 0.05)
        assert await asyncio.to_thread(held.stopped, str(asked.chat_id))


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="this platform has no signals to threads")
def test_ctrl_c_in_the_middle_of_a_wait_stops_the_chat(emulator: Emulator, held: Held) -> None:
    main_thread = threading.main_thread()
    assert threading.current_thread() is main_thread
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        first_word_blocking(asked)
        ctrl_c = threading.Timer(0.1, os.kill, args=(os.getpid(), signal.SIGINT))
        ctrl_c.start()
        with pytest.raises(KeyboardInterrupt):
            asked.read()
        assert held.stopped(str(asked.chat_id))


def test_a_chat_may_be_left_running(coze: ConnectedClient, held: Held) -> None:
    asked = begin(coze, cancel_on_close=False)
    coze.run(asked.close())
    coze.emulator.wait_until(lambda: coze.emulator.open_streams == 0)
    assert coze.emulator.chat_status(asked.chat_id) == "in_progress"
    held.go.set()
    assert held.stopped(asked.chat_id, "completed")


def test_an_unsaved_chat_cannot_be_cancelled_and_is_only_left(coze: ConnectedClient, held: Held) -> None:
    asked = begin(coze, auto_save_history=False)
    coze.run(asked.close())
    coze.emulator.wait_until(lambda: coze.emulator.open_streams == 0)
    assert coze.emulator.calls_to("/v3/chat/cancel") == []
    held.go.set()


def test_a_chat_that_said_everything_is_not_cancelled(coze: ConnectedClient) -> None:
    coze.collect(coze.ask())
    asked = coze.ask("hi")
    coze.collect(asked, limit=len(coze.collect(coze.ask("hi"))) - 1)
    assert asked.chat.status == "completed"
    assert coze.emulator.calls_to("/v3/chat/cancel") == []


@pytest.mark.parametrize(
    "fault", [faults.Coded(4104), faults.Html(502), faults.DropConnection(), faults.Coded(4016)], ids=repr
)
def test_stopping_does_not_fail_or_insist_because_the_cancelling_does(
    coze: ConnectedClient, held: Held, fault: Fault, sleeps: list[float]
) -> None:
    coze.emulator.inject(fault, path="/v3/chat/cancel", times=9)
    asked = begin(coze)
    coze.run(asked.close())
    coze.emulator.wait_until(lambda: coze.emulator.open_streams == 0)
    assert len(coze.emulator.calls_to("/v3/chat/cancel")) == 1
    assert sleeps == []


def test_an_error_of_the_reader_is_not_hidden_by_a_failing_cancellation(coze: ConnectedClient, held: Held) -> None:
    coze.emulator.inject(faults.Html(502), path="/v3/chat/cancel", times=9)
    leave_by_an_error(coze)


def test_a_token_that_cannot_be_had_for_the_cancelling_is_no_error_of_the_reader(
    coze: ConnectedClient, held: Held
) -> None:
    tokens = [coze.emulator.token]
    coze.client = coze.driver.client(lambda: tokens.pop(), base_url=coze.emulator.url)  # IndexError from the second on
    stream, reported = begin(coze), list[object]()
    if isinstance(coze.driver, AsyncioDriver):
        coze.driver.loop.set_exception_handler(lambda _, context: reported.append(context))
    coze.run(stream.close())
    gc.collect()
    assert reported == []


def test_another_thread_may_close_a_stream_that_waits(emulator: Emulator, held: Held) -> None:
    ended: list[str] = []
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        spoken = threading.Event()

        def read() -> None:
            try:
                for event in asked:
                    if event.delta:
                        spoken.set()
                ended.append("the end")
            except CozeError as error:
                ended.append(type(error).__name__)

        reader = threading.Thread(target=read)
        reader.start()
        assert spoken.wait(5)
        asked.close()
        assert held.stopped(str(asked.chat_id))
        reader.join(5)
        assert not reader.is_alive()
    assert ended


async def test_another_task_may_close_a_stream_that_waits(emulator: Emulator, held: Held) -> None:
    async with AsyncCozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        task = await reading_task(asked)
        try:
            await asked.close()
        finally:
            await asyncio.wait({task})
        assert await asyncio.to_thread(held.stopped, str(asked.chat_id))


def test_two_readers_of_one_stream_are_an_error(emulator: Emulator, held: Held) -> None:
    errors: list[str] = []
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        asked = held.ask(client)
        spoken = threading.Event()

        def read() -> None:
            for event in asked:
                if event.delta:
                    spoken.set()

        reader = threading.Thread(target=read)
        reader.start()
        assert spoken.wait(5)
        try:
            next(asked)
        except (CozeError, ValueError) as error:
            errors.append(str(error))
        held.go.set()
        reader.join(5)
        assert not reader.is_alive()
    assert errors
    assert "already" in errors[0]
    assert asked.text == "a word the end"


def test_a_blocking_stream_may_be_read_inside_a_running_event_loop(emulator: Emulator) -> None:
    async def notebook() -> str:
        with CozeClient(emulator.token, base_url=emulator.url) as client:
            asked = client.chats.stream(
                bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user("one two")]
            )
            text = ""
            for event in asked:
                text += event.delta
                await asyncio.sleep(0)
            return text

    assert asyncio.run(notebook()) == "one two"


def test_a_stream_may_be_opened_in_one_thread_and_read_on_in_another(emulator: Emulator) -> None:
    with CozeClient(emulator.token, base_url=emulator.url) as client:
        asked = client.chats.stream(
            bot_id=emulator.bots["echo"], user_id="u", additional_messages=[Message.user("one two three")]
        )
        first_word_blocking(asked)
        texts: list[str] = []
        reader = threading.Thread(target=lambda: texts.append(asked.read().text))
        reader.start()
        reader.join()
    assert texts == ["one two three"]


def test_a_deadline_ends_a_stream_that_goes_on_and_on_and_stops_its_chat(coze: ConnectedClient, held: Held) -> None:
    asked = coze.client.options(timeout=Timeout(deadline=0.2)).chats.stream(
        bot_id=coze.emulator.bots["slow"], user_id="u", additional_messages=[Message.user("hi")]
    )
    with pytest.raises(CozeError, match="deadline"):
        coze.collect(asked)
    assert held.stopped(asked.chat_id)
