"""Conversations: the server's memory of a dialogue.

API pages: create_conversation, list_conversations, retrieve_conversation, edit_conversation, delete_conversation,
clear_conversation_context.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Literal

from coze_client.api.conversations.values import Conversation, MessageLike, Section, convert_to_wire
from coze_client.core.model import Model, convert
from coze_client.core.paging import Page, Pages, by_number, check_page_size
from coze_client.core.request import HARMLESS, Kind, Request, Unanswered, fields, query, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, paged
from coze_client.core.response import Payload, RawResponse, read_envelope, read_nothing

if TYPE_CHECKING:
    from coze_client.api.conversations.messages import Messages

_LARGEST_PAGE = 50
_CONVERSATION = Payload(Conversation, needed="id")


class _ConversationPage(Model):
    conversations: tuple[Conversation, ...] = ()
    has_more: bool = False


def _read_page(response: RawResponse) -> Page[Conversation]:
    found = convert(_ConversationPage, Payload(_ConversationPage).extract(read_envelope(response)))
    return Page(found.conversations, found.has_more)


class Conversations(Resource[ConcurrencyT]):
    """``client.conversations``: create, list, rename, clear and delete the conversations of this account."""

    @cached_property
    def messages(self) -> Messages[ConcurrencyT]:
        """``client.conversations.messages``: the messages that conversations hold."""
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
        """Create a conversation, empty or with `messages` in it.

        `bot_id`: without it, ``list`` does not find the conversation. `name`: at most 100 characters. `meta_data`: at
        most 16 pairs. `connector_id`: "1024" (API, default) or "999" (Chat SDK). coze-studio ignores `messages` and
        `name`. API page: create_conversation.
        """
        sent = [convert_to_wire(message) for message in messages] if messages is not None else None
        body = fields(bot_id=bot_id, name=name, messages=sent, meta_data=meta_data, connector_id=connector_id)
        return Request(
            "POST",
            "/v1/conversation/create",
            _CONVERSATION,
            body=body,
            kind=Kind.START,
            unanswered=Unanswered(
                "client.conversations.list shows the conversations of a bot; an empty one does no harm"
            ),
        )

    @paged
    def list(
        self,
        *,
        bot_id: str,
        sort_order: Literal["ASC", "DESC"] = "DESC",
        connector_id: str | None = None,
        page_size: int = _LARGEST_PAGE,
    ) -> Pages[Conversation]:
        """List the conversations that were created with `bot_id`, newest first; pages of 1 to 50 (default 50).

        `sort_order`: "ASC" is oldest first. `connector_id`: default "1024" (API). API page: list_conversations.
        """
        check_page_size(page_size, _LARGEST_PAGE)

        def page(number: str | None) -> Request[Page[Conversation]]:
            params = query(
                bot_id=bot_id,
                page_num=number or "1",
                page_size=page_size,
                sort_order=sort_order,
                connector_id=connector_id,
            )
            return Request("GET", "/v1/conversations", _read_page, params)

        return Pages(page, by_number, attrgetter("id"))

    @call
    def retrieve(self, *, conversation_id: str) -> Request[Conversation]:
        """Retrieve one conversation of this account.

        API page: retrieve_conversation.
        """
        return Request("GET", "/v1/conversation/retrieve", _CONVERSATION, query(conversation_id=conversation_id))

    @call
    def update(self, *, conversation_id: str, name: str) -> Request[Conversation]:
        """Rename a conversation; a name has at most 100 characters.

        API page: edit_conversation.
        """
        return Request("PUT", _path(conversation_id), _CONVERSATION, body=fields(name=name))

    @call
    def delete(self, *, conversation_id: str) -> Request[None]:
        """Delete a conversation and its messages permanently; a coze-studio only leaves it out of ``list``.

        API page: delete_conversation.
        """
        return Request("DELETE", _path(conversation_id), read_nothing, kind=Kind.START, unanswered=HARMLESS)

    @call
    def clear(self, *, conversation_id: str) -> Request[Section]:
        """Start a new section: the bot ignores the earlier messages, which ``messages.list`` still returns.

        API page: clear_conversation_context.
        """
        return Request(
            "POST",
            f"{_path(conversation_id)}/clear",
            Payload(Section, needed="id"),
            kind=Kind.START,
            unanswered=HARMLESS,
        )


def _path(conversation_id: str) -> str:
    return f"/v1/conversations/{segment(conversation_id)}"
