"""Read additional_messages as coze-studio does: it refuses unknown roles and types, and skips what it cannot read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from coze_client.emulator.engine.incoming_messages import EMPTY_QUESTION, IncomingMessage
from coze_client.emulator.protocol.api_error import ApiError, GoError
from coze_client.emulator.protocol.request import Fields
from coze_client.emulator.scripts import Part
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.file_records import uploaded_file

_FILES = frozenset({"image", "file"})


def read_studio_messages(backend: Backend, account: str, items: list[Fields]) -> list[IncomingMessage]:
    """Read the messages of a chat; a message without type is a question, also the assistant's."""
    return [message for fields in items for message in _read(backend, account, fields)]


def split_question(messages: list[IncomingMessage]) -> tuple[list[IncomingMessage], IncomingMessage]:
    """Return the context and the question: the last message if its role is user, else an empty question."""
    if messages and messages[-1].role == "user":
        return messages[:-1], messages[-1]
    return messages, EMPTY_QUESTION


def _read(backend: Backend, account: str, fields: Fields) -> Iterator[IncomingMessage]:
    """Yield the message, unless it is skipped: an empty text, or an object_string that is no list."""
    role, kind = fields.optional("role") or "", fields.optional("type") or "question"
    content, content_type = fields.optional("content") or "", fields.optional("content_type") or ""
    if role not in ("user", "assistant"):
        raise _refused("additional message role only support user and assistant")
    if kind not in ("question", "answer"):
        raise _refused("additional message type only support question and answer now")
    if content_type == "object_string":
        if kind == "answer":
            raise _refused(" answer messages only support text content")
        if (parts := _objects(content)) is not None:
            text = "".join(part.optional("text") or "" for part in parts if part.optional("type") == "text")
            files = [_read_file(backend, account, part) for part in parts if part.optional("type") in _FILES]
            yield IncomingMessage(role, kind, content, content_type, {}, text, tuple(files))
    elif content_type != "text":
        yield IncomingMessage(role, kind, "", content_type, {}, "", ())
    elif content:
        yield IncomingMessage(role, kind, content, content_type, {}, content, ())


def _objects(content: str) -> list[Fields] | None:
    """Return the parts of an object_string; None if it is no JSON list of objects."""
    try:
        found: object = json.loads(content)
    except ValueError:
        return None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        return None
    return [Fields(item) for item in cast("list[dict[str, object]]", found)]


def _read_file(backend: Backend, account: str, part: Fields) -> Part:
    kind, url = part.text("type"), part.optional("file_url")
    if url:
        return Part(kind, url)
    file = uploaded_file(backend.state, account, part.optional("file_id") or "")
    if file is None:
        raise _refused("record not found")
    return Part(kind, file.file_name)


def _refused(text: str) -> ApiError:
    return ApiError(4000, text, studio=GoError(None, text))
