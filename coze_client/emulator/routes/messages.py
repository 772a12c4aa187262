"""Messages of a conversation: create, list, retrieve, modify, delete, and the feedback on them."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.engine.incoming_messages import Entered, read_content, save_entered
from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import Payload, Reply
from coze_client.emulator.protocol.request import Fields, Request
from coze_client.emulator.routes.conversations import conversation_of
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.records import Conversation, Message


async def create(backend: Backend, request: Request) -> Reply:
    conversation = conversation_of(backend, request, request.query.text("conversation_id"))
    role = request.body.choice("role", ("user", "assistant"), "")
    content, content_type = _content(backend, request)
    entered = Entered(role, "", content, content_type, request.body.meta_data(), "", ())
    return Payload(save_entered(backend, conversation, entered).wire(backend.dialect))


def _content(backend: Backend, request: Request) -> tuple[str, str]:
    content = request.body.text("content")
    content_type = request.body.choice("content_type", ("text", "object_string"), "")
    read_content(backend, request.account, content, content_type)
    return content, content_type


async def list_(backend: Backend, request: Request) -> Reply:
    """A page between two cursors, in the order asked for; the cursors of an empty page are absent (studio: "0")."""
    body = request.body
    conversation = conversation_of(backend, request, request.query.text("conversation_id"))
    limit = body.number("limit", 50, 1, 50)
    found = _listed(backend, conversation, body)
    page, has_more = _page(backend, found, body, limit)
    cursors = {"first_id": page[0].id, "last_id": page[-1].id} if page else {}
    if not page and not backend.dialect.orders_messages:
        cursors = {"first_id": "0", "last_id": "0"}
    data = [message.wire(backend.dialect) for message in page]
    return Payload(data, beside={**cursors, "has_more": has_more})


def _listed(backend: Backend, conversation: Conversation, body: Fields) -> list[Message]:
    """Questions, answers and handmade messages, on request what lies between; the newest first by default."""
    everything, chat_id = body.flag("include_middle_message", default=False), body.optional("chat_id")
    newest_first = body.choice("order", ("asc", "desc"), "desc") == "desc" or not backend.dialect.orders_messages
    found = [
        message
        for message in backend.state.owned(Message, conversation.id)
        if (everything or message.type in ("question", "answer", "")) and chat_id in (None, "", message.chat_id)
    ]
    return found[::-1] if newest_first else found


def _page(backend: Backend, found: list[Message], body: Fields, limit: int) -> tuple[list[Message], bool]:
    """after_id: later in this order; before_id: earlier; both: a window. The studio's before_id wins, even "0"."""
    after, before = body.optional("after_id"), body.optional("before_id")
    if not backend.dialect.orders_messages and before is not None:
        newer = found[: _place(found, before, len(found))][::-1] if before != "0" else found
        return newer[:limit], len(newer) > limit
    start = _place(found, after, -1) + 1
    end = _place(found, before, len(found))
    window = found[start:end]
    if before not in (None, "", "0") and after in (None, "", "0"):
        return window[-limit:], len(window) > limit
    return window[:limit], len(window) > limit


def _place(found: list[Message], cursor: str | None, unset: int) -> int:
    if cursor in (None, "", "0"):
        return unset
    place = next((n for n, message in enumerate(found) if message.id == cursor), None)
    if place is None:
        raise Refusal(4005, "the cursor is no message of this list")
    return place


def message_of(backend: Backend, request: Request, ids: Fields) -> Message:
    conversation = conversation_of(backend, request, ids.text("conversation_id"))
    message = backend.state.get(Message, ids.text("message_id"))
    if message is None or message.conversation_id != conversation.id:
        raise Refusal(4005)
    return message


async def retrieve(backend: Backend, request: Request) -> Reply:
    return Payload(message_of(backend, request, request.query).wire(backend.dialect))


async def modify(backend: Backend, request: Request) -> Reply:
    message = message_of(backend, request, request.query)
    meta_data = request.body.meta_data()
    if request.body.optional("content"):
        content, content_type = _content(backend, request)
        message = replace(message, content=content, content_type=content_type)
    elif not meta_data:
        raise Refusal(4000, "content and meta_data cannot both be empty")
    message = replace(message, meta_data=meta_data or message.meta_data, updated_at=backend.now)
    backend.state.save(message)
    return Payload(message.wire(backend.dialect), key="message")


async def delete(backend: Backend, request: Request) -> Reply:
    """An answer takes along what led to it: the calls, responses and verbose messages of its chat."""
    message = message_of(backend, request, request.query)
    if message.type not in ("question", "answer", ""):
        raise Refusal(4005, "only questions and answers can be deleted")
    for other in backend.state.owned(Message, message.conversation_id):
        depends = message.type == "answer" and message.chat_id and other.chat_id == message.chat_id
        if other.id == message.id or (depends and other.type not in ("question", "answer")):
            backend.state.delete(other)
    return Payload(message.wire(backend.dialect))


async def set_feedback(backend: Backend, request: Request) -> Reply:
    message = message_of(backend, request, Fields(request.values))
    body = request.body
    kind, comment = body.choice("feedback_type", ("like", "unlike"), ""), body.optional("comment") or ""
    reasons = body.values.get("reason_types", [])
    if not isinstance(reasons, list) or len(reasons) > 10 or any(len(str(reason)) > 30 for reason in reasons):
        raise Refusal(4000, "reason_types has at most 10 reasons of 30 characters")
    if len(comment) > 250:
        raise Refusal(4000, "comment has at most 250 characters")
    feedback: dict[str, object] = {"feedback_type": kind, "reason_types": reasons, "comment": comment}
    backend.state.save(replace(message, feedback=feedback))
    return Payload()


async def remove_feedback(backend: Backend, request: Request) -> Reply:
    backend.state.save(replace(message_of(backend, request, Fields(request.values)), feedback=None))
    return Payload()


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
