"""Values of the conversation API: conversations, their sections, and messages.

API pages: chat v3 (EnterMessage, Message object), create conversation, clear_conversation_context.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TypeAlias, cast

from pydantic import AliasChoices, Field

from coze_client.api.files.values import File
from coze_client.core.model import Model
from coze_client.errors import ConfigurationError


class Conversation(Model):
    """A dialogue that Coze remembers; times are unix seconds, ``last_section_id`` names its present context."""

    id: str = ""
    name: str = ""
    meta_data: dict[str, str] | None = None
    created_at: int | None = None
    updated_at: int | None = None
    creator_id: str = Field(default="", validation_alias=AliasChoices("creator_id", "creator_d"))
    connector_id: str = ""
    last_section_id: str = ""


class Section(Model):
    """A fresh context of a conversation; what was said before it is kept, but no longer read by the bot."""

    id: str = ""
    conversation_id: str = ""


AttachmentSource: TypeAlias = "str | File"
"""A public URL (http or https), the id of an uploaded file, or the File that an upload answered with."""


_SENT = ("role", "type", "content", "content_type", "meta_data", "name")


class Message(Model):
    """One message. To send: built by ``Message.user(…)`` and the like, or a plain dict of the same fields.

    ``type``: question, answer, function_call, tool_response (also tool_output), follow_up, verbose, knowledge, or what
    the server sends. ``content_type``: text, object_string (JSON text of a list of parts), card, audio (base64).
    ``created_at`` and ``updated_at`` are unix seconds. Fields that were not sent are "" or ``None``.
    """

    id: str = ""
    conversation_id: str = ""
    chat_id: str = ""
    bot_id: str = ""
    section_id: str = ""
    role: str = ""
    type: str = ""
    content: str = ""
    content_type: str = ""
    reasoning_content: str | None = None
    meta_data: dict[str, str] | None = None
    created_at: int | None = None
    updated_at: int | None = None

    @classmethod
    def user(
        cls,
        text: str = "",
        *,
        images: Iterable[AttachmentSource] = (),
        files: Iterable[AttachmentSource] = (),
        audio: Iterable[AttachmentSource] = (),
        meta_data: Mapping[str, str] | None = None,
    ) -> Message:
        """A question; with attachments its content becomes an object_string. Each is a URL, a file id or a File."""
        attached = [*_parts("image", images), *_parts("file", files), *_parts("audio", audio)]
        meta = dict(meta_data) if meta_data is not None else None
        if not attached:
            return cls(role="user", type="question", content=text, content_type="text", meta_data=meta)
        parts = [*([{"type": "text", "text": text}] if text else []), *attached]
        content = json.dumps(parts, ensure_ascii=False)
        return cls(role="user", type="question", content=content, content_type="object_string", meta_data=meta)

    @classmethod
    def assistant(cls, text: str, *, meta_data: Mapping[str, str] | None = None) -> Message:
        """An earlier answer of the bot, as context."""
        meta = dict(meta_data) if meta_data is not None else None
        return cls(role="assistant", type="answer", content=text, content_type="text", meta_data=meta)

    @classmethod
    def function_call(cls, name: str, arguments: Mapping[str, object]) -> Message:
        """An earlier plugin call of the bot, as context; only where the history is not saved (API page chat v3)."""
        content = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
        return cls(role="assistant", type="function_call", content=content, content_type="text")

    @classmethod
    def tool_response(cls, text: str) -> Message:
        """What an earlier plugin call answered, as context; only where the history is not saved."""
        return cls(role="assistant", type="tool_response", content=text, content_type="text")

    @property
    def decoded(self) -> object:
        """The content as JSON (function_call, verbose, object_string, card …); ``None`` if it is no JSON."""
        try:
            return cast("object", json.loads(self.content))
        except (ValueError, RecursionError):  # the latter: nested without end
            return None

    @property
    def verbose_type(self) -> str:
        """``msg_type`` of a verbose message, e.g. generate_answer_finish or knowledge_recall; else ""."""
        decoded = self.decoded if self.type == "verbose" else None
        return str(decoded.get("msg_type") or "") if isinstance(decoded, dict) else ""


MessageLike = Message | Mapping[str, object]


def convert_to_wire(message: MessageLike) -> dict[str, object]:
    """What is sent for a message: the fields the API takes, without those that are not set."""
    if isinstance(message, Message):
        return {
            name: value
            for name in _SENT
            if (value := getattr(message, name, None)) not in (None, "") or name == "content"
        }
    if not isinstance(message, Mapping):
        raise ConfigurationError(f"A message is made by Message.user(…) or is a dict, not {type(message).__name__}")
    wire = {name: value for name, value in message.items() if value is not None}
    if wire.get("role") == "assistant":
        wire.setdefault("type", "answer")  # without it Coze takes the message for a question
    if isinstance(content := wire.get("content"), (list, tuple)):
        wire |= {"content": json.dumps(content, ensure_ascii=False), "content_type": "object_string"}
    wire.setdefault("content_type", "text")
    return wire


def _parts(kind: str, attachments: Iterable[AttachmentSource]) -> list[dict[str, str]]:
    if isinstance(attachments, (str, Model)):
        raise ConfigurationError(f"Give attachments as a list, even a single one: [{attachments!r}]")
    return [{"type": kind, **_source(attachment)} for attachment in attachments]


def _source(attachment: AttachmentSource) -> dict[str, str]:
    if isinstance(attachment, Model):
        return {"file_id": attachment.id}
    text = str(attachment)  # a path or bytes are a likely mistake, to be told of below
    if text.lower().startswith(("http://", "https://")):
        return {"file_url": text}
    if text.isdecimal():
        return {"file_id": text}
    raise ConfigurationError(
        "An attachment is a public http(s) URL or the id of an uploaded file",
        cure="Upload it first: client.files.upload(…)",
    )
