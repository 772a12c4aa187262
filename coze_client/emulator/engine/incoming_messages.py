"""Validate and save the messages of a request: additional_messages, or the first messages of a conversation."""

from __future__ import annotations

import json
from dataclasses import dataclass

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.scripts import Part
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredConversation, StoredMessage
from coze_client.emulator.state.file_records import uploaded_file

FIRST_MESSAGE_ID = 7480000000000000001
SAVED_TYPES = frozenset({"question", "answer"})
UNSAVED_TYPES = SAVED_TYPES | {"function_call", "tool_output", "tool_response"}
PART_TYPES = frozenset({"text", "image", "file", "audio"})


@dataclass(frozen=True)
class IncomingMessage:
    """One message of a request; `text` and `parts` are its parsed content."""

    role: str
    type: str
    content: str
    content_type: str
    meta_data: dict[str, str]
    text: str
    parts: tuple[Part, ...]

    @property
    def saved_role(self) -> str:
        """The role under which it is saved: that of its type."""
        return {"question": "user", "answer": "assistant"}.get(self.type, self.role)


EMPTY_QUESTION = IncomingMessage("user", "question", "", "", {}, "", ())


def read_incoming(backend: Backend, account: str, items: list[Fields], *, saved: bool = True) -> list[IncomingMessage]:
    """Read the messages of a request; 4004 for more than a hundred, 4000 for an invalid one, 4003 for its meta_data."""
    if len(items) > 100:
        raise ApiError(4004)
    messages = [_read_one(backend, account, fields, UNSAVED_TYPES if not saved else SAVED_TYPES) for fields in items]
    if backend.dialect.strict_messages:
        _check_neighbours(messages)
    return messages


def _read_one(backend: Backend, account: str, fields: Fields, types: frozenset[str]) -> IncomingMessage:
    role = fields.choice("role", ("user", "assistant"), "")
    content = fields.text("content")
    content_type = fields.choice("content_type", ("text", "object_string"), "")
    kind = fields.choice("type", types, "question")
    if (kind == "question") != (role == "user"):
        raise ApiError(4000, f'role {role} cannot have type {kind}; an assistant\'s message has type "answer"')
    text, parts = read_content(backend, account, content, content_type)
    return IncomingMessage(role, kind, content, content_type, fields.meta_data(), text, parts)


def read_content(backend: Backend, account: str, content: str, content_type: str) -> tuple[str, tuple[Part, ...]]:
    """Parse the content of a message into its text and files."""
    if content_type != "object_string":
        return content, ()
    try:
        items = json.loads(content)
        objects = Fields({"content": items}).objects("content")
    except (ValueError, ApiError):
        if backend.dialect.strict_messages:
            raise ApiError(4000, "content of an object_string must be the JSON text of a list of objects") from None
        return "", ()
    texts = [part.text("text") for part in objects if part.choice("type", PART_TYPES, "") == "text"]
    parts = [_read_part(backend, account, part) for part in objects if part.values["type"] != "text"]
    if backend.dialect.strict_messages:
        if len(texts) > 1:
            raise ApiError(4000, "an object_string has at most one text")
        if not parts:
            raise ApiError(4000, "an object_string needs a file or an image; plain text has content_type text")
    return "".join(texts), tuple(part for part in parts if part.kind != "audio" or backend.dialect.audio)


def _read_part(backend: Backend, account: str, part: Fields) -> Part:
    kind, file_id, url = part.text("type"), part.optional("file_id"), part.optional("file_url")
    if url:
        if not url.startswith(("http://", "https://")):
            raise ApiError(4000, "file_url must be a public URL")
        return Part(kind, url)
    file = uploaded_file(backend.state, account, file_id or "")
    if file is None:
        raise ApiError(4000, f"{kind} needs a file_url or the file_id of a file uploaded by the same account")
    return Part(kind, file.file_name)


def _check_neighbours(messages: list[IncomingMessage]) -> None:
    """4000 if a message with only images or files is not next to a text question."""
    plain = [message.role == "user" and not message.parts for message in messages]
    for place, message in enumerate(messages):
        alone = not any(plain[max(place - 1, 0) : place + 2])
        if not message.text and alone and any(part.kind != "audio" for part in message.parts):
            raise ApiError(4000, "a message with only images or files needs a text message directly before or after it")


def save_incoming(
    backend: Backend,
    conversation: StoredConversation,
    message: IncomingMessage,
    chat_id: str = "",
    bot_id: str = "",
    stored_at: int | None = None,
) -> StoredMessage:
    """Save a message in a conversation; `chat_id` and `bot_id` are set for the question of a chat.

    `stored_at` is the same for messages that are saved together.
    """
    saved = StoredMessage(
        backend.state.new_id(StoredMessage, FIRST_MESSAGE_ID),
        conversation.id,
        conversation.section_id,
        message.saved_role,
        message.type,
        message.content,
        message.content_type,
        backend.now,
        backend.now,
        chat_id,
        bot_id,
        meta_data=message.meta_data,
        stored_at=backend.next_millisecond() if stored_at is None else stored_at,
    )
    backend.state.save(saved)
    return saved
