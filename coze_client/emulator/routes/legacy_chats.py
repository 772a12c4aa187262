"""The route of v2 chats: a flat reply, or a stream whose event names are inside the JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from coze_client.emulator.engine.chat_context import read_turn
from coze_client.emulator.engine.chat_run import FIRST_CHAT_ID, ChatRun
from coze_client.emulator.engine.incoming_messages import IncomingMessage
from coze_client.emulator.protocol.reply import EventReply, JsonReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.protocol.stream import Event
from coze_client.emulator.routes.chats import bot_of
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredChat


async def chat(backend: Backend, request: IncomingRequest) -> Reply:
    body = request.body
    bot, stream = bot_of(backend, request), body.flag("stream", default=False)
    body.text("user")
    conversation_id = body.optional("conversation_id") or ""
    history = [_read_message(fields) for fields in body.objects("chat_history")]
    query = IncomingMessage("user", "question", body.text("query"), "text", {}, body.text("query"), ())
    turn = read_turn(backend, bot, [], [*history, query], body.pairs("custom_variables"))
    chat_id = backend.state.new_id(StoredChat, FIRST_CHAT_ID)
    conversation_id = conversation_id or chat_id
    new_chat = StoredChat(
        chat_id, conversation_id, request.account, bot.id, conversation_id, "in_progress", backend.now, saved=False
    )
    backend.state.save(new_chat)
    backend.chats_started += 1
    run = ChatRun(backend, new_chat, bot, turn)
    run.start()
    events = _convert_events(run.events(), conversation_id)
    return EventReply(events) if stream else await _collect(events, conversation_id)


def _read_message(fields: Fields) -> IncomingMessage:
    role, content = fields.choice("role", ("user", "assistant"), ""), fields.text("content")
    return IncomingMessage(role, fields.optional("type") or "", content, "text", {}, content, ())


async def _convert_events(events: AsyncIterator[Event], conversation_id: str) -> AsyncIterator[Event]:
    """Convert the events of a chat to v2: pieces and messages with an `index`, then done, or an error."""
    converter = _EventConverter(conversation_id)
    async for event in events:
        if isinstance(event.data, dict) and event.name is not None:
            for converted in converter.convert(event.name, event.data):
                yield converted


@dataclass
class _EventConverter:
    """Converts one event after the other; `indexes` has the index of each message id."""

    conversation_id: str
    indexes: dict[object, int] = field(default_factory=dict)

    def convert(self, name: str, data: dict[str, object]) -> list[Event]:
        if name == "conversation.message.delta":
            return [self._message(data, finished=False)] if data["content"] else []
        if name == "conversation.message.completed":
            streamed = data["id"] in self.indexes
            return [self._message({**data, "content": ""} if streamed else data, finished=True)]
        if name == "conversation.chat.failed":
            return [Event(None, {"event": "error", "error_information": data["last_error"]})]
        if name == "conversation.chat.requires_action":
            error = {"code": 5000, "msg": "client plugins need /v3/chat"}
            return [Event(None, {"event": "error", "error_information": error})]
        return [Event(None, {"event": "done"})] if name == "conversation.chat.completed" else []

    def _message(self, data: dict[str, object], *, finished: bool) -> Event:
        index = self.indexes.setdefault(data["id"], len(self.indexes))
        message = {key: data[key] for key in ("role", "type", "content", "content_type")}
        fields = {"event": "message", "message": message, "is_finish": finished, "index": index}
        return Event(None, {**fields, "conversation_id": self.conversation_id})


async def _collect(events: AsyncIterator[Event], conversation_id: str) -> JsonReply:
    messages: dict[int, dict[str, str]] = {}
    async for event in events:
        data = event.data
        if not isinstance(data, dict) or data["event"] == "done":
            continue
        if data["event"] == "error":
            error = data["error_information"]
            return JsonReply(bare=True, beside={"code": error["code"], "msg": error["msg"]})
        message = messages.setdefault(data["index"], {**data["message"], "content": ""})
        message["content"] += data["message"]["content"]
    beside = {"code": 0, "msg": "success", "conversation_id": conversation_id, "messages": list(messages.values())}
    return JsonReply(bare=True, beside=beside)


ENDPOINTS = (Endpoint("POST", "/open_api/v2/chat", ("chat",), chat),)
