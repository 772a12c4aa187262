"""The errors of a chat: it failed, or it runs in another conversation than the one that was named."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from coze_client.errors import CozeError

if TYPE_CHECKING:
    from coze_client.api.chats.values import Chat

_NO_ANSWER_CURE = "The bot's model or a tool may have failed: read the server's log, or the trace of the chat in Coze"


class ChatFailed(CozeError):
    """The chat started, and the bot then failed, or the chat ended without an answer.

    ``chat`` holds the ids and ``last_error``; ``text`` is the answer up to the failure.
    """

    def __init__(
        self,
        message: str,
        *,
        code: int | str | None = None,
        chat: Chat | None = None,
        text: str = "",
        logid: str | None = None,
        cure: str = "",
    ) -> None:
        super().__init__(message, code=code, logid=logid, cure=cure)
        self.chat = chat
        self.text = text
        if chat is not None:
            self.chat_id, self.conversation_id = chat.id or None, chat.conversation_id or None


class ConversationMismatch(CozeError):
    """The chat runs in another conversation than the one that was named, so the bot does not know what was said.

    ``expected``: the conversation that was named; ``conversation_id``: the one in which the chat runs. The chat is
    cancelled. coze-studio starts a new conversation for an id that it does not know.
    """

    def __init__(self, message: str, *, expected: str = "", cure: str = "") -> None:
        super().__init__(message, cure=cure)
        self.expected = expected


class ExpectedConversation(NamedTuple):
    """The conversation that a call named, and whether its chat may run in a new one instead."""

    id: str
    accept_new: bool = False

    @classmethod
    def of(cls, conversation_id: str | None, *, accept_new: bool) -> ExpectedConversation | None:
        """The expectation of a call; ``None`` if it names no conversation."""
        return cls(conversation_id, accept_new) if conversation_id else None

    def check(self, chat_id: str | None, found: str) -> None:
        """Raise ConversationMismatch if the chat runs in another conversation; with ``accept_new``, warn instead."""
        if found == self.id:
            return
        message = f"The chat runs in conversation {found}, not in {self.id}: the bot does not know what was said there"
        if self.accept_new:
            warnings.warn(message, stacklevel=2)
            return
        cure = "Check the id and the server; create conversations with client.conversations.create()"
        error = ConversationMismatch(
            message, expected=self.id, cure=f"{cure}, or pass accept_new_conversation=True to go on without memory"
        )
        error.chat_id, error.conversation_id = chat_id, found
        raise error


def no_answer(chat: Chat | None, text: str = "", logid: str | None = None) -> ChatFailed:
    """The error of a chat that is completed but has no answer: coze-studio leaves this when the model fails."""
    return ChatFailed(
        "The chat ended as completed, but without an answer", chat=chat, text=text, logid=logid, cure=_NO_ANSWER_CURE
    )
