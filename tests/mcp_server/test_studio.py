"""The server on a coze-studio, which lists nothing and returns no schemas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coze_client.emulator import Emulator
from tests.support.mcp_clients import Connect

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A fresh coze-studio."""
    with Emulator("studio") as emulator:
        yield emulator


async def test_bots_workflows_and_datasets_of_a_studio_are_tools(connect: Connect, emulator: Emulator) -> None:
    dataset = emulator.add_dataset("owls", {"a.txt": "Owls hunt at night."})
    searcher = emulator.add_knowledge_workflow([dataset])
    workflow = {"id": emulator.workflows["book_table"], "name": "book", "parameters": SCHEMA}
    chosen = {"bots": [emulator.bots["echo"]], "workflows": [workflow]}
    async with connect(**chosen, datasets=[{"id": dataset, "workflow_id": searcher, "name": "owls"}]) as client:
        answer = await client.call("ask_echo", {"question": "hello"})
        asked = await client.call("book", {"city": "Rome"})
        done = await client.call("answer_question", {"question_id": asked.facts["question_id"], "answer": "18:00"})
        found = await client.call("owls", {"query": "What do owls do?"})
    assert answer.facts["answer"] == "hello"
    assert done.facts["output"]["time"] == "18:00"
    assert found.facts["passages"][0]["text"] == "Owls hunt at night."


async def test_a_failed_chat_of_a_studio_is_an_error(connect: Connect, emulator: Emulator) -> None:
    async with connect(bots=[emulator.bots["failing"]]) as client:
        failed = await client.call("ask_failing", {"question": "hello"})
    assert failed.is_error
    assert "goes well" not in failed.text
