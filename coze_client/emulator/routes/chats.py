"""Routes of chats: start, retrieve, cancel, list messages, submit tool outputs."""

from __future__ import annotations

from dataclasses import replace

from coze_client.emulator.engine.chat_context import read_turn, saved_context
from coze_client.emulator.engine.chat_run import FIRST_CHAT_ID, ChatRun
from coze_client.emulator.engine.incoming_messages import IncomingMessage, read_incoming, save_incoming
from coze_client.emulator.engine.studio_messages import read_studio_messages, split_question
from coze_client.emulator.protocol.api_error import NIL_POINTER, ApiError, GoError
from coze_client.emulator.protocol.reply import EventReply, JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.protocol.studio_refusals import unpublished
from coze_client.emulator.routes.bot_lookup import find_bot, find_stored_bot
from coze_client.emulator.routes.conversations import conversation_of, new_conversation
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.scripting.bot import ScriptedBot
from coze_client.emulator.scripts import Turn
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredChat, StoredConversation, StoredMessage

PUBLISHED = "published_online"
DRAFT = "unpublished_draft"


async def create(backend: Backend, request: IncomingRequest) -> Reply:
    body = request.body
    body.flag("stream", default=False)
    stream = backend.dialect.streams(body.values.get("stream"))
    saved = body.flag("auto_save_history", default=True) or not backend.dialect.unsaved_chats
    if not stream and not saved:
        raise ApiError(4007)
    user_id, limited = body.text("user_id"), backend.dialect.limits
    bot = bot_of(backend, request)
    if backend.dialect.checks_bot_owner and stream:
        _check_owner(backend, request, bot)
    _check_other_fields(body, limited=limited)
    meta_data, variables = body.meta_data(limited=limited), _variables(body, limited=limited)
    if not backend.dialect.strict_messages:  # the studio looks for the conversation before it reads the messages
        conversation = _conversation(backend, request, bot, user_id)
        incoming = read_studio_messages(backend, request.account, body.objects("additional_messages"))
    else:
        incoming = read_incoming(backend, request.account, body.objects("additional_messages"), saved=saved)
        conversation = _conversation(backend, request, bot, user_id)
    turn = read_turn(backend, bot, saved_context(backend, conversation), incoming, variables)
    chat = _new_chat(backend, request.account, bot, conversation, incoming, meta_data, saved=saved)
    return _run(backend, chat, bot, turn, stream=stream)


def bot_of(backend: Backend, request: IncomingRequest) -> ScriptedBot:
    """Return the bot that the request names; 4006 if there is none, 4101 or 4015 if the caller cannot use it."""
    body, bots = request.body, request.caller.bots
    bot_id, version = body.text("bot_id"), body.optional("bot_version")
    status = body.choice("publish_status", (PUBLISHED, DRAFT), PUBLISHED)
    if not backend.dialect.bot_versions:
        version, status = None, PUBLISHED
    if status == DRAFT and version:
        raise ApiError(4000, "bot_version cannot be given with a draft")
    bot = find_bot(backend, bot_id, draft=status == DRAFT, version=version)
    if bot is None:
        detail = f"version {version} of bot {bot_id}" if version else f"bot {bot_id}"
        raise ApiError(4006, detail, studio=unpublished(bot_id))
    if bots is not None and bot.id not in bots:
        raise ApiError(4101, "the token's scope does not list this bot")
    if not bot.published and status != DRAFT:
        raise ApiError(4015, studio=unpublished(bot_id))
    return bot


def _check_owner(backend: Backend, request: IncomingRequest, bot: ScriptedBot) -> None:
    record = find_stored_bot(backend, bot.id)
    if record is not None and record.account != request.account:
        raise ApiError(4101, studio=GoError(103000001, "unauthorized access : agent not match"))


def _check_other_fields(body: Fields, *, limited: bool) -> None:
    body.mapping("parameters")
    body.flag("enable_card", default=False)
    if not limited:
        body.pairs("extra_params")
    elif extra := body.pairs("extra_params").keys() - {"latitude", "longitude"}:
        raise ApiError(4000, f"extra_params has unknown fields: {', '.join(sorted(extra))}")
    if shortcut := body.mapping("shortcut_command"):
        Fields(shortcut).text("command_id")


def _variables(body: Fields, *, limited: bool) -> dict[str, str]:
    variables = body.pairs("custom_variables")
    if limited and not all(name.replace("_", "a").isalpha() for name in variables):
        raise ApiError(4000, "names of custom_variables are letters and underscores")
    return variables


def _conversation(backend: Backend, request: IncomingRequest, bot: ScriptedBot, user_id: str) -> StoredConversation:
    """Return the conversation in the query, or a new one; 4016 if a chat is running in it."""
    conversation_id = request.query.optional("conversation_id")
    if conversation_id == "" and backend.dialect.rejects_empty_ids:
        raise ApiError(4000, "conversation_id is not a number")
    if not conversation_id:
        return new_conversation(backend, request.caller, bot.id, user_id=user_id)
    known = backend.state.get(StoredConversation, conversation_id)
    if known is None and backend.dialect.creates_unknown_conversations:
        return new_conversation(backend, request.caller, bot.id, user_id=user_id)
    conversation = conversation_of(backend, request, conversation_id)
    if backend.dialect.one_running_chat and any(
        _current(backend, chat).running for chat in backend.state.owned(StoredChat, conversation_id)
    ):
        raise ApiError(4016)
    return conversation


def _new_chat(
    backend: Backend,
    account: str,
    bot: ScriptedBot,
    conversation: StoredConversation,
    incoming: list[IncomingMessage],
    meta_data: dict[str, str],
    *,
    saved: bool,
) -> StoredChat:
    """Save a new chat and its messages, and count the chat."""
    if backend.dialect.orphaned_context:
        return _new_studio_chat(backend, account, bot, conversation, incoming)
    chat_id = backend.state.new_id(StoredChat, FIRST_CHAT_ID)
    inserted: list[str] = []
    if saved:
        context, question = incoming[:-1], incoming[-1:]
        inserted += [save_incoming(backend, conversation, message).id for message in context]
        inserted += [save_incoming(backend, conversation, message, chat_id, bot.id).id for message in question]
    chat = StoredChat(
        chat_id,
        conversation.id,
        account,
        bot.id,
        conversation.section_id,
        "in_progress",
        backend.now,
        saved=saved,
        meta_data=meta_data,
        inserted=inserted,
    )
    _begin(backend, chat)
    return chat


def _begin(backend: Backend, chat: StoredChat) -> None:
    backend.state.save(chat)
    backend.chats_started += 1
    backend.notify()


def _new_studio_chat(
    backend: Backend,
    account: str,
    bot: ScriptedBot,
    conversation: StoredConversation,
    incoming: list[IncomingMessage],
) -> StoredChat:
    """Save the context at once with a chat that never runs, then the chat with its question, perhaps an empty one."""

    def record(status: str) -> StoredChat:
        chat_id = backend.state.new_id(StoredChat, FIRST_CHAT_ID)
        section_id = conversation.section_id
        return StoredChat(chat_id, conversation.id, account, bot.id, section_id, status, backend.now)

    context, question = split_question(incoming)
    if context:
        orphan, stored_at = record("created"), backend.next_millisecond()
        backend.state.save(orphan)
        for message in context:
            save_incoming(backend, conversation, message, orphan.id, bot.id, stored_at)
    chat = record("in_progress")
    save_incoming(backend, conversation, question, chat.id, bot.id)
    _begin(backend, chat)
    return chat


def _run(backend: Backend, chat: StoredChat, bot: ScriptedBot, turn: Turn, *, stream: bool) -> Reply:
    run = ChatRun(backend, chat, bot, turn)
    run.start()
    if stream:
        return EventReply(run.events())
    return JsonReply(replace(chat, status=backend.dialect.created_status).describe_in_full(backend.dialect))


def chat_of(backend: Backend, request: IncomingRequest, ids: Fields) -> StoredChat:
    """Return a saved chat by both of its ids; 4002 or 4001 if it does not exist or belongs to another account.

    The studio does not compare the conversation of the chat with the other id.
    """
    conversation_id, alone = ids.text("conversation_id"), backend.dialect.finds_chats_first
    chat = backend.state.get(StoredChat, ids.text("chat_id"))
    if chat is None and alone:
        raise ApiError(4001)
    conversation = conversation_of(backend, request, conversation_id, unknown=NIL_POINTER)
    if chat is None or not chat.saved or (chat.conversation_id != conversation.id and not alone):
        raise ApiError(4001)
    return _current(backend, chat)


def _current(backend: Backend, chat: StoredChat) -> StoredChat:
    """Return the chat; a chat that was running when an earlier emulator with this file stopped has failed."""
    if not chat.running or not backend.dialect.fails_lost_chats or backend.runs.get(ChatRun, chat.id) is not None:
        return chat
    return replace(chat, status="failed", error_code=5000, error_msg="the emulator was stopped", ended_at=backend.now)


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    return JsonReply(chat_of(backend, request, request.query).describe_in_full(backend.dialect))


async def messages(backend: Backend, request: IncomingRequest) -> Reply:
    """List the messages of the bot, without the question; verbose messages stand before the last answer.

    The studio lists the question, too, and nothing for an unknown chat.
    """
    if backend.dialect.lists_questions:
        return JsonReply([message.describe(backend.dialect) for message in _studio_messages(backend, request)])
    chat = chat_of(backend, request, request.query)
    found = _verbose_first([each for each in _messages_of(backend, chat) if each.id not in chat.inserted])
    return JsonReply([message.describe(backend.dialect) for message in found])


def _messages_of(backend: Backend, chat: StoredChat) -> list[StoredMessage]:
    found = backend.state.owned(StoredMessage, chat.conversation_id)
    return [message for message in found if message.chat_id == chat.id]


def _studio_messages(backend: Backend, request: IncomingRequest) -> list[StoredMessage]:
    conversation_id, chat_id = request.query.text("conversation_id"), request.query.text("chat_id")
    conversation_of(backend, request, conversation_id, unknown=NIL_POINTER)
    chat = backend.state.get(StoredChat, chat_id)
    return sorted(_messages_of(backend, chat), key=lambda each: each.stored_at) if chat else []


def _verbose_first(messages: list[StoredMessage]) -> list[StoredMessage]:
    last = next((m for m in reversed(messages) if m.type == "answer"), None)
    moved = [m for m in messages if last is not None and m.type == "verbose" and m.id > last.id]
    kept = [m for m in messages if m not in moved]
    place = kept.index(last) if last is not None else 0
    return kept[:place] + moved + kept[place:]


async def cancel(backend: Backend, request: IncomingRequest) -> Reply:
    if backend.dialect.finds_chats_first:
        _check_match(backend, request.body)
    chat = chat_of(backend, request, request.body)
    if not chat.running:
        raise ApiError(4104)
    chat = replace(chat, status=backend.dialect.canceled_status, ended_at=backend.now)
    backend.state.save(chat)
    backend.notify()
    return JsonReply(chat.describe_in_full(backend.dialect))


def _check_match(backend: Backend, ids: Fields) -> None:
    chat = backend.state.get(StoredChat, ids.text("chat_id"))
    if chat is not None and chat.conversation_id != ids.text("conversation_id"):
        raise ApiError(4001, studio=GoError(103000001, "unauthorized access : conversation not match"))


async def submit_tool_outputs(backend: Backend, request: IncomingRequest) -> Reply:
    chat, run = _waiting_run(backend, request)
    stream = request.body.flag("stream", default=False)
    outputs: dict[str, str] = {}
    for item in request.body.objects("tool_outputs"):
        outputs[item.text("tool_call_id")] = item.optional("output") or ""
    if outputs.keys() != {call["id"] for call in chat.open_calls}:
        raise ApiError(4000, "tool_outputs must answer each open tool call once, and nothing else")
    calls = [{**call, "output": outputs[call["id"]]} if call["id"] in outputs else call for call in chat.calls]
    chat = replace(chat, status="in_progress", calls=calls)
    backend.state.save(chat)
    return _run(backend, chat, run.bot, run.turn, stream=stream)


def _waiting_run(backend: Backend, request: IncomingRequest) -> tuple[StoredChat, ChatRun]:
    chat = backend.state.get(StoredChat, request.query.text("chat_id"))
    if chat is not None and not chat.saved and chat.account == request.account:
        raise ApiError(5000, "tool outputs need a chat with auto_save_history")
    chat = chat_of(backend, request, request.query)
    if chat.status != "requires_action":
        raise ApiError(4000, f"the chat does not wait for tool outputs, its status is {chat.status}")
    run = backend.runs.get(ChatRun, chat.id)
    if run is None:
        raise ApiError(5000, "the chat started before the emulator was restarted")
    return chat, run


ENDPOINTS = (
    Endpoint("POST", "/v3/chat", ("chat",), create),
    Endpoint("GET", "/v3/chat/retrieve", ("getChat",), retrieve),
    Endpoint("POST", "/v3/chat/retrieve", ("getChat",), retrieve),
    Endpoint("GET", "/v3/chat/message/list", ("chat", "listMessage"), messages),
    Endpoint("POST", "/v3/chat/cancel", ("cancelChat",), cancel),
    Endpoint("POST", "/v3/chat/submit_tool_outputs", ("submitToolChat",), submit_tool_outputs),
)
