"""The error of a chat that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coze_client.errors import CozeError

if TYPE_CHECKING:
    from coze_client.api.chats.values import Chat


class ChatFailed(CozeError):
    """The bot began to answer and failed; ``chat`` has the ids and ``last_error``, ``text`` what it said before."""

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
