"""LlamaIndex agents whose bot calls the tools that a test names, once, and then answers with their outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llama_index.core.agent.workflow import AgentOutput, FunctionAgent

from coze_client import CozeClient
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, AskClient, Item, Turn
from llama_index_coze import CozeLLM, CozeWorkflowTool

Calls = tuple[tuple[str, Mapping[str, object]], ...]


def tool_of(emulator: Emulator, workflow: str = "book_table", **options: Any) -> CozeWorkflowTool:
    """Return one of the emulator's workflows as a tool."""
    client = options.pop("client", None) or CozeClient(emulator.token, base_url=emulator.url)
    workflow_id = emulator.workflows.get(workflow, workflow)
    return CozeWorkflowTool.from_workflow(workflow_id, client=client, **options)


def calling_bot(emulator: Emulator, calls: Calls) -> str:
    """Add a bot that makes these calls at once, whatever the question; return its id."""

    def script(turn: Turn) -> Iterator[Item]:
        if turn.outputs:
            yield Answer(" & ".join(done.output for done in turn.outputs))
        else:
            yield AskClient(calls)

    return emulator.add_bot(f"calling{len(emulator.bots)}", script)


def calling_llm(emulator: Emulator, *calls: tuple[str, Mapping[str, object]], bot: str = "") -> CozeLLM:
    """Return such a bot, or the one with the id `bot`, as an LLM."""
    client = CozeClient(emulator.token, base_url=emulator.url)
    return CozeLLM(bot_id=bot or calling_bot(emulator, calls), client=client, client_plugins=True, user_id="u1")


def calling_agent(tool: CozeWorkflowTool, llm: CozeLLM) -> FunctionAgent:
    """Return an agent with this LLM and one tool."""
    return FunctionAgent(tools=[tool], llm=llm)


async def run_agent(handler: Any, on_event: Callable[[Any], None]) -> AgentOutput:
    """Return the output of an agent's run; `on_event` gets each event."""
    async for event in handler.stream_events():
        on_event(event)
    output: AgentOutput = await handler
    return output
