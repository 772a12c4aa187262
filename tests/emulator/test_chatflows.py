"""Chatflows: a workflow as a dialogue, in its own form of chat events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.protocol.fault import Fault
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.scripts import Turn
from coze_client.emulator.workflows import Output, Steps, Workflow, WorkflowError, ask, ask_for
from tests.support.api_calls import ApiClient, Json, answer, code, parts, question


def support(text: str, tone: str = "kind") -> Steps[str]:
    yield Output("Hello", f"You say {text}.")
    when = yield ask("When?", options=["18:00", "19:00"])
    return f"{tone}: {when}"


def chat(
    api: ApiClient, workflow: Workflow, text: str, conversation_id: str | None = None, **more: Any
) -> httpx.Response:
    body = {
        "workflow_id": workflow.id,
        "bot_id": api.emulator.bots["echo"],
        "conversation_id": conversation_id,
        "additional_messages": [question(text)],
        **more,
    }
    return api.post("/v1/workflows/chat", json=body)


def chat_events(response: httpx.Response) -> list[tuple[str, Any]]:
    """Parse a stream with a space after the colon and no numbers: event names without `conversation.`, and data."""
    blocks = [dict(line.split(": ", 1) for line in block.split("\n")) for block in response.text.split("\n\n")[:-1]]
    assert all(list(block) == ["event", "data"] for block in blocks), response.text
    return [(block["event"].removeprefix("conversation."), json.loads(block["data"])) for block in blocks]


def answers(response: httpx.Response) -> list[str]:
    return [d["content"] for n, d in chat_events(response) if n == "message.completed" and d["type"] == "answer"]


def test_a_question_back_is_answered_by_the_next_message_of_the_conversation(
    api: ApiClient, emulator: Emulator
) -> None:
    workflow = emulator.workflow(chatflow=True)(support)
    conversation = api.conversation()["id"]
    asking = chat(api, workflow, "hey", conversation)
    assert answers(asking) == ["You say hey.", "When?\n18:00\n19:00"]
    *_, (_, interrupt), (_, finish), (last, done) = chat_events(asking)
    assert json.loads(interrupt["content"])["msg_type"] == "interrupt"
    assert json.loads(json.loads(finish["content"])["data"]) == {"finish_reason": 1, "FinData": ""}
    assert (last, workflow.id in done["debug_url"]) == ("done", True)
    answered = chat(api, workflow, "18:00", conversation)
    assert answers(answered) == ["kind: 18:00"]
    assert [name for name, _ in chat_events(answered)][-2:] == ["chat.completed", "done"]
    assert emulator.runs_started == 1
    assert answers(chat(api, workflow, "again", conversation))[0] == "You say again."
    assert emulator.runs_started == 2


def test_events_are_a_chats_without_a_bot(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow(chatflow=True)
    def echo(text: str) -> str:
        return text

    events = chat_events(chat(api, echo, "hello there"))
    names = ["chat.created", "chat.in_progress", *["message.delta"] * 2, *["message.completed"] * 2, "chat.completed"]
    assert [name for name, _ in events] == [*names, "done"]
    assert not any("bot_id" in data for _, data in events)
    completed = events[-2][1]
    assert (completed["status"], completed["usage"]["token_count"] > 0) == ("completed", True)


def test_a_chatflow_that_says_nothing_tells_so(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow(chatflow=True)
    def silent(text: str) -> dict[str, str]:
        return {"seen": text}

    verbose = [d["content"] for n, d in chat_events(chat(api, silent, "hey")) if n == "message.completed"]
    assert [json.loads(content)["msg_type"] for content in verbose] == ["empty result", "generate_answer_finish"]


def test_the_dialogue_is_context(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow(chatflow=True)
    def recalls(turn: Turn) -> str:
        return " | ".join([*(line.text for line in turn.history), turn.question])

    conversation = api.conversation()["id"]
    history = [question("one"), answer("two"), question("three")]
    assert answers(chat(api, recalls, "", conversation, additional_messages=history)) == ["one | two | three"]
    [second] = answers(chat(api, recalls, "four", conversation))
    assert second == "one | two | three | one | two | three | four"


def test_parameters_reach_the_function_and_the_question_only_comes_as_a_message(
    api: ApiClient, emulator: Emulator
) -> None:
    workflow = emulator.workflow(chatflow=True)(support)
    conversation = api.conversation()["id"]
    chat(api, workflow, "hey", conversation, parameters={"tone": "rude", "USER_INPUT": "ignored"})
    assert answers(chat(api, workflow, "18:00", conversation)) == ["rude: 18:00"]


def test_a_form_is_filled_in_line_by_line(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow(chatflow=True)
    def registers(text: str) -> Steps[str]:
        form = yield ask_for(guests=int, name=str)
        return f"{form['name']} brings {form['guests']}"

    conversation = api.conversation()["id"]
    [form] = answers(chat(api, registers, "hey", conversation))
    assert [field["name"] for field in json.loads(form)] == ["guests", "name"]
    assert answers(chat(api, registers, "guests: 3\nname: Ada", conversation)) == ["Ada brings 3"]


def test_a_failure_is_the_last_event_with_its_code_as_text(api: ApiClient, emulator: Emulator) -> None:
    @emulator.workflow(chatflow=True)
    def fails(text: str) -> None:
        raise WorkflowError(6006, "too slow")

    name, failed = chat_events(chat(api, fails, "hey"))[-1]
    assert (name, failed["code"]) == ("chat.failed", "6006")


def test_a_conversation_of_an_app_goes_by_its_name(api: ApiClient, emulator: Emulator) -> None:
    workflow = emulator.workflow(chatflow=True, app_id="9")(support)
    mine: Json = {"bot_id": None, "app_id": "9"}
    api.conversation(name="kitchen")
    asking = chat(api, workflow, "hey", parameters={"CONVERSATION_NAME": "kitchen"}, **mine)
    assert chat_events(asking)[0][0] == "chat.created"
    answered = chat(api, workflow, "19:00", parameters={"CONVERSATION_NAME": "kitchen"}, **mine)
    assert answers(answered) == ["kind: 19:00"]
    [(name, failed)] = chat_events(chat(api, workflow, "hey", parameters={"CONVERSATION_NAME": "cellar"}, **mine))
    assert (name, failed["code"]) == ("chat.failed", "720702204")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"bot_id": None}, 4000),
        ({"app_id": "9"}, 4000),
        ({"bot_id": "7"}, 4006),
        ({"conversation_id": "7"}, 4002),
        ({"additional_messages": []}, 4000),
        ({"additional_messages": [question(str(n)) for n in range(51)]}, 4000),
        ({"additional_messages": [question("hey"), answer("hello")]}, 4000),
        ({"additional_messages": [parts({"type": "text", "text": "hey"})]}, 4000),
        ({"parameters": {"tone": 3}}, 4000),
        ({"workflow_id": "7"}, 4200),
    ],
)
def test_a_request_that_breaks_a_rule_starts_nothing(
    api: ApiClient, emulator: Emulator, more: Json, expected: int
) -> None:
    assert code(chat(api, emulator.workflow(chatflow=True)(support), "hey", **more)) == expected
    assert emulator.runs_started == 0


def test_a_workflow_is_no_chatflow(api: ApiClient, emulator: Emulator) -> None:
    assert code(chat(api, emulator.workflow()(support), "hey")) == 4000


@dataclass
class HeldAfterTheQuestion(Fault):
    """Keeps a stream open after its question, until `released`."""

    released: bool = False

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield event
            while "When?" in to_json(event.data) and event.name == COMPLETED and not self.released:
                await asyncio.sleep(0.001)


COMPLETED = "conversation.message.completed"


def test_a_question_is_answered_while_its_stream_is_still_open(api: ApiClient, emulator: Emulator) -> None:
    workflow, conversation, held = (
        emulator.workflow(chatflow=True)(support),
        api.conversation()["id"],
        HeldAfterTheQuestion(),
    )
    emulator.inject(held, "/v1/workflows/chat")
    body = {"workflow_id": workflow.id, "bot_id": emulator.bots["echo"], "conversation_id": conversation}
    body["additional_messages"] = [question("hey")]
    with api.stream("POST", "/v1/workflows/chat", json=body) as asking:
        lines = asking.iter_lines()
        while not next(lines).endswith(COMPLETED) or "When?" not in next(lines):
            pass
        answered = answers(chat(api, workflow, "18:00", conversation))
        held.released = True
        rest = [line for line in lines if line.startswith("event: ")]
    assert answered == ["kind: 18:00"]
    assert rest[-1] == "event: done"
