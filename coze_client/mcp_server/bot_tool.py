"""A bot as a tool: a question in, the answer and its conversation out."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from coze_client.api.chats.chat_event import ChatEvent
from coze_client.api.chats.stream import AsyncChatStream
from coze_client.api.chats.values import CANCELED, REQUIRES_ACTION, Chat
from coze_client.api.conversations.values import Message
from coze_client.api.files.attachments import Attachment, Medium
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.chat.answer_parts import AudioPart, CardPart, Part, PartCollector, PluginCall
from coze_client.bridge.chat.client_calls import check_calls_nothing, plugin_names
from coze_client.bridge.tools.tool_outcome import describe_value
from coze_client.client import AsyncCozeClient
from coze_client.errors import CozeError
from coze_client.mcp_server.choice import Chosen
from coze_client.mcp_server.media import media_in, medium_of, sound, without_data
from coze_client.mcp_server.reply import Json, Reply, text_block
from coze_client.mcp_server.tool import CallContext, Tool

_SCHEMA: Json = {
    "type": "object",
    "properties": {
        "question": {"type": "string", "description": "What to ask, with all that is needed to answer it."},
        "conversation_id": {
            "type": "string",
            "description": "The conversation_id of an earlier answer, to go on with that conversation; else a new one.",
        },
        "attachments": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Images, sounds and files: http(s) URLs, data: URLs, or ids of files uploaded to Coze.",
        },
    },
    "required": ["question"],
}
_SIGNATURE = WorkflowSignature(_SCHEMA)
_CURE = "Use a bot without client plugins here: an MCP client gives no outputs to a bot"


def bot_tool(client: AsyncCozeClient, bot: Chosen, title: str, user_id: str) -> Tool:
    """Describe a bot, whose name and description `bot` has by now; `user_id`: the user whose memory it uses."""

    async def call(arguments: Mapping[str, object], context: CallContext) -> Reply:
        given = _SIGNATURE.check(arguments)
        attachments = given.get("attachments")
        message = await _message(
            client, str(given["question"]), attachments if isinstance(attachments, Sequence) else ()
        )
        stream = client.chats.stream(
            bot_id=bot.id,
            user_id=user_id,
            additional_messages=[message],
            conversation_id=str(given.get("conversation_id") or "") or None,
        )
        return await _answer(stream, context)

    return Tool(bot.id, bot.name, title, bot.description, _SCHEMA, call)


async def _message(client: AsyncCozeClient, question: str, given: Sequence[object]) -> Message:
    """The user's message; content of data: URLs is uploaded first. Raises ConfigurationError for what is no file."""
    sources: dict[Medium, list[str]] = {"image": [], "audio": [], "file": []}
    for text in map(str, given):
        attached = Attachment("file", text)
        if text.lower().startswith("data:"):
            attached = Attachment.from_url("file", text)
        source = attached.source
        name = attached.name if isinstance(source, bytes) else text
        file_id = (await client.files.upload(source, name=name)).id if isinstance(source, bytes) else source
        sources[_kind(name)].append(file_id)
    return Message.user(question, images=sources["image"], audio=sources["audio"], files=sources["file"])


def _kind(name: str) -> Medium:
    """The kind of a file by its name or its URL."""
    kind = medium_of(name).partition("/")[0]
    return "image" if kind == "image" else "audio" if kind == "audio" else "file"


async def _answer(stream: AsyncChatStream, context: CallContext) -> Reply:
    """Read a chat to its end; a chat that is left before, since the call is cancelled, is cancelled too."""
    collector, parts = PartCollector(), list[Part]()
    async with stream:
        async for event in stream:
            found = list(collector.feed(event))
            _report(event, found, context)
            parts += found
    chat = stream.chat or Chat()
    parts += collector.rest(chat)
    _check(chat)
    return _reply(stream, chat, parts, collector.follow_ups)


def _report(event: ChatEvent, parts: Sequence[Part], context: CallContext) -> None:
    context.report("answer", event.delta)
    for part in parts:
        if isinstance(part, PluginCall):
            context.report(part.id, f"The bot calls {part.name}.")


def _check(chat: Chat) -> None:
    """Raise the error of a chat that has no whole answer."""
    ids = {"chat_id": chat.id, "conversation_id": chat.conversation_id}
    if chat.status in CANCELED:
        error = CozeError("The chat was cancelled before the bot had answered")
        error.chat_id, error.conversation_id = chat.id, chat.conversation_id
        raise error
    check_calls_nothing(plugin_names(chat), ids, taken="an answer", cure=_CURE)


def _reply(stream: AsyncChatStream, chat: Chat, parts: Sequence[Part], follow_ups: Sequence[str]) -> Reply:
    pcm = b"".join(base64.b64decode(part.data) for part in parts if isinstance(part, AudioPart))
    cards = [part.content for part in parts if isinstance(part, CardPart)]
    conversation_id, asks = stream.conversation_id or "", chat.status in REQUIRES_ACTION
    blocks = [
        *([text_block(without_data(stream.text))] if stream.text else []),
        *(text_block(without_data(describe_value(card))) for card in cards),
        *media_in([stream.text, *cards]),
        *([sound(pcm)] if pcm else []),
        text_block(_how_to_go_on(conversation_id, asks=asks)),
    ]
    usage = chat.usage.model_dump(exclude_none=True) if chat.usage else {}
    facts = {"answer": stream.text, "conversation_id": conversation_id, "chat_id": stream.chat_id or ""}
    more = {"follow_ups": list(follow_ups), "usage": usage, "status": "question" if asks else ""}
    return Reply(blocks, {**facts, **{name: value for name, value in more.items() if value}})


def _how_to_go_on(conversation_id: str, *, asks: bool) -> str:
    if asks:
        return f"The bot waits for an answer of the user: ask, then call again with conversation_id={conversation_id!r}"
    return f"conversation_id: {conversation_id}"
