"""Conversations: the server's memory of a dialogue.

API pages: create/list/retrieve/edit/delete conversation, clear_conversation_context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from coze_client.api.conversations.values import Conversation, Section
from coze_client.core.model import Model, convert
from coze_client.core.paging import Page, Pages, by_number
from coze_client.core.request import Kind, Request, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_envelope, read_nothing
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.conversations.messages import Messages
    from coze_client.api.conversations.values import MessageLike

_LARGEST_PAGE = 50


class _ConversationPage(Model):
    conversations: tuple[Conversation, ...] = ()
    has_more: bool = False


def _read_page(response: RawResponse) -> Page[Conversation]:
    found = convert(_ConversationPage, Payload(_ConversationPage).extract(read_envelope(response)))
    return Page(found.conversations, found.has_more)


class Conversations(Resource[ConcurrencyT]):
    """Conversations of this token's account; ``.messages`` are what they hold."""

    @cached_property
    def messages(self) -> Messages[ConcurrencyT]:
        """The messages of conversations."""
        from coze_client.api.conversations.messages import Messages

        return Messages(self._session, self._concurrency)

    @call
    def create(
        self,
        *,
        bot_id: str | None = None,
        name: str | None = None,
        messages: Sequence[MessageLike] | None = None,
        meta_data: Mapping[str, str] | None = None,
        connector_id: str | None = None,
    ) -> Request[Conversation]:
        """Begin a conversation, possibly with `messages` already in it.

        Only one made with `bot_id` is found by ``list``. `name` has 100 characters at most, `meta_data` 16 pairs;
        `connector_id` is "1024" (API, the default) or "999" (Chat SDK). coze-studio ignores `messages` and `name`.
        """
        from coze_client.api.conversations.values import convert_to_wire

        sent = [convert_to_wire(message) for message in messages] if messages is not None else None
        body = fields(bot_id=bot_id, name=name, messages=sent, meta_data=meta_data, connector_id=connector_id)
        return Request("POST", "/v1/conversation/create", Payload(Conversation), body=body, kind=Kind.START)

    @paged
    def list(
        self,
        *,
        bot_id: str,
        sort_order: Literal["ASC", "DESC"] = "DESC",
        connector_id: str | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[Conversation]:
        """Conversations that were made with `bot_id`, newest first unless ``sort_order="ASC"``; pages of 1 to 50."""
        if not 1 <= page_size <= _LARGEST_PAGE:
            raise ConfigurationError(f"page_size is 1 to {_LARGEST_PAGE}, not {page_size}")

        def page(at: str | None) -> Request[Page[Conversation]]:
            params = query(
                bot_id=bot_id, page_num=at or "1", page_size=page_size, sort_order=sort_order, connector_id=connector_id
            )
            return Request("GET", "/v1/conversations", _read_page, params)

        return Pages(page, by_number)

    @call
    def retrieve(self, *, conversation_id: str) -> Request[Conversation]:
        """One conversation of this account."""
        return Request(
            "GET", "/v1/conversation/retrieve", Payload(Conversation), query(conversation_id=conversation_id)
        )

    @call
    def update(self, *, conversation_id: str, name: str) -> Request[Conversation]:
        """Rename a conversation (100 characters at most)."""
        return Request("PUT", _path(conversation_id), Payload(Conversation), body=fields(name=name))

    @call
    def delete(self, *, conversation_id: str) -> Request[None]:
        """Delete a conversation and what it holds, for good."""
        return Request("DELETE", _path(conversation_id), read_nothing, kind=Kind.START)

    @call
    def clear(self, *, conversation_id: str) -> Request[Section]:
        """Let the bot forget what was said so far; the messages stay listable."""
        return Request("POST", f"{_path(conversation_id)}/clear", Payload(Section), kind=Kind.START)


def _path(conversation_id: str) -> str:
    return f"/v1/conversations/{segment(conversation_id)}"
