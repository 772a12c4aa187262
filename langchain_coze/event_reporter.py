"""Report the messages of a workflow's output nodes while a tool runs, as custom events of LangChain and LangGraph."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import RunnableConfig

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.values import WorkflowMessage
from langchain_coze.langgraph_interrupts import in_graph

MESSAGE_EVENT = "coze_workflow_message"
"""The event's name in ``astream_events``, and its ``type`` in ``stream(stream_mode="custom")``."""


class EventReporter:
    """Sends every message of a run to the callbacks, and to the stream of the graph if the tool runs in one."""

    def __init__(self, tool_name: str, config: RunnableConfig, *, blocking: bool) -> None:
        self._tool_name = tool_name
        self._config = config
        self._blocking = blocking
        self._write = _stream_writer(config)
        self._pending: list[asyncio.Future[None]] = []

    def __call__(self, event: WorkflowEvent) -> None:
        if event.message is None:
            return
        data = convert_message(event.message, self._tool_name)
        self._write(data)
        if self._blocking:
            dispatch_custom_event(MESSAGE_EVENT, data, config=self._config)
        else:
            dispatch = adispatch_custom_event(MESSAGE_EVENT, data, config=self._config)
            self._pending.append(asyncio.ensure_future(dispatch))

    async def finish(self) -> None:
        """Wait until all events have been sent."""
        if self._pending:
            await asyncio.gather(*self._pending)


def convert_message(message: WorkflowMessage, tool_name: str) -> dict[str, Any]:  # JSON
    """Convert a piece of a node's message to an event; the title of the end node is empty or ``End``."""
    return {
        "type": MESSAGE_EVENT,
        "tool_name": tool_name,
        "node_title": message.node_title,
        "content": message.content,
        "node_is_finish": message.node_is_finish,
    }


def _stream_writer(config: RunnableConfig) -> Callable[[Any], object]:
    if not in_graph(config):
        return lambda _: None
    from langgraph.config import get_stream_writer

    return get_stream_writer()
