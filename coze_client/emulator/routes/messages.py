"""Routes of messages: create, list, retrieve, modify, delete, and feedback."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.engine.incoming_messages import IncomingMessage, read_content, save_incoming
from coze_client.emulator.protocol.api_error import ApiError, GoError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.conversations import conversation_of
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredConversation, StoredMessage

PERMISSION_DENIED = GoError(103000001, "unauthorized access : permission denied")
"""What the studio raises for the conversation of another account."""


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    conversation = conversation_of(backend, request, request.query.text("conversation_id"))
    role = request.body.choice("role", ("user", "assistant"), "")
    content, content_type = _content(backend, request)
    incoming = IncomingMessage(role, "", content, content_type, request.body.meta_data(), "", ())
    return JsonReply(_describe(backend, save_incoming(backend, conversation, incoming)))


def _describe(backend: Backend, message: StoredMessage, *, in_chat: bool = True) -> dict[str, object]:
    """Return the JSON of a message; the documentation has a text for updated_at here, and a number elsewhere."""
    described = message.describe(backend.dialect, in_chat=in_chat)
    return {**described, "updated_at": str(message.updated_at)} if backend.dialect.updated_at_as_text else described


def _content(backend: Backend, request: IncomingRequest) -> tuple[str, str]:
    content = request.body.text("content")
    content_type = request.body.choice("content_type", ("text", "object_string"), "")
    read_content(backend, request.account, content, content_type)
    return content, content_type


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List a page between two cursors; an empty page has no cursors, or in the studio the cursors "0"."""
    body = request.body
    conversation = conversation_of(backend, request, request.query.text("conversation_id"), foreign=PERMISSION_DENIED)
    limit = body.number("limit", 50, 1, 50)
    found = _select(backend, conversation, body)
    by_time = backend.dialect.pages_by_time
    page, has_more = _page_by_time(backend, found, body, limit) if by_time else _page(found, body, limit)
    cursors = {"first_id": page[0].id, "last_id": page[-1].id} if page else {}
    if not page and not backend.dialect.honours_message_order:
        cursors = {"first_id": "0", "last_id": "0"}
    data = [_describe(backend, message, in_chat=False) for message in page]
    return JsonReply(data, beside={**cursors, "has_more": has_more})


def _select(backend: Backend, conversation: StoredConversation, body: Fields) -> list[StoredMessage]:
    """Select questions, answers and created messages, on request also the rest; the newest first by default."""
    everything = body.flag("include_middle_message", default=False) and backend.dialect.honours_message_order
    chat_id = body.optional("chat_id")
    newest_first = body.choice("order", ("asc", "desc"), "desc") == "desc" or not backend.dialect.honours_message_order
    found = [
        message
        for message in backend.state.owned(StoredMessage, conversation.id)
        if (everything or message.type in ("question", "answer", "")) and chat_id in (None, "", message.chat_id)
    ]
    if backend.dialect.pages_by_time:
        found.sort(key=lambda message: message.stored_at)
    return found[::-1] if newest_first else found


def _page(found: list[StoredMessage], body: Fields, limit: int) -> tuple[list[StoredMessage], bool]:
    """Return a page and whether more follow: messages after after_id, before before_id, or between both."""
    after, before = body.optional("after_id"), body.optional("before_id")
    start = _place(found, after, -1) + 1
    end = _place(found, before, len(found))
    window = found[start:end]
    if before not in (None, "", "0") and after in (None, "", "0"):
        return window[-limit:], len(window) > limit
    return window[:limit], len(window) > limit


def _page_by_time(
    backend: Backend, found: list[StoredMessage], body: Fields, limit: int
) -> tuple[list[StoredMessage], bool]:
    """Return a page of the studio, and whether more follow: those newer than before_id, else older than after_id.

    The cursor stands for its time, so other messages of the same millisecond are on no page. before_id takes
    precedence, even "0"; with it, the oldest come first.
    """
    before = body.optional("before_id")
    cursor_id = before if before is not None else body.optional("after_id")
    if cursor_id in (None, "", "0"):
        return found[:limit], len(found) > limit
    cursor = backend.state.get(StoredMessage, cursor_id or "")
    if cursor is None:
        raise ApiError(4005, "the cursor is not a message", studio=GoError(None, "record not found"))
    if before is None:
        older = [message for message in found if message.stored_at < cursor.stored_at]
        return older[:limit], len(older) > limit
    newer = [message for message in found[::-1] if message.stored_at > cursor.stored_at]
    return newer[:limit], len(newer) > limit


def _place(found: list[StoredMessage], cursor: str | None, unset: int) -> int:
    if cursor in (None, "", "0"):
        return unset
    place = next((n for n, message in enumerate(found) if message.id == cursor), None)
    if place is None:
        raise ApiError(4005, "the cursor is not a message of this list")
    return place


def message_of(backend: Backend, request: IncomingRequest, ids: Fields) -> StoredMessage:
    """Return a message of the caller's conversation; 4002 or 4005 if there is none."""
    conversation = conversation_of(backend, request, ids.text("conversation_id"))
    message = backend.state.get(StoredMessage, ids.text("message_id"))
    if message is None or message.conversation_id != conversation.id:
        raise ApiError(4005)
    return message


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    return JsonReply(_describe(backend, message_of(backend, request, request.query)))


async def modify(backend: Backend, request: IncomingRequest) -> Reply:
    message = message_of(backend, request, request.query)
    meta_data = request.body.meta_data()
    if request.body.optional("content"):
        content, content_type = _content(backend, request)
        message = replace(message, content=content, content_type=content_type)
    elif not meta_data:
        raise ApiError(4000, "content and meta_data cannot both be empty")
    message = replace(message, meta_data=meta_data or message.meta_data, updated_at=backend.now)
    backend.state.save(message)
    return JsonReply(_describe(backend, message), key="message")


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    """Delete a message; an answer is deleted with the calls, responses and verbose messages of its chat."""
    message = message_of(backend, request, request.query)
    if message.type not in ("question", "answer", ""):
        raise ApiError(4005, "only questions and answers can be deleted")
    for other in backend.state.owned(StoredMessage, message.conversation_id):
        depends = message.type == "answer" and message.chat_id and other.chat_id == message.chat_id
        if other.id == message.id or (depends and other.type not in ("question", "answer")):
            backend.state.delete(other)
    return JsonReply(message.describe(backend.dialect))


async def set_feedback(backend: Backend, request: IncomingRequest) -> Reply:
    message = message_of(backend, request, Fields(request.values))
    body = request.body
    kind, comment = body.choice("feedback_type", ("like", "unlike"), ""), body.optional("comment") or ""
    reasons = body.values.get("reason_types", [])
    if not isinstance(reasons, list) or len(reasons) > 10 or any(len(str(reason)) > 30 for reason in reasons):
        raise ApiError(4000, "reason_types has at most 10 reasons of 30 characters")
    if len(comment) > 250:
        raise ApiError(4000, "comment has at most 250 characters")
    feedback: dict[str, object] = {"feedback_type": kind, "reason_types": reasons, "comment": comment}
    backend.state.save(replace(message, feedback=feedback))
    return JsonReply()


async def remove_feedback(backend: Backend, request: IncomingRequest) -> Reply:
    backend.state.save(replace(message_of(backend, request, Fields(request.values)), feedback=None))
    return JsonReply()


FEEDBACK = "/v1/conversations/{conversation_id}/messages/{message_id}/feedback"
ENDPOINTS = (
    Endpoint("POST", "/v1/conversation/message/create", ("createMessage",), create),
    Endpoint("POST", "/v1/conversation/message/list", ("chat", "listMessage"), list_),
    Endpoint("GET", "/v1/conversation/message/retrieve", ("retrieveMessage",), retrieve),
    Endpoint("POST", "/v1/conversation/message/modify", ("modifyMessage",), modify),
    Endpoint("POST", "/v1/conversation/message/delete", ("deleteMessage",), delete),
    Endpoint("POST", FEEDBACK, ("feedback",), set_feedback),
    Endpoint("DELETE", FEEDBACK, ("feedback",), remove_feedback),
)
