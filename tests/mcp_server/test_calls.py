"""What happens while a tool runs and when it does not end well: progress, cancellation, failures."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Event

import pytest

from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import Answer, Fail, FunctionCall, Hold, Item, Partial, ToolResponse, Turn
from coze_client.emulator.workflows import Output, Steps, WorkflowError
from coze_client.mcp_server.progress import ProgressReporter
from tests.support.mcp_clients import Connect


async def test_output_nodes_become_progress_and_the_end_the_result(connect: Connect, emulator: Emulator) -> None:
    @emulator.workflow()
    def seat_guests(guests: int = 2) -> Steps[str]:
        yield Output("Seats", f"Looking for {guests} chairs.")
        yield Output("Tables", "Moving a table.")
        return "All are seated."

    async with connect(workflows=[seat_guests.id]) as client:
        done = await client.call("seat_guests", {"guests": 3})
    assert "".join(done.progress) == "Looking for 3 chairs.Moving a table."
    assert done.facts["output"] == "All are seated."
    assert [each["node"] for each in done.facts["messages"]] == ["Seats", "Tables"]


async def test_a_bot_tells_its_answer_and_its_plugin_calls_as_progress(connect: Connect, emulator: Emulator) -> None:
    bot_id = emulator.add_bot("searcher", _search)
    async with connect(bots=[bot_id]) as client:
        done = await client.call("ask_searcher", {"question": "what?"})
    assert "".join(done.progress) == "Let me look. The bot calls web-search.It is 42."
    assert done.facts["answer"] == "Let me look. It is 42."


def _search(turn: Turn) -> Iterator[Item]:
    yield Answer("Let me look. ")
    yield FunctionCall("web-search", {"query": turn.question})
    yield ToolResponse("42")
    yield Answer("It is 42.")


async def test_a_silent_call_shows_that_it_lives_until_it_ends() -> None:
    sent: list[tuple[int, str]] = []
    twice = asyncio.Event()

    async def send(number: int, text: str) -> None:
        sent.append((number, text))
        if number == 2:
            twice.set()

    async with ProgressReporter(send, silence=0.001) as progress:
        await twice.wait()
        progress.report("node", "the end")
    assert [number for number, _ in sent] == list(range(1, len(sent) + 1))
    assert {text for _, text in sent[:2]} == {"Coze is still at work."}
    assert sent[-1][1] == "the end"


async def test_pieces_that_wait_are_sent_joined_and_in_order() -> None:
    sent: list[str] = []

    async def send(_: int, text: str) -> None:
        sent.append(text)

    async with ProgressReporter(send) as progress:
        for source, text in [("a", "1"), ("a", "2"), ("b", "3"), ("b", ""), ("a", "4")]:
            progress.report(source, text)
    assert sent == ["12", "3", "4"]


async def test_a_cancelled_call_of_a_bot_cancels_its_chat(connect: Connect, emulator: Emulator) -> None:
    async with connect(bots=[emulator.bots["slow"]]) as client:
        await client.call_and_cancel("ask_slow", {"question": "hello"})
        await asyncio.to_thread(emulator.wait_until, lambda: len(emulator.calls_to("/v3/chat/cancel")) == 1)
        await asyncio.to_thread(emulator.wait_until, lambda: emulator.open_streams == 0)


async def test_a_cancelled_call_of_a_workflow_stops_reading_it(connect: Connect, emulator: Emulator) -> None:
    may_end = Event()

    @emulator.workflow()
    def wait() -> Steps[str]:
        yield "It begins."
        yield Hold(may_end.is_set)
        return "the end"

    async with connect(workflows=[wait.id]) as client:
        await client.call_and_cancel("wait", {})
        await asyncio.to_thread(emulator.wait_until, lambda: emulator.open_streams == 0)
    may_end.set()


async def test_a_client_that_leaves_cancels_the_chat(connect: Connect, emulator: Emulator) -> None:
    began = asyncio.Event()
    async with connect(bots=[emulator.bots["slow"]]) as client:
        call = asyncio.create_task(client.call("ask_slow", {"question": "hello"}, lambda _: began.set()))
        await began.wait()
        call.cancel()
        await asyncio.wait({call})
    await asyncio.to_thread(emulator.wait_until, lambda: len(emulator.calls_to("/v3/chat/cancel")) == 1)


@pytest.mark.parametrize("ending", [Fail(5000, "model unavailable"), Fail(4028, "no quota")])
async def test_of_a_failed_chat_nothing_is_given_as_an_answer(
    connect: Connect, emulator: Emulator, ending: Fail
) -> None:
    bot_id = emulator.add_bot("failing", lambda turn: [Partial("This goes well until "), ending])
    async with connect(bots=[bot_id]) as client:
        failed = await client.call("ask_failing", {"question": "hello"})
    assert failed.is_error
    assert ending.msg in failed.text
    assert "goes well" not in failed.text
    assert "answer" not in failed.facts
    assert failed.facts["conversation_id"]


async def test_a_workflow_that_fails_is_an_error_that_names_the_node(connect: Connect, emulator: Emulator) -> None:
    @emulator.workflow()
    def fail() -> Steps[str]:
        yield Output("Kitchen", "Half a dinner.")
        raise WorkflowError(720702222, "the stove is cold", "Stove")

    async with connect(workflows=[fail.id]) as client:
        failed = await client.call("fail", {})
    assert failed.is_error
    assert "the stove is cold" in failed.text
    assert "Half a dinner" not in failed.text
    assert emulator.runs_started == 1


async def test_a_bot_that_waits_for_a_client_plugin_has_failed(connect: Connect, emulator: Emulator) -> None:
    async with connect(bots=[emulator.bots["plugins"]]) as client:
        failed = await client.call("ask_plugins", {"question": "What is the weather in Rome?"})
    assert failed.is_error
    assert "get_weather" in failed.text


async def test_a_broken_stream_of_a_workflow_is_an_error_and_no_second_run(
    connect: Connect, emulator: Emulator
) -> None:
    emulator.inject(faults.CutAfterBytes(60), "/v1/workflow/stream_run")
    async with connect(workflows=[emulator.workflows["book_table"]]) as client:
        failed = await client.call("book_table", {"city": "Rome"})
    assert failed.is_error
    assert emulator.runs_started == 1


async def test_a_wrong_token_is_told_without_the_token(connect: Connect, emulator: Emulator) -> None:
    async with connect(bots=[emulator.bots["echo"]]) as client:
        emulator.revoke(emulator.token)
        failed = await client.call("ask_echo", {"question": "hello"})
    assert failed.is_error
    assert emulator.token not in str(failed.json)
