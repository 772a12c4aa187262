"""Values of the conversation API: conversations, their sections, and messages.

API pages: chat_v3 (EnterMessage, Message object), create_conversation, clear_conversation_context.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from pydantic import AliasChoices, Field

from coze_client.api.files.file_ids import is_file_id
from coze_client.core.json_text import dump_json, load_json
from coze_client.core.model import Model
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.files.values import File


class Conversation(Model):
    """A dialogue that Coze stores; times are unix seconds, ``last_section_id`` is its current section."""

    id: str = ""
    name: str = ""
    meta_data: dict[str, str] | None = None
    created_at: int | None = None
    updated_at: int | None = None
    creator_id: str = Field(default="", validation_alias=AliasChoices("creator_id", "creator_d"))
    connector_id: str = ""
    last_section_id: str = ""


class Section(Model):
    """A part of a conversation that the bot reads; it ignores the messages of earlier sections, which Coze keeps."""

    id: str = ""
    conversation_id: str = ""


AttachmentSource: TypeAlias = "str | File"
"""A public URL (http or https), the id of an uploaded file, or the File that ``files.upload`` returned."""

_SENT = ("role", "type", "content", "content_type", "meta_data", "name")


class Message(Model):
    """A message of a conversation. To send one, use ``Message.user(…)`` and its siblings, or a dict of the same fields.

    ``type``: question, answer, function_call, tool_response (also tool_output), follow_up, verbose, knowledge, or
    another text that the server sends. ``content_type``: text, object_string (JSON text of a list of parts), card,
    audio (base64). Times are unix seconds. Fields that the server omits are "" or ``None``.
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
        """A question of the user; with attachments its content is an object_string.

        Each attachment is a URL, a file id or a File; raises ConfigurationError for anything else.
        """
        attached = [*_parts("image", images), *_parts("file", files), *_parts("audio", audio)]
        meta = dict(meta_data) if meta_data is not None else None
        if not attached:
            return cls(role="user", type="question", content=text, content_type="text", meta_data=meta)
        parts = [*([{"type": "text", "text": text}] if text else []), *attached]
        content = dump_json(parts)
        return cls(role="user", type="question", content=content, content_type="object_string", meta_data=meta)

    @classmethod
    def assistant(cls, text: str, *, meta_data: Mapping[str, str] | None = None) -> Message:
        """An earlier answer of the bot, sent as context."""
        meta = dict(meta_data) if meta_data is not None else None
        return cls(role="assistant", type="answer", content=text, content_type="text", meta_data=meta)

    @classmethod
    def function_call(cls, name: str, arguments: Mapping[str, object]) -> Message:
        """An earlier plugin call of the bot, sent as context; only with ``auto_save_history=False`` (page chat_v3)."""
        content = dump_json({"name": name, "arguments": arguments})
        return cls(role="assistant", type="function_call", content=content, content_type="text")

    @classmethod
    def tool_response(cls, text: str) -> Message:
        """The output of an earlier plugin call, sent as context; only with ``auto_save_history=False``."""
        return cls(role="assistant", type="tool_response", content=text, content_type="text")

    @property
    def decoded(self) -> object:
        """The content parsed as JSON (function_call, verbose, object_string, card …); ``None`` if it is no JSON."""
        try:
            return load_json(self.content)
        except (ValueError, RecursionError):  # RecursionError: nested too deeply
            return None

    @property
    def verbose_type(self) -> str:
        """``msg_type`` of a verbose message, such as generate_answer_finish or knowledge_recall; "" for others."""
        decoded = self.decoded if self.type == "verbose" else None
        return str(decoded.get("msg_type") or "") if isinstance(decoded, dict) else ""


MessageLike = Message | Mapping[str, object]


def convert_to_wire(message: MessageLike) -> dict[str, object]:
    """Convert a message to the JSON that the API accepts, without unset fields."""
    if isinstance(message, Message):
        return {
            name: value
            for name in _SENT
            if (value := getattr(message, name, None)) not in (None, "") or name == "content"
        }
    if not isinstance(message, Mapping):
        raise ConfigurationError(
            f"A message must be a Message, such as Message.user(…), or a dict, not {type(message).__name__}"
        )
    wire = {name: value for name, value in message.items() if value is not None}
    if wire.get("role") == "assistant":
        wire.setdefault("type", "answer")  # without a type, Coze treats it as a question
    if isinstance(content := wire.get("content"), (list, tuple)):
        wire |= {"content": dump_json(content), "content_type": "object_string"}
    wire.setdefault("content_type", "text")
    return wire


def _parts(kind: str, attachments: Iterable[AttachmentSource]) -> list[dict[str, str]]:
    if isinstance(attachments, (str, Model)):
        raise ConfigurationError(f"Attachments must be a list, even a single one: [{attachments!r}]")
    return [{"type": kind, **_source(attachment)} for attachment in attachments]


def _source(attachment: AttachmentSource) -> dict[str, str]:
    if isinstance(attachment, Model):
        return {"file_id": attachment.id}
    given: object = attachment
    text = given.strip() if isinstance(given, str) else given
    if isinstance(text, str) and text.lower().startswith(("http://", "https://")):
        return {"file_url": text}
    if isinstance(text, str) and is_file_id(text):
        return {"file_id": text}
    raise ConfigurationError(
        "An attachment must be a public http(s) URL or the id of an uploaded file",
        cure="Upload it first: client.files.upload(…)",
    )
