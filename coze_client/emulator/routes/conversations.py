"""Routes of conversations: create, list, retrieve, rename, clear, delete."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.engine.incoming_messages import read_incoming, save_incoming
from coze_client.emulator.protocol.api_error import ApiError, GoError
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import MANY, Caller, Fields, IncomingRequest
from coze_client.emulator.protocol.studio_refusals import CONVERSATION_NOT_FOUND, USER_NOT_MATCH
from coze_client.emulator.protocol.studio_workflow_refusals import NAME_NOT_FOUND
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredConversation, StoredMessage

DEFAULT_NAME = "Default"
"""The name that every app of a studio has."""
FIRST_CONVERSATION_ID = 7460000000000000001
SECTION_DISTANCE = 5 * 10**15


def new_conversation(
    backend: Backend,
    caller: Caller,
    bot_id: str = "",
    name: str = "",
    connector_id: str = "1024",
    meta_data: dict[str, str] | None = None,
    user_id: str = "",
    app_id: str = "",
) -> StoredConversation:
    """Create and save a conversation of the caller; the id of its first section is its own, but not in the studio."""
    new_id = backend.state.new_id(StoredConversation, FIRST_CONVERSATION_ID)
    section_id = str(int(new_id) + SECTION_DISTANCE) if backend.dialect.own_sections else new_id
    conversation = StoredConversation(
        new_id,
        caller.account,
        section_id,
        backend.now,
        backend.now,
        bot_id,
        name,
        connector_id,
        meta_data or {},
        caller.session,
        user_id,
        app_id,
    )
    backend.state.save(conversation)
    return conversation


def conversation_of(
    backend: Backend,
    request: IncomingRequest,
    conversation_id: str,
    *,
    unknown: GoError = CONVERSATION_NOT_FOUND,
    foreign: GoError = USER_NOT_MATCH,
) -> StoredConversation:
    """Return the caller's conversation; 4002 if there is none, or if another account or session owns it.

    `unknown` and `foreign` are what the studio raises in the two cases.
    """
    conversation = backend.state.get(StoredConversation, conversation_id)
    if conversation is None:
        raise ApiError(4002, studio=unknown)
    if not conversation.belongs_to(request.caller):
        raise ApiError(4002, studio=foreign)
    return conversation


def conversation_named(
    backend: Backend, request: IncomingRequest, name: object, owner_id: str
) -> StoredConversation | None:
    """Return the account's oldest conversation of this name; None if there is none.

    `owner_id` is the app or bot that asks; in the studio each has names of its own.
    """
    owned = backend.state.owned(StoredConversation, request.account)
    named = (conversation for conversation in owned if conversation.name == name)
    if backend.dialect.app_conversations:
        named = (conversation for conversation in named if conversation.app_id == owner_id)
    return next(named, None)


def _name(backend: Backend, body: Fields, key: str = "name") -> str:
    name = body.optional(key) or ""
    if len(name) > 100 and backend.dialect.limits:
        raise ApiError(4000, f"{key} has at most 100 characters")
    return name


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    body = request.body
    bot_id, connector_id = body.optional("bot_id") or "", body.optional("connector_id")
    meta_data, user_id = body.meta_data(limited=backend.dialect.limits), body.optional("user_id") or ""
    if backend.dialect.fills_new_conversations:
        incoming, name = read_incoming(backend, request.account, body.objects("messages")), _name(backend, body)
    else:
        incoming, name = [], ""
    conversation = new_conversation(backend, request.caller, bot_id, name, connector_id or "1024", meta_data, user_id)
    for message in incoming:
        save_incoming(backend, conversation, message)
    return JsonReply(conversation.describe(backend.dialect, "create"))


async def create_named(backend: Backend, request: IncomingRequest) -> Reply:
    """Create a conversation that an app's chatflow finds by name; get_or_create may return an existing one."""
    body = request.body
    for field in ("app_id", "workflow_id", "conversation_name"):
        body.text(field)
    name, meta_data = _name(backend, body, "conversation_name"), body.meta_data(limited=backend.dialect.limits)
    get_or_create = body.flag("get_or_create", default=False)
    connector_id, app_id = body.optional("connector_id") or "1024", body.text("app_id")
    found = conversation_named(backend, request, name, app_id) if get_or_create else None
    if get_or_create and found is None and not (backend.dialect.creates_named_conversations or name == DEFAULT_NAME):
        raise ApiError(4002, studio=NAME_NOT_FOUND)
    conversation = found or new_conversation(backend, request.caller, "", name, connector_id, meta_data, app_id=app_id)
    return JsonReply(conversation.describe(backend.dialect, "create"))


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    bot_id, connector_id = query.text("bot_id"), query.optional("connector_id") or "1024"
    newest_first = query.choice("sort_order", ("ASC", "DESC"), "DESC") == "DESC"
    user_id = query.optional("user_id") if backend.dialect.conversation_fields else None
    found = [
        conversation
        for conversation in backend.state.owned(StoredConversation, request.account)
        if (conversation.bot_id, conversation.connector_id) == (bot_id, connector_id)
        and conversation.belongs_to(request.caller)
        and not conversation.deleted
        and user_id in (None, conversation.user_id)
    ]
    page, has_more = _page(backend, query, found[::-1] if newest_first else found)
    shown = [conversation.describe(backend.dialect, "list") for conversation in page]
    return JsonReply({"conversations": shown, "has_more": has_more})


def _page(backend: Backend, query: Fields, found: list[StoredConversation]) -> tuple[list[StoredConversation], bool]:
    """Return a page, and whether more follow; the studio's without a size is all but the last conversation."""
    if backend.dialect.limits:
        page = query.page(50, 50)
        return found[page], len(found) > page.stop
    size, number = query.number("page_size", 0, 0, MANY), query.number("page_num", 0, 0, MANY)
    if size == 0:
        return found[:-1], bool(found)
    start = max(number - 1, 0) * size
    return found[start : start + size], len(found) > start + size


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    conversation_id = request.query.text("conversation_id")
    conversation = conversation_of(backend, request, conversation_id, foreign=CONVERSATION_NOT_FOUND)
    return JsonReply(conversation.describe(backend.dialect, "retrieve"))


async def update(backend: Backend, request: IncomingRequest) -> Reply:
    conversation = conversation_of(backend, request, request.values["conversation_id"])
    request.body.text("name")
    conversation = replace(conversation, name=_name(backend, request.body), updated_at=backend.now)
    backend.state.save(conversation)
    return JsonReply(conversation.describe(backend.dialect, "update"))


async def clear(backend: Backend, request: IncomingRequest) -> Reply:
    """Begin a new section; the old messages can still be listed, but are no longer context."""
    conversation_id = request.values["conversation_id"]
    conversation = conversation_of(backend, request, conversation_id, foreign=CONVERSATION_NOT_FOUND)
    section = str(int(conversation.section_id) + 1)
    backend.state.save(replace(conversation, section_id=section, updated_at=backend.now))
    return JsonReply({"id": section, "conversation_id": conversation.id})


async def delete(backend: Backend, request: IncomingRequest) -> Reply:
    """Delete a conversation with its messages; in the studio it only leaves the list."""
    conversation_id = request.values["conversation_id"]
    conversation = conversation_of(backend, request, conversation_id, foreign=CONVERSATION_NOT_FOUND)
    if backend.dialect.keeps_deleted_conversations:
        backend.state.save(replace(conversation, deleted=True, updated_at=backend.now))
        return JsonReply()
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
