"""A workflow's question: a form where the client can show one, else told with how to answer."""

from __future__ import annotations

from typing import Any

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, AskUser, Turn
from coze_client.emulator.workflows import Steps, ask, ask_for
from tests.support.mcp_clients import Connect, Json

TABLE = {"city": "Rome"}


async def test_a_question_is_shown_as_a_form_and_the_same_run_goes_on(connect: Connect, emulator: Emulator) -> None:
    shown: list[tuple[str, Json]] = []

    def fill(message: str, schema: Json) -> Json:
        shown.append((message, schema))
        return {"answer": "19:00"}

    async with connect(fill, workflows=[emulator.workflows["book_table"]]) as client:
        done = await client.call("book_table", TABLE)
    [(message, schema)] = shown
    assert message == "Which time suits you?"
    assert schema["properties"]["answer"]["enum"] == ["18:00", "19:00", "20:00"]
    assert done.facts["output"]["time"] == "19:00"
    assert emulator.runs_started == 1


async def test_a_client_without_forms_is_told_the_question_and_how_to_answer(
    connect: Connect, emulator: Emulator
) -> None:
    async with connect(workflows=[emulator.workflows["book_table"]]) as client:
        asked = await client.call("book_table", TABLE)
        done = await client.call("answer_question", {"question_id": asked.facts["question_id"], "answer": "20:00"})
    assert not asked.is_error
    assert asked.facts["options"] == ["18:00", "19:00", "20:00"]
    assert "has not finished" in asked.text
    assert "Which time suits you?" in asked.text
    assert asked.facts["question_id"] in asked.text
    assert done.facts["output"]["time"] == "20:00"
    assert emulator.runs_started == 1


async def test_a_declined_form_leaves_the_run_waiting_for_an_answer(connect: Connect, emulator: Emulator) -> None:
    async with connect(lambda message, schema: None, workflows=[emulator.workflows["book_table"]]) as client:
        declined = await client.call("book_table", TABLE)
        done = await client.call("answer_question", {"question_id": declined.facts["question_id"], "answer": "18:00"})
    assert "closed the question" in declined.text
    assert "output" not in declined.facts
    assert done.facts["output"]["time"] == "18:00"


async def test_every_question_of_a_run_is_asked(connect: Connect, emulator: Emulator) -> None:
    @emulator.workflow()
    def plan() -> Steps[str]:
        first = yield ask("Where?")
        second = yield ask("When?")
        return f"{first} {second}"

    answers = {"Where?": "Rome", "When?": "today"}
    async with connect(lambda message, schema: {"answer": answers[message]}, workflows=[plan.id]) as client:
        done = await client.call("plan", {})
    async with connect(workflows=[plan.id]) as client:
        asked = await client.call("plan", {})
        for answer in answers.values():
            asked = await client.call("answer_question", {"question_id": asked.facts["question_id"], "answer": answer})
    assert done.facts["output"] == asked.facts["output"] == "Rome today"


async def test_the_fields_of_an_input_node_are_the_fields_of_the_form(connect: Connect, emulator: Emulator) -> None:
    @emulator.workflow()
    def order() -> Steps[Any]:
        given = yield ask_for("Order", dish=str, portions=int, extras=list[str])
        return given

    shown: list[Json] = []

    def fill(message: str, schema: Json) -> Json:
        shown.append(schema)
        return {"dish": "soup", "portions": 2, "extras": '["bread"]'}

    async with connect(fill, workflows=[order.id]) as client:
        done = await client.call("order", {})
    assert {name: each["type"] for name, each in shown[0]["properties"].items()} == {
        "dish": "string",
        "portions": "integer",
        "extras": "string",  # forms have no lists
    }
    assert "JSON" in shown[0]["properties"]["extras"]["description"]
    assert done.facts["output"] == {"dish": "soup", "portions": 2, "extras": ["bread"]}


async def test_an_answer_that_coze_cannot_take_is_refused_and_the_question_stays(
    connect: Connect, emulator: Emulator
) -> None:
    async with connect(workflows=[emulator.workflows["book_table"]]) as client:
        asked = await client.call("book_table", TABLE)
        question = {"question_id": asked.facts["question_id"]}
        refused = await client.call("answer_question", {**question, "answer": " "})
        done = await client.call("answer_question", {**question, "answer": "18:00"})
        again = await client.call("answer_question", {**question, "answer": "19:00"})
    assert refused.is_error
    assert "empty" in refused.text
    assert done.facts["output"]["time"] == "18:00"
    assert again.is_error  # Coze knows that the run has ended
    assert emulator.runs_started == 1


async def test_a_form_with_an_empty_answer_is_shown_again_with_the_reason(connect: Connect, emulator: Emulator) -> None:
    shown: list[str] = []

    def fill(message: str, schema: Json) -> Json:
        shown.append(message)
        return {"answer": "" if len(shown) == 1 else "18:00"}

    async with connect(fill, workflows=[emulator.workflows["book_table"]]) as client:
        done = await client.call("book_table", TABLE)
    assert len(shown) == 2
    assert "empty" in shown[1]
    assert done.facts["output"]["time"] == "18:00"


async def test_an_answer_that_could_not_be_sent_is_an_error_of_the_call(connect: Connect, emulator: Emulator) -> None:
    async with connect(workflows=[emulator.workflows["book_table"]]) as client:
        asked = await client.call("book_table", TABLE)
        answer = {"question_id": asked.facts["question_id"], "answer": "18:00"}
        emulator.revoke(emulator.token)
        failed = await client.call("answer_question", answer)
    assert failed.is_error
    assert "no question" not in failed.text


async def test_another_process_of_the_server_takes_the_answer(connect: Connect, emulator: Emulator) -> None:
    workflow = {"workflows": [emulator.workflows["book_table"]]}
    async with connect(**workflow) as client:
        asked = await client.call("book_table", TABLE)
    async with connect(**workflow) as client:
        done = await client.call("answer_question", {"question_id": asked.facts["question_id"], "answer": "18:00"})
    assert done.facts["output"]["time"] == "18:00"
    assert emulator.runs_started == 1


@pytest.mark.parametrize("question_id", ["", "nonsense", "7420000000000000099/2/1", "1/x/2", "//", "9" * 5000])
async def test_nothing_is_answered_but_questions_of_the_chosen_workflows(
    connect: Connect, emulator: Emulator, question_id: str
) -> None:
    async with connect(workflows=[emulator.workflows["book_table"]]) as client:
        refused = await client.call("answer_question", {"question_id": question_id, "answer": "18:00"})
    assert refused.is_error
    assert emulator.calls_to("/v1/workflow/stream_resume") == []


@pytest.mark.parametrize("question", ["Which city?"])
async def test_a_bot_that_asks_the_user_is_answered_in_its_conversation(
    connect: Connect, emulator: Emulator, question: str
) -> None:
    emulator.add_bot("clerk", lambda turn: _ask(turn, question))
    async with connect(bots=[emulator.bots["clerk"]]) as client:
        asked = await client.call("ask_clerk", {"question": "Book a table"})
        done = await client.call("ask_clerk", {"question": "Rome", "conversation_id": asked.facts["conversation_id"]})
    assert asked.facts["status"] == "question"
    assert question in asked.text
    assert done.facts["answer"] == "Booked in Rome."
    assert "status" not in done.facts


def _ask(turn: Turn, question: str) -> list[Any]:
    return [Answer(f"Booked in {turn.question}.")] if turn.history else [AskUser(question)]
