"""Values of the v2 chat API: a message, and a chat that ended."""

from __future__ import annotations

from coze_client.api.chats.values import join_answers
from coze_client.api.conversations.values import Message
from coze_client.core.model import Model


class LegacyMessage(Message):
    """A message of a v2 chat: role, type, content, content type and ``extra_info``, but no ids or times."""

    extra_info: dict[str, object] | None = None


class LegacyChat(Model):
    """A v2 chat that ended: all that the bot said, plugin calls and follow-ups included, in the server's order."""

    conversation_id: str = ""
    messages: tuple[LegacyMessage, ...] = ()

    @property
    def text(self) -> str:
        """The bot's answer: the text of its answer messages, one after the other."""
        return join_answers(self.messages)
