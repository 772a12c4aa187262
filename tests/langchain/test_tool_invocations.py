"""What one call of a tool takes from its graph, and what it reports while it runs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from pydantic import BaseModel

from coze_client import CozeClient
from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.values import WorkflowMessage
from langchain_coze.coze_tool import ToolInvocation
from langchain_coze.event_reporter import EventReporter

Content = list[str | dict[str, Any]]


def picture(number: int) -> Content:
    return [{"type": "image", "url": f"https://a/{number}.png"}]


MESSAGES: list[AnyMessage] = [
    SystemMessage("Be brief"),
    HumanMessage("Draw"),
    AIMessage(picture(1)),
    ToolMessage(picture(2), tool_call_id="c1"),
    HumanMessage(picture(3)),
    HumanMessage([*picture(4), {"type": "text", "text": "and"}, *picture(5)]),
]


@dataclass
class DataclassState:
    messages: list[AnyMessage]


class ModelState(BaseModel):
    messages: list[AnyMessage]


STATES = [{"messages": MESSAGES}, DataclassState(MESSAGES), ModelState(messages=MESSAGES)]


def invocation(runtime: object) -> ToolInvocation:
    return ToolInvocation(CozeClient("t", base_url="http://coze"), {}, {}, runtime)


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
def test_attachments_are_those_of_the_user_in_order_whatever_the_state_is(state: object) -> None:
    found = invocation(SimpleNamespace(state=state)).attachments
    assert [each.source for each in found] == [f"https://a/{number}.png" for number in (3, 4, 5)]


@pytest.mark.parametrize(
    "state", [None, {}, {"messages": None}, [], DataclassState([]), {"messages": ["Hi"]}], ids=repr
)
def test_a_state_without_messages_has_no_attachments(state: object) -> None:
    assert invocation(SimpleNamespace(state=state)).attachments == ()


@pytest.mark.parametrize(
    ("runtime", "found"),
    [(SimpleNamespace(tool_call_id="c1"), "c1"), (SimpleNamespace(tool_call_id=None), ""), (None, "")],
)
def test_the_id_of_a_call_is_the_models(runtime: object, found: str) -> None:
    assert invocation(runtime).id == found


class SlowHandler(AsyncCallbackHandler):
    """Needs many turns of the event loop for each event."""

    def __init__(self) -> None:
        self.contents: list[str] = []

    async def on_custom_event(self, name: str, data: Any, **_: Any) -> None:
        for _turn in range(50):
            await asyncio.sleep(0)
        self.contents.append(data["content"])


async def test_all_messages_are_reported_when_a_tool_has_ended() -> None:
    handler = SlowHandler()

    async def tool(given: str, config: RunnableConfig) -> list[str]:
        reporter = EventReporter("book", config, blocking=False)
        for text in ("one", "two"):
            reporter(WorkflowEvent("message", b"", message=WorkflowMessage(content=text)))
        reporter(WorkflowEvent("done", b""))
        await reporter.finish()
        return sorted(handler.contents)

    assert await RunnableLambda(tool).ainvoke("", {"callbacks": [handler]}) == ["one", "two"]
