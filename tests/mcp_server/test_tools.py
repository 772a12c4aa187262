"""The tools that a client sees, and calls of bots and workflows."""

from __future__ import annotations

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, Turn
from coze_client.emulator.workflows import WORKSPACE
from tests.support.mcp_clients import Connect

STRANGE = "7359999999999999999"


async def test_a_workspace_becomes_a_tool_for_each_published_bot_and_workflow(
    connect: Connect, emulator: Emulator
) -> None:
    hidden = emulator.add_bot("hidden", published=False)
    async with connect(workspace_id=WORKSPACE) as client:
        tools = await client.tools()
    bots = {name for name, bot_id in emulator.bots.items() if bot_id != hidden}
    assert set(tools) == {*(f"ask_{name}" for name in bots), *emulator.workflows, "answer_question"}


async def test_a_workflow_has_the_names_and_the_schema_of_the_api(connect: Connect, emulator: Emulator) -> None:
    async with connect(workflows=[emulator.workflows["book_table"]]) as client:
        tool = (await client.tools())["book_table"]
    assert tool["title"] == "Book table"
    assert tool["description"] == "Book table: Books a table in a restaurant, after asking for the time."
    assert tool["inputSchema"]["properties"]["guests"] == {
        "type": "integer",
        "default": 2,
        "description": "the number of guests",
    }
    assert tool["inputSchema"]["required"] == ["city"]


async def test_no_tool_takes_a_token_and_every_id_is_text(connect: Connect, emulator: Emulator) -> None:
    dataset = emulator.add_dataset("owls", {"a.txt": "Owls hunt at night."})
    searched = emulator.add_knowledge_workflow([dataset])
    chosen = {"bots": [emulator.bots["echo"]], "workflows": [*emulator.workflows.values()]}
    async with connect(**chosen, datasets=[{"id": dataset, "workflow_id": searched}]) as client:
        tools = await client.tools()
    arguments = {name: value for tool in tools.values() for name, value in tool["inputSchema"]["properties"].items()}
    assert len(arguments) > 5
    assert [name for name in arguments if "token" in name or "key" in name] == []
    assert {value["type"] for name, value in arguments.items() if name.endswith("_id")} == {"string"}


async def test_names_and_descriptions_of_the_user_replace_those_of_coze(connect: Connect, emulator: Emulator) -> None:
    law = {"id": emulator.bots["echo"], "name": "Ask-Law", "description": "Knows the law."}
    table = {"id": emulator.workflows["book_table"], "name": "table", "description": "Books."}
    async with connect(bots=[law], workflows=[table]) as client:
        tools = await client.tools()
        answer = await client.call("Ask-Law", {"question": "hello"})
    described = {name: tool["description"] for name, tool in tools.items()}
    assert described["Ask-Law"] == "Knows the law."
    assert described["table"] == "Books."
    assert answer.facts["answer"] == "hello"


async def test_equal_names_get_their_ids_whatever_the_order(connect: Connect, emulator: Emulator) -> None:
    first, second = emulator.add_bot("Law"), emulator.add_bot("Law!")
    async with connect(bots=[first, second]) as client, connect(bots=[second, first]) as other:
        names = set(await client.tools())
        assert names == set(await other.tools()) == {f"ask_law_{first}", f"ask_law_{second}"}


async def test_a_bot_answers_and_goes_on_with_its_conversation(connect: Connect, emulator: Emulator) -> None:
    emulator.add_bot("memory", _count)
    async with connect(bots=[emulator.bots["memory"]]) as client:
        first = await client.call("ask_memory", {"question": "one"})
        conversation_id = first.facts["conversation_id"]
        second = await client.call("ask_memory", {"question": "two", "conversation_id": conversation_id})
        other = await client.call("ask_memory", {"question": "three"})
    assert [each.facts["answer"] for each in (first, second, other)] == ["turn 1", "turn 2", "turn 1"]
    assert second.facts["conversation_id"] == conversation_id != other.facts["conversation_id"]
    assert f"conversation_id: {conversation_id}" in first.text  # models see the content alone
    assert len({call.body["user_id"] for call in emulator.calls_to("/v3/chat") if isinstance(call.body, dict)}) == 1


async def test_a_workflow_runs_with_checked_arguments(connect: Connect, emulator: Emulator) -> None:
    @emulator.workflow()
    def table_price(guests: int = 2) -> dict[str, int]:
        return {"price": 25 * guests}

    async with connect(workflows=[table_price.id]) as client:
        done = await client.call("table_price", {"guests": 4})
        wrong = await client.call("table_price", {"guests": "many", "extra": 1})
    assert done.facts["output"] == {"price": 100}
    assert done.text == '{"price":100}'
    assert wrong.is_error
    assert "extra: unknown" in wrong.text
    assert emulator.runs_started == 1


async def test_a_tool_that_is_not_there_is_refused(connect: Connect, emulator: Emulator) -> None:
    async with connect(bots=[emulator.bots["echo"]]) as client:
        refused = await client.call("ask_nobody", {"question": "hello"})
    assert refused.is_error
    assert "ask_echo" in refused.text


@pytest.mark.parametrize("conversation_id", [STRANGE, "no id"])
async def test_an_error_of_coze_is_an_error_of_the_call(
    connect: Connect, emulator: Emulator, conversation_id: str
) -> None:
    async with connect(bots=[emulator.bots["echo"]]) as client:
        failed = await client.call("ask_echo", {"question": "hello", "conversation_id": conversation_id})
    assert failed.is_error
    assert failed.facts["code"]
    assert failed.facts["logid"] in failed.text


def _count(turn: Turn) -> list[Answer]:
    return [Answer(f"turn {len([line for line in turn.history if line.role == 'user']) + 1}")]
