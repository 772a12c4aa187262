"""What a tool returns, in the JSON of MCP: content blocks, structured content, and whether it is an error; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from coze_client.bridge.tools.tool_outcome import describe_failure
from coze_client.errors import CozeError

Json = dict[str, Any]
"""A JSON object of MCP, as its specification writes it."""


class Reply(NamedTuple):
    """The result of one tool call. Clients show the `content` to a model; programs read `structured`."""

    content: Sequence[Json]
    structured: Mapping[str, object]
    is_error: bool = False

    def to_json(self) -> Json:
        """The ``CallToolResult`` of MCP."""
        found: Json = {"content": list(self.content), "isError": self.is_error}
        return {**found, "structuredContent": dict(self.structured)} if self.structured else found


def text_block(text: str) -> Json:
    """A block of text."""
    return {"type": "text", "text": text}


def failure(error: CozeError) -> Reply:
    """The reply to a call that failed: never a part of an answer, only what happened and the likely cure."""
    ids = {
        "code": error.code,
        "logid": error.logid,
        "conversation_id": error.conversation_id,
        "chat_id": error.chat_id,
        "execute_id": error.execute_id,
    }
    known = {name: str(value) for name, value in ids.items() if value not in (None, "")}
    return Reply([text_block(describe_failure(error))], known, is_error=True)


def refusal(text: str) -> Reply:
    """The reply to a call that nothing was done for."""
    return Reply([text_block(text)], {}, is_error=True)
