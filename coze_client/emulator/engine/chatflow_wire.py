"""How chatflows look on the wire, in either dialect: chat events with differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coze_client.emulator.protocol.dialect import Dialect
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.executions import Execution
from coze_client.emulator.state.records import StoredChat, StoredMessage


@dataclass(frozen=True)
class ChatSpelling:
    """The cloud's: a run that stops to ask says so in a verbose message, and a failure is told by its code as text."""

    dialect: Dialect

    def chat(self, chat: StoredChat, execution: Execution) -> dict[str, object]:
        return _without(chat.wire(self.dialect), ("bot_id",))

    def message(self, message: Mapping[str, object]) -> dict[str, object]:
        return _without(message, ("bot_id",))

    def interrupted(self, chat: StoredChat, execution: Execution, verbose: Iterator[StoredMessage]) -> list[Event]:
        """What follows the question, up to `done`."""
        return [self.verbose(next(verbose), "interrupt"), self.finished(next(verbose), 1)]

    def finished(self, message: StoredMessage, reason: int) -> Event:
        """All answers are given; 1 is the finish reason of a run that waits (examples of page workflow_chat)."""
        return self.verbose(message, "generate_answer_finish", to_json({"finish_reason": reason, "FinData": ""}))

    def verbose(self, message: StoredMessage, msg_type: str, data: str = "") -> Event:
        content = to_json({"msg_type": msg_type, "data": data, "from_module": None, "from_unit": None})
        told = {**message.wire(self.dialect), "content": content}
        return Event("conversation.message.completed", self.message(told))

    def ended(
        self, chat: StoredChat, execution: Execution, verbose: Iterator[StoredMessage], *, silent: bool
    ) -> list[Event]:
        """What follows the last answer, up to `done`; `silent` where there was none."""
        empty = [self.verbose(next(verbose), "empty result", "empty result")] if silent else []
        return [*empty, self.finished(next(verbose), 0), self.completed(chat, execution)]

    def completed(self, chat: StoredChat, execution: Execution) -> Event:
        return Event("conversation.chat.completed", self.chat(chat, execution))

    def failed(self, code: int, msg: str, execution: Execution) -> Event:
        return Event("conversation.chat.failed", {"code": str(code), "msg": msg})

    def numbered(self, event: Event, number: int) -> Event:
        return event


class StudioChatSpelling(ChatSpelling):
    """coze-studio's, read from its source."""

    def chat(self, chat: StoredChat, execution: Execution) -> dict[str, object]:
        told = _without(super().chat(chat, execution), ("created_at", "last_error"))
        if chat.usage:  # the studio counts the output twice
            told["usage"] = {**chat.usage, "token_count": 2 * chat.usage["output_count"]}
        return {**told, "execute_id": execution.id}

    def interrupted(self, chat: StoredChat, execution: Execution, verbose: Iterator[StoredMessage]) -> list[Event]:
        return [Event("conversation.chat.requires_action", _without(self.chat(chat, execution), ("required_action",)))]

    def ended(
        self, chat: StoredChat, execution: Execution, verbose: Iterator[StoredMessage], *, silent: bool
    ) -> list[Event]:
        return [self.completed(chat, execution)]

    def failed(self, code: int, msg: str, execution: Execution) -> Event:
        return Event("error", {"code": str(code), "msg": msg, "debug_url": execution.debug_url})

    def numbered(self, event: Event, number: int) -> Event:
        return Event(event.name, event.data, number)


def chat_spelling_of(backend: Backend) -> ChatSpelling:
    return (ChatSpelling if backend.dialect.name == "cloud" else StudioChatSpelling)(backend.dialect)


def _without(values: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in keys}
