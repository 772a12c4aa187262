"""Messages that a conversation holds: questions, answers, and messages added by hand.

API pages: create_message, list_message, retrieve_message, modify_message, delete_message, message_feedback,
delete_message_feedback.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Literal, TypeVar

from coze_client.api.conversations.values import Message
from coze_client.core.model import convert
from coze_client.core.paging import Page, Pages
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, check_changes, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_envelope, read_nothing
from coze_client.errors import ConfigurationError

T = TypeVar("T")

DAYS_KEPT = 180
"""How long Coze keeps a message."""
_LARGEST_PAGE = 50
_MESSAGE = Payload(Message, needed="id")
_MODIFIED = Payload(Message, "message", needed="id")


def _read_page(response: RawResponse) -> Page[Message]:
    envelope = read_envelope(response)
    found = convert(builtins.list[Message], Payload(builtins.list[Message]).extract(envelope))
    last = envelope.get("last_id") or "0"
    cursor = str(last) if last != "0" or not found else found[-1].id
    return Page(tuple(found), bool(envelope.get("has_more")), cursor=None if cursor == "0" else cursor)


class Messages(Resource[ConcurrencyT]):
    """``client.conversations.messages``: the messages of conversations, which Coze keeps for 180 days."""

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
        """Add a message to a conversation without starting a chat.

        `content_type`: object_string is JSON text of a list of parts. `meta_data`: at most 16 pairs. Not available on
        coze-studio. API page: create_message.
        """
        body = fields(role=role, content=content, content_type=content_type, meta_data=meta_data)
        return _post(
            "create",
            _MESSAGE,
            query(conversation_id=conversation_id),
            body,
            Kind.START,
            Unanswered("client.conversations.messages.list shows whether the message was added"),
        )

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
        """List the questions, answers and added messages of a conversation, newest first.

        `order`: "asc" is oldest first; coze-studio ignores it. `chat_id`: only messages of this chat. `before_id`
        or `after_id`: only messages before or after this one; raises ConfigurationError for both, because their
        combination is not documented. `limit`: the page size, 1 to 50 (default 50). `include_middle_message` adds
        plugin calls and their outputs.

        A coze-studio pages by time: at the end of a page it loses the other messages of the same millisecond, such as
        those that were sent together with a chat as context. A `limit` above their number avoids most of it. API page:
        list_message.
        """
        if not 1 <= limit <= _LARGEST_PAGE:
            raise ConfigurationError(f"limit must be 1 to {_LARGEST_PAGE}, not {limit}")
        if before_id and after_id:
            raise ConfigurationError("Give before_id or after_id, not both")
        fixed = fields(order=order, chat_id=chat_id, limit=limit, include_middle_message=include_middle_message)
        backward = bool(before_id)

        def page(position: str | None) -> Request[Page[Message]]:
            cursor = fields(before_id=position or before_id) if backward else fields(after_id=position or after_id)
            return _post("list", _read_page, query(conversation_id=conversation_id), {**fixed, **cursor}, Kind.READ)

        def next_cursor(_: str | None, page: Page[Message]) -> str | None:
            if not page.has_more:
                return None
            return page.items[0].id if backward else page.cursor

        return Pages(page, next_cursor, attrgetter("id"))

    @call
    def retrieve(self, *, conversation_id: str, message_id: str) -> Request[Message]:
        """Retrieve one message of a conversation; not available on coze-studio.

        API page: retrieve_message.
        """
        return Request("GET", "/v1/conversation/message/retrieve", _MESSAGE, _ids(conversation_id, message_id))

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
        """Change the content or the meta data of a message; not available on coze-studio.

        `content_type` describes `content`, default text. Raises ConfigurationError if neither is given. API page:
        modify_message.
        """
        check_changes(content=content, meta_data=meta_data)
        kind = content_type or ("text" if content is not None else None)
        body = fields(content=content, content_type=kind, meta_data=meta_data)
        return _post("modify", _MODIFIED, _ids(conversation_id, message_id), body, Kind.READ)

    @call
    def delete(self, *, conversation_id: str, message_id: str) -> Request[Message]:
        """Delete a question or an answer, with its plugin calls and their outputs; returns the deleted message.

        Not available on coze-studio. API page: delete_message.
        """
        ids = (("id", message_id), ("conversation_id", conversation_id))  # the response may have no message
        read = Payload(Message, known=ids)
        return _post("delete", read, _ids(conversation_id, message_id), None, Kind.START, HARMLESS)

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
        """Rate an answer; a later rating replaces it. Not available on coze-studio.

        `reason_types`: at most 10, of 30 characters. `comment`: at most 250 characters. API page: message_feedback.
        """
        reasons = builtins.list(reason_types) if reason_types is not None else None
        body = fields(feedback_type=feedback_type, reason_types=reasons, comment=comment)
        return Request("POST", _feedback(conversation_id, message_id), read_nothing, body=body)

    @call
    def delete_feedback(self, *, conversation_id: str, message_id: str) -> Request[None]:
        """Remove the rating of an answer; not available on coze-studio.

        API page: delete_message_feedback.
        """
        return Request("DELETE", _feedback(conversation_id, message_id), read_nothing)


def _post(
    verb: str,
    read: Callable[[RawResponse], T],
    ids: Mapping[str, str],
    body: Mapping[str, object] | None,
    kind: Kind,
    unanswered: Unanswered = Unanswered(),  # noqa: B008 - frozen
) -> Request[T]:
    return Request("POST", f"/v1/conversation/message/{verb}", read, ids, body, kind, unanswered=unanswered)


def _ids(conversation_id: str, message_id: str) -> dict[str, str]:
    return query(conversation_id=conversation_id, message_id=message_id)


def _feedback(conversation_id: str, message_id: str) -> str:
    return f"/v1/conversations/{segment(conversation_id)}/messages/{segment(message_id)}/feedback"
