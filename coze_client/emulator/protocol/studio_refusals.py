"""How coze-studio refuses a call about chats or conversations: the status and the body of each route."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import MappingProxyType

from coze_client.emulator.protocol.api_error import NIL_POINTER, ApiError, GoError
from coze_client.emulator.protocol.reply import EventReply, RawReply, Reply
from coze_client.emulator.protocol.stream import Event, to_json

CHAT_PATHS = ("/v3/chat", "/v1/conversation")
AGENT_FAILED = 103100001
"""The code of every `error` event but that of a model: the code of its cause stands in its text."""

_ERRORS = MappingProxyType(
    {
        4001: GoError(None, "record not found"),
        4006: GoError(100000000, "invalid parameter : agent not published, agentID=0 connectorID=1024"),
        4015: GoError(100000000, "invalid parameter : agent not published, agentID=0 connectorID=1024"),
        4104: GoError(103200005, "in progress can not be cancelled"),
    }
)
USER_NOT_MATCH = GoError(103000001, "unauthorized access : user not match")
CONVERSATION_NOT_FOUND = GoError(103000002, "conversation not found")


def unpublished(bot_id: str) -> GoError:
    """Return the error for an agent that is unknown or not published; the studio does not tell which."""
    return GoError(100000000, f"invalid parameter : agent not published, agentID={bot_id} connectorID=1024")


def refusal(error: ApiError, path: str, *, streaming: bool) -> Reply | None:
    """Build the reply of a route about chats; None for what the studio refuses in the same way on every route."""
    found = error.studio or _ERRORS.get(error.code)
    if found is None:
        return None
    if found is NIL_POINTER:
        return RawReply(500, b"", "text/plain; charset=utf-8")
    if path == "/v3/chat/retrieve":
        return RawReply(500, str(found).encode(), "text/plain; charset=utf-8")
    if path == "/v3/chat" and streaming:
        return EventReply(_once(Event("error", {"code": AGENT_FAILED, "msg": str(found)})))
    if path in ("/v3/chat", "/v3/chat/cancel"):
        return _json(400, 400, str(found))
    return _json(500, 500, "internal server error") if found.code is None else _json(200, found.code, found.text)


def _json(status: int, code: int, msg: str) -> RawReply:
    return RawReply(status, to_json({"code": code, "msg": msg}).encode())


async def _once(event: Event) -> AsyncIterator[Event]:
    yield event
