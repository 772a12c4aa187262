"""A turn as it is answered: what each event adds, and the facts at the end; the same for every framework."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence

from coze_client.answer import Answer, Part
from coze_client.api.chat_events import DELTA, ChatEvent
from coze_client.api.chat_stream import AsyncChatStream, ChatStream
from coze_client.api.chats import Chat, ToolCall, Usage
from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.errors import ConfigurationError
from coze_client.stop_sequences import Cut
from coze_client.turn import Turn

Piece = tuple[str, str, Sequence[Part]]
"""What an event adds: to the text, to the thoughts, and beside them. A plain tuple, since there are so many."""


class Answering:
    """One turn's answer in the making. Take its pieces on either face; then ask for what else is known."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.chat: Chat | None = None
        self._answer = Answer()
        self._cut = Cut(turn.stop) if turn.stop else None
        self._origin: dict[str, object] = {}

    def pieces(self, client: CozeClient) -> Generator[Piece, None, None]:
        """Starts the chat, or goes on with it, and gives its pieces as they come; leaving early cancels it."""
        turn, feed, cut = self.turn, self.feed, self._cut
        with turn.step.ask(client.chats, client.files.attach(turn.step.drafts), turn.options) as stream:
            for event in stream:
                yield feed(event)
                if cut is not None and cut.reached:
                    break
        yield self.finish(stream)

    async def apieces(self, client: AsyncCozeClient) -> AsyncGenerator[Piece, None]:
        """As ``pieces``, on asyncio; close it (``aclosing``) to be sure that leaving early cancels at once."""
        turn, feed, cut = self.turn, self.feed, self._cut
        async with turn.step.ask(client.chats, await client.files.attach(turn.step.drafts), turn.options) as stream:
            async for event in stream:
                yield feed(event)
                if cut is not None and cut.reached:
                    break
        yield self.finish(stream)

    @property
    def stopped(self) -> bool:
        """True once a stop sequence was reached: nothing more is wanted."""
        return self._cut is not None and self._cut.reached

    def feed(self, event: ChatEvent) -> Piece:
        """What an event adds, often nothing."""
        text = event.delta
        if text and self._cut is not None:
            text = self._cut.feed(text)
        if event.type == DELTA:
            return text, event.reasoning, ()
        return text, event.reasoning, tuple(self._answer.feed(event))

    def finish(self, stream: ChatStream | AsyncChatStream) -> Piece:
        """What was held back, after the last event."""
        self.chat = stream.chat
        self._origin = {
            "chat_id": stream.chat_id or "",
            "conversation_id": stream.conversation_id or "",
            "logid": stream.logid or "",
        }
        return self._cut.finish() if self._cut else "", "", tuple(self._answer.rest(stream.chat))

    @property
    def facts(self) -> dict[str, object]:
        """Where the answer came from, as ``Origin.read`` understands it; its log id, bot and follow-up questions."""
        status = self.chat.status if self.chat else ""
        return {
            **self._origin,
            "bot_id": self.turn.options["bot_id"],
            "status": "canceled" if self.stopped else status or "completed",
            "message_ids": self._answer.message_ids,
            "saved": self.turn.options.get("auto_save_history", True),
            "follow_ups": self._answer.follow_ups,
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
