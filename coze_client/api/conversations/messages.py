"""Messages: what is said in a chat and kept in a conversation.

API pages: chat v3 (EnterMessage, Message object), create/list/retrieve/modify/delete message, message feedback.
"""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast

from coze_client.core.model import Model, convert
from coze_client.core.paging import Page, Pages
from coze_client.core.request import Kind, Request, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_envelope, read_nothing
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.files.values import File

T = TypeVar("T")

Attachment: TypeAlias = "str | File"
"""A public URL (http or https), the id of an uploaded file, or the File that an upload answered with."""

_SENT = ("role", "type", "content", "content_type", "meta_data", "name")
_LARGEST_PAGE = 50


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
        images: Iterable[Attachment] = (),
        files: Iterable[Attachment] = (),
        audio: Iterable[Attachment] = (),
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


def _parts(kind: str, attachments: Iterable[Attachment]) -> builtins.list[dict[str, str]]:
    if isinstance(attachments, (str, Model)):
        raise ConfigurationError(f"Give attachments as a list, even a single one: [{attachments!r}]")
    return [{"type": kind, **_source(attachment)} for attachment in attachments]


def _source(attachment: Attachment) -> dict[str, str]:
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


def _read_page(answer: RawResponse) -> Page[Message]:
    envelope = read_envelope(answer)
    found = convert(builtins.list[Message], Payload(builtins.list[Message]).within(envelope))
    last = envelope.get("last_id") or "0"
    cursor = str(last) if last != "0" or not found else found[-1].id
    return Page(tuple(found), bool(envelope.get("has_more")), cursor=None if cursor == "0" else cursor)


class Messages(Resource[ConcurrencyT]):
    """The messages that a conversation keeps, for 180 days."""

    @call
    def create(
        self,
        *,
        conversation_id: str,
        role: Literal["user", "assistant"],
        content: str,
        content_type: Literal["text", "object_string"] = "text",
        meta_data: Mapping[str, str] | None = None,
    ) -> Request[Message]:
        """Add a message to a conversation without starting a chat."""
        body = fields(role=role, content=content, content_type=content_type, meta_data=meta_data)
        return _post("create", Payload(Message), query(conversation_id=conversation_id), body, Kind.START)

    @paged
    def list(
        self,
        *,
        conversation_id: str,
        order: Literal["asc", "desc"] = "desc",
        chat_id: str | None = None,
        before_id: str | None = None,
        after_id: str | None = None,
        limit: int = _LARGEST_PAGE,
        include_middle_message: bool | None = None,
    ) -> Pages[Message]:
        """Questions, answers and added messages of a conversation, newest first unless ``order="asc"``.

        ``limit`` is the page size, 1 to 50. ``include_middle_message`` adds plugin calls and the like. coze-studio
        ignores ``order``. Give `before_id` or `after_id`, not both: their meaning together is not documented.
        """
        if not 1 <= limit <= _LARGEST_PAGE:
            raise ConfigurationError(f"limit is 1 to {_LARGEST_PAGE}, not {limit}")
        if before_id and after_id:
            raise ConfigurationError("Give before_id or after_id, not both")
        fixed = fields(order=order, chat_id=chat_id, limit=limit, include_middle_message=include_middle_message)
        backward = bool(before_id)

        def page(at: str | None) -> Request[Page[Message]]:
            cursor = fields(before_id=at or before_id) if backward else fields(after_id=at or after_id)
            return _post("list", _read_page, query(conversation_id=conversation_id), {**fixed, **cursor}, Kind.READ)

        def following(_: str | None, page: Page[Message]) -> str | None:
            if not page.has_more:
                return None
            return page.items[0].id if backward else page.cursor

        return Pages(page, following)

    @call
    def retrieve(self, *, conversation_id: str, message_id: str) -> Request[Message]:
        """One message."""
        return Request("GET", "/v1/conversation/message/retrieve", Payload(Message), _ids(conversation_id, message_id))

    @call
    def update(
        self,
        *,
        conversation_id: str,
        message_id: str,
        content: str | None = None,
        content_type: Literal["text", "object_string"] | None = None,
        meta_data: Mapping[str, str] | None = None,
    ) -> Request[Message]:
        """Change a message's content or meta data (API page modify_message; content needs its content_type)."""
        if content is None and meta_data is None:
            raise ConfigurationError("Give content or meta_data: there is nothing to change")
        kind = content_type or ("text" if content is not None else None)
        body = fields(content=content, content_type=kind, meta_data=meta_data)
        return _post("modify", Payload(Message, "message"), _ids(conversation_id, message_id), body, Kind.READ)

    @call
    def delete(self, *, conversation_id: str, message_id: str) -> Request[Message]:
        """Delete a question or answer, and the plugin calls and the like that belong to it."""
        return _post("delete", Payload(Message), _ids(conversation_id, message_id), None, Kind.START)

    @call
    def create_feedback(
        self,
        *,
        conversation_id: str,
        message_id: str,
        feedback_type: Literal["like", "unlike"],
        reason_types: Sequence[str] | None = None,
        comment: str | None = None,
    ) -> Request[None]:
        """Rate an answer; a later rating replaces it. At most 10 reasons of 30 and a comment of 250 characters."""
        reasons = builtins.list(reason_types) if reason_types is not None else None
        body = fields(feedback_type=feedback_type, reason_types=reasons, comment=comment)
        return Request("POST", _feedback(conversation_id, message_id), read_nothing, body=body)

    @call
    def delete_feedback(self, *, conversation_id: str, message_id: str) -> Request[None]:
        """Take a rating back."""
        return Request("DELETE", _feedback(conversation_id, message_id), read_nothing)


def _post(
    verb: str, read: Callable[[RawResponse], T], ids: Mapping[str, str], body: Mapping[str, object] | None, kind: Kind
) -> Request[T]:
    return Request("POST", f"/v1/conversation/message/{verb}", read, ids, body, kind)


def _ids(conversation_id: str, message_id: str) -> dict[str, str]:
    return query(conversation_id=conversation_id, message_id=message_id)


def _feedback(conversation_id: str, message_id: str) -> str:
    return f"/v1/conversations/{segment(conversation_id)}/messages/{segment(message_id)}/feedback"
