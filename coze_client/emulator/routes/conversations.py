"""Routes of conversations: create, list, retrieve, rename, clear, delete."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.engine.incoming_messages import read_incoming, save_incoming
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import Caller, Fields, IncomingRequest
from coze_client.emulator.protocol.studio_workflow_refusals import NAME_NOT_FOUND
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredConversation, StoredMessage

DEFAULT_NAME = "Default"
"""The name that every app of a studio has."""
FIRST_CONVERSATION_ID = 7460000000000000001


def new_conversation(
    backend: Backend,
    caller: Caller,
    bot_id: str = "",
    name: str = "",
    connector_id: str = "1024",
    meta_data: dict[str, str] | None = None,
) -> StoredConversation:
    """Create and save a conversation of the caller."""
    new_id = backend.state.new_id(StoredConversation, FIRST_CONVERSATION_ID)
    now = backend.now
    conversation = StoredConversation(
        new_id, caller.account, new_id, now, now, bot_id, name, connector_id, meta_data or {}, caller.session
    )
    backend.state.save(conversation)
    return conversation


def conversation_of(backend: Backend, request: IncomingRequest, conversation_id: str) -> StoredConversation:
    """Return the caller's conversation; 4002 if there is none, or if another account or session owns it."""
    conversation = backend.state.get(StoredConversation, conversation_id)
    if conversation is None or not conversation.belongs_to(request.caller):
        raise ApiError(4002)
    return conversation


def conversation_named(backend: Backend, request: IncomingRequest, name: object) -> StoredConversation | None:
    """Return the account's oldest conversation of this name; None if there is none."""
    owned = backend.state.owned(StoredConversation, request.account)
    return next((conversation for conversation in owned if conversation.name == name), None)


def _name(body: Fields, key: str = "name") -> str:
    name = body.optional(key) or ""
    if len(name) > 100:
        raise ApiError(4000, f"{key} has at most 100 characters")
    return name


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    body = request.body
    bot_id, connector_id, meta_data = body.optional("bot_id") or "", body.optional("connector_id"), body.meta_data()
    incoming = read_incoming(backend, request.account, body.objects("messages"))
    name = _name(body)
    if not backend.dialect.honours_message_order:
        incoming, name = [], ""
    conversation = new_conversation(backend, request.caller, bot_id, name, connector_id or "1024", meta_data)
    for message in incoming:
        save_incoming(backend, conversation, message)
    return JsonReply(conversation.describe(backend.dialect))


async def create_named(backend: Backend, request: IncomingRequest) -> Reply:
    """Create a conversation that an app's chatflow finds by name; get_or_create may return an existing one."""
    body = request.body
    for field in ("app_id", "workflow_id", "conversation_name"):
        body.text(field)
    name, meta_data = _name(body, "conversation_name"), body.meta_data()
    get_or_create = body.flag("get_or_create", default=False)
    found = conversation_named(backend, request, name) if get_or_create else None
    if get_or_create and found is None and not (backend.dialect.creates_named_conversations or name == DEFAULT_NAME):
        raise ApiError(4002, studio=NAME_NOT_FOUND)
    connector_id = body.optional("connector_id") or "1024"
    conversation = found or new_conversation(backend, request.caller, "", name, connector_id, meta_data)
    return JsonReply(conversation.describe(backend.dialect))


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    bot_id, connector_id = query.text("bot_id"), query.optional("connector_id") or "1024"
    newest_first = query.choice("sort_order", ("ASC", "DESC"), "DESC") == "DESC"
    page = query.page(50, 50)
    found = [
        conversation
        for conversation in backend.state.owned(StoredConversation, request.account)
        if (conversation.bot_id, conversation.connector_id) == (bot_id, connector_id)
        and conversation.belongs_to(request.caller)
    ]
    found = found[::-1] if newest_first else found
    shown = [conversation.describe(backend.dialect) for conversation in found[page]]
    return JsonReply({"conversations": shown, "has_more": len(found) > page.stop})


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    conversation = conversation_of(backend, request, request.query.text("conversation_id"))
    return JsonReply(conversation.describe(backend.dialect))


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    conversation = conversation_of(backend, request, request.values["conversation_id"])
    request.body.text("name")
    conversation = replace(conversation, name=_name(request.body), updated_at=backend.now)
    backend.state.save(conversation)
    return JsonReply(conversation.describe(backend.dialect))


async def clear(backend: Backend, request: IncomingRequest) -> Reply:
    """Begin a new section; the old messages can still be listed, but are no longer context."""
    conversation = conversation_of(backend, request, request.values["conversation_id"])
    section = str(int(conversation.section_id) + 1)
    backend.state.save(replace(conversation, section_id=section, updated_at=backend.now))
    return JsonReply({"id": section, "conversation_id": conversation.id})


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    conversation = conversation_of(backend, request, request.values["conversation_id"])
    for message in backend.state.owned(StoredMessage, conversation.id):
        backend.state.delete(message)
    backend.state.delete(conversation)
    return JsonReply()


ENDPOINTS = (
    Endpoint("POST", "/v1/conversation/create", ("createConversation",), create),
    Endpoint("POST", "/v1/workflow/conversation/create", ("createConversation",), create_named),
    Endpoint("GET", "/v1/conversations", ("listConversation",), list_),
    Endpoint("GET", "/v1/conversation/retrieve", ("retrieveConversation",), retrieve),
    Endpoint("PUT", "/v1/conversations/{conversation_id}", ("editConversation",), update),
    Endpoint("POST", "/v1/conversations/{conversation_id}/clear", ("editConversation",), clear),
    Endpoint("DELETE", "/v1/conversations/{conversation_id}", ("editConversation",), delete),
)
