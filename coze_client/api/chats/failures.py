"""The error that a failed chat raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coze_client.errors import CozeError

if TYPE_CHECKING:
    from coze_client.api.chats.values import Chat


class ChatFailed(CozeError):
    """The chat started, and the bot then failed.

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
