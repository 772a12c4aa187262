"""Messages that a caller enters (additional_messages, a conversation's first messages), judged by the API's rules."""

from __future__ import annotations

import json
from dataclasses import dataclass

from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.scripts import Part
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.records import StoredConversation, StoredFile, StoredMessage

FIRST_MESSAGE_ID = 7480000000000000001
SAVED_TYPES = frozenset({"question", "answer"})
UNSAVED_TYPES = SAVED_TYPES | {"function_call", "tool_output", "tool_response"}
PART_TYPES = frozenset({"text", "image", "file", "audio"})


@dataclass(frozen=True)
class IncomingMessage:
    """One message as it was entered; `text` and `parts` are what its content says."""

    role: str
    type: str
    content: str
    content_type: str
    meta_data: dict[str, str]
    text: str
    parts: tuple[Part, ...]


def read_incoming(backend: Backend, account: str, items: list[Fields], *, saved: bool = True) -> list[IncomingMessage]:
    """The messages of a request; 4004 beyond a hundred, 4000 where one breaks a rule, 4003 for its meta_data."""
    if len(items) > 100:
        raise Refusal(4004)
    entered = [_read_one(backend, account, fields, UNSAVED_TYPES if not saved else SAVED_TYPES) for fields in items]
    if backend.dialect.strict_messages:
        _check_neighbours(entered)
    return entered


def _read_one(backend: Backend, account: str, fields: Fields, types: frozenset[str]) -> IncomingMessage:
    role = fields.choice("role", ("user", "assistant"), "")
    content = fields.text("content")
    content_type = fields.choice("content_type", ("text", "object_string"), "")
    kind = fields.choice("type", types, "question")
    if (kind == "question") != (role == "user"):
        raise Refusal(4000, f'role {role} cannot have type {kind}; an assistant\'s message has type "answer"')
    text, parts = read_content(backend, account, content, content_type)
    return IncomingMessage(role, kind, content, content_type, fields.meta_data(), text, parts)


def read_content(backend: Backend, account: str, content: str, content_type: str) -> tuple[str, tuple[Part, ...]]:
    """Text and files of a message's content."""
    if content_type != "object_string":
        return content, ()
    try:
        items = json.loads(content)
        objects = Fields({"content": items}).objects("content")
    except (ValueError, Refusal):
        if backend.dialect.strict_messages:
            raise Refusal(4000, "content of an object_string must be the JSON text of a list of objects") from None
        return "", ()
    texts = [part.text("text") for part in objects if part.choice("type", PART_TYPES, "") == "text"]
    parts = [_read_part(backend, account, part) for part in objects if part.values["type"] != "text"]
    if backend.dialect.strict_messages:
        if len(texts) > 1:
            raise Refusal(4000, "an object_string has at most one text")
        if not parts:
            raise Refusal(4000, "an object_string needs a file or an image; plain text has content_type text")
    return "".join(texts), tuple(part for part in parts if part.kind != "audio" or backend.dialect.audio)


def _read_part(backend: Backend, account: str, part: Fields) -> Part:
    kind, file_id, url = part.text("type"), part.optional("file_id"), part.optional("file_url")
    if url:
        if not url.startswith(("http://", "https://")):
            raise Refusal(4000, "file_url must be a public URL")
        return Part(kind, url)
    file = backend.state.get(StoredFile, file_id) if file_id else None
    if file is None or file.account != account:
        raise Refusal(4000, f"{kind} needs a file_url or the file_id of a file uploaded by the same account")
    return Part(kind, file.file_name)


def _check_neighbours(entered: list[IncomingMessage]) -> None:
    """A message of nothing but images or files must stand beside a plain question."""
    plain = [message.role == "user" and not message.parts for message in entered]
    for place, message in enumerate(entered):
        lonely = not any(plain[max(place - 1, 0) : place + 2])
        if not message.text and lonely and any(part.kind != "audio" for part in message.parts):
            raise Refusal(4000, "a message with only images or files needs a text message directly before or after it")


def save_incoming(
    backend: Backend, conversation: StoredConversation, entered: IncomingMessage, chat_id: str = "", bot_id: str = ""
) -> StoredMessage:
    message = StoredMessage(
        backend.state.new_id(StoredMessage, FIRST_MESSAGE_ID),
        conversation.id,
        conversation.section_id,
        entered.role,
        entered.type,
        entered.content,
        entered.content_type,
        backend.now,
        backend.now,
        chat_id,
        bot_id,
        meta_data=entered.meta_data,
    )
    backend.state.save(message)
    return message
