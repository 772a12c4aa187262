"""A turn as it is answered: what each event adds, and the facts at the end; the same for every framework."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.chats.events import DELTA, ChatEvent
from coze_client.api.chats.stream import AsyncChatStream, ChatStream
from coze_client.api.chats.values import Chat, ToolCall, Usage
from coze_client.api.conversations.values import Message
from coze_client.bridge.chat.drafts import attach
from coze_client.bridge.chat.parts import Part, PartCollector
from coze_client.bridge.chat.stop_sequences import StopFilter
from coze_client.bridge.chat.turn import PlannedChat
from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.core.concurrency import Blocking
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError

Piece = tuple[str, str, Sequence[Part]]
"""What an event adds: to the text, to the thoughts, and beside them. A plain tuple, since there are so many."""

Ended = ChatStream | AsyncChatStream
"""A stream that was read to its end, or left at a stop sequence."""


class AnswerBuilder:
    """One turn's answer in the making: ``open`` its stream, ``feed`` each event, ``finish``; then ask what is known.

    ``stopped`` turns true at a stop sequence: nothing more is wanted.
    """

    def __init__(self, turn: PlannedChat) -> None:
        self.turn = turn
        self.stopped = False
        self.chat: Chat | None = None
        self._parts = PartCollector()
        self._cut = StopFilter(turn.stop) if turn.stop else None
        self._origin: dict[str, object] = {}
        self._asked = False  # a chatflow on coze.com says only in a verbose message that it waits for a reply

    def open(self, client: CozeClient) -> ChatStream:
        """The stream that answers, once what goes along with the question is uploaded."""
        messages = Blocking.run(attach(client._session, self.turn.step.drafts))
        return self._asked_with(messages).blocking(client._session)

    async def aopen(self, client: AsyncCozeClient) -> AsyncChatStream:
        """As ``open``, on asyncio."""
        messages = await attach(client._session, self.turn.step.drafts)
        return self._asked_with(messages).asyncio(client._session)

    def _asked_with(self, messages: Sequence[Message]) -> Events[ChatStream, AsyncChatStream]:
        return self.turn.step.ask(messages, self.turn.options)

    def feed(self, event: ChatEvent) -> Piece:
        """What an event adds, often nothing."""
        text = event.delta
        if text and self._cut is not None:
            text = self._cut.feed(text)
            self.stopped = self._cut.reached
        if event.type == DELTA:
            return text, event.reasoning, ()
        self._asked = self._asked or (event.message is not None and event.message.verbose_type == "interrupt")
        return text, event.reasoning, tuple(self._parts.feed(event))

    def finish(self, stream: Ended) -> Piece:
        """What was held back; `stream` is at its end, or was left because the answer is ``stopped``."""
        self.chat = stream.chat
        self._origin = {
            "chat_id": stream.chat_id or "",
            "conversation_id": stream.conversation_id or "",
            "logid": stream.logid or "",
        }
        return self._cut.finish() if self._cut else "", "", tuple(self._parts.rest(stream.chat))

    @property
    def facts(self) -> dict[str, object]:
        """Where the answer came from, as ``Origin.read`` understands it; its log id, bot and follow-up questions."""
        status = "requires_action" if self._asked else self.chat.status if self.chat else ""
        return {
            **self._origin,
            "bot_id": self.turn.options["bot_id"],
            "status": "canceled" if self.stopped else status or "completed",
            "message_ids": self._parts.message_ids,
            "saved": self.turn.options.get("auto_save_history", True),
            "follow_ups": self._parts.follow_ups,
        }

    @property
    def usage(self) -> Usage | None:
        """Token counts, if Coze told any."""
        usage = self.chat.usage if self.chat else None
        return usage if usage and usage.known else None

    @property
    def calls(self) -> list[ToolCall]:
        """The client's calls that the chat waits for; a workflow's question to the user is none.

        Raises ConfigurationError if one of them was not offered.
        """
        asked = self.chat.tool_calls if self.chat else ()
        calls = [call for call in asked if call.function and call.type != "reply_message"]
        names, offered = [call.function.name for call in calls if call.function], self.turn.tools
        if offered is not None and (unknown := [name for name in names if name not in offered]):
            raise ConfigurationError(
                f"The bot called {', '.join(unknown)}, and the tools here are {', '.join(sorted(offered)) or 'none'}",
                cure="Coze runs only tools declared on the bot: give its client plugins and the tools equal names",
            )
        return calls
