"""The errors of a chat: it failed, or it runs in another conversation than the one that was named."""

from __future__ import annotations

import warnings
from typing import NamedTuple

from coze_client.api.chats.values import Chat, LastError
from coze_client.core.error_codes import error_for, tell_failure
from coze_client.core.model import parse_json
from coze_client.core.response import parse_code
from coze_client.errors import APIError, CozeError, ProtocolError, ServerError, revive

_FAILED = "The bot failed to answer"
_NO_ERROR_TEXT = "The server reported an error without a message"
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


def chat_failed(chat: Chat, known: Chat | None, text: str, logid: str | None) -> ChatFailed:
    """The error of a chat that failed, with the code and cure of its ``last_error``.

    `known`: the chat before it failed. `text`: its answer until then.
    """
    extra = chat.model_extra or {}  # some failures send a bare {code, msg} in place of a chat
    last = chat.last_error if chat.last_error and chat.last_error.code else None
    code = parse_code(last.code if last else extra.get("code"))
    message = (last.msg if last else str(extra.get("msg") or "")) or _FAILED
    if known is not None and not chat.id:
        chat = known.model_copy(update={"status": "failed", "last_error": LastError(code=code, msg=message)})
    failed = ChatFailed(_FAILED, chat=chat, text=text, logid=logid)
    tell_failure(failed, code, message)
    return failed


def read_error(data: bytes, logid: str | None) -> APIError:
    """Read the error event of a stream: JSON, or plain text; an unknown code means that the run failed."""
    try:
        body = parse_json(data)
    except ProtocolError:
        body = data.decode("utf-8", "replace").strip()
    if not isinstance(body, dict):
        body = {"msg": str(body or "")}
    code = parse_code(body.get("code", body.get("error_code")))
    error = error_for(code, str(body.get("msg") or body.get("error_message") or _NO_ERROR_TEXT), logid=logid)
    if type(error) is APIError:  # it was not refused
        error = revive(ServerError, error.args, vars(error))
    error.debug_url = str(body.get("debug_url") or "")
    return error
