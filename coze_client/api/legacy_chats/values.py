"""Values of the v2 chat API: a message, and a finished chat."""

from __future__ import annotations

from coze_client.api.chats.values import join_answers
from coze_client.api.conversations.values import Message
from coze_client.core.model import Model


class LegacyMessage(Message):
    """A message of a v2 chat: role, type, content, content type and ``extra_info``; it has no ids or times."""

    extra_info: dict[str, object] | None = None


class LegacyChat(Model):
    """A finished v2 chat: all messages of the bot, with plugin calls and follow-ups, in the server's order."""

    conversation_id: str = ""
    messages: tuple[LegacyMessage, ...] = ()

    @property
    def text(self) -> str:
        """The bot's answer: the text of all answer messages, joined."""
        return join_answers(self.messages)
