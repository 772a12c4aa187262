"""A tool as a value: what a client is told of it, and the function that carries out a call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from coze_client.mcp_server.reply import Json, Reply


class Elicited(NamedTuple):
    """What a human did with a form that the client showed: ``accept`` with the values, ``decline`` or ``cancel``."""

    action: str
    content: Mapping[str, object]


class CallContext(Protocol):
    """What a tool may do while it runs."""

    def report(self, source: str, text: str) -> None:
        """Send a piece of text as progress; pieces of one `source` may arrive joined."""

    async def elicit(self, question_id: str, message: str, schema: Json) -> Elicited | None:
        """Show a form to the human; ``None`` if the client cannot."""


Call = Callable[[Mapping[str, object], CallContext], Awaitable[Reply]]


@dataclass(frozen=True)
class Tool:
    """One tool of the server; `schema` is the JSON schema of its arguments, `reads_only` that a call changes nothing.

    `id` tells tools with equal names apart.
    """

    id: str
    name: str
    title: str
    description: str
    schema: Json
    call: Call
    reads_only: bool = False

    def to_json(self) -> Json:
        """The ``Tool`` of MCP."""
        return {
            "name": self.name,
            "title": self.title or self.name,
            "description": self.description,
            "inputSchema": self.schema,
            "annotations": {"readOnlyHint": self.reads_only, "openWorldHint": True},
        }
