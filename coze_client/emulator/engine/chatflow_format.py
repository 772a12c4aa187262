"""The events of chatflows in both dialects; they are chat events with differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coze_client.emulator.protocol.dialect import Dialect
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredChat, StoredMessage
from coze_client.emulator.state.execution_records import StoredExecution


@dataclass(frozen=True)
class ChatflowFormat:
    """The format of the cloud: a verbose message reports a question; a failure has its code as a string."""

    dialect: Dialect

    def chat(self, chat: StoredChat, execution: StoredExecution) -> dict[str, object]:
        """Return the JSON of the chat in events."""
        return _without(chat.describe(self.dialect), ("bot_id",))

    def message(self, message: Mapping[str, object]) -> dict[str, object]:
        """Return the JSON of a message in events."""
        return _without(message, ("bot_id",))

    def interrupted(
        self, chat: StoredChat, execution: StoredExecution, verbose: Iterator[StoredMessage]
    ) -> list[Event]:
        """Return the events between the question and `done`."""
        return [self.verbose(next(verbose), "interrupt"), self.finished(next(verbose), 1)]

    def finished(self, message: StoredMessage, reason: int) -> Event:
        """Return the event after the last answer; reason 1: the run waits (examples of page workflow_chat)."""
        return self.verbose(message, "generate_answer_finish", to_json({"finish_reason": reason, "FinData": ""}))

    def verbose(self, message: StoredMessage, msg_type: str, data: str = "") -> Event:
        """Return the event of a verbose message."""
        content = to_json({"msg_type": msg_type, "data": data, "from_module": None, "from_unit": None})
        described = {**message.describe(self.dialect), "content": content}
        return Event("conversation.message.completed", self.message(described))

    def ended(
        self, chat: StoredChat, execution: StoredExecution, verbose: Iterator[StoredMessage], *, silent: bool
    ) -> list[Event]:
        """Return the events between the last answer and `done`; `silent` if there was no answer."""
        empty = [self.verbose(next(verbose), "empty result", "empty result")] if silent else []
        return [*empty, self.finished(next(verbose), 0), self.completed(chat, execution)]

    def completed(self, chat: StoredChat, execution: StoredExecution) -> Event:
        """Return the event of a completed chat."""
        return Event("conversation.chat.completed", self.chat(chat, execution))

    def failed(self, code: int, msg: str, execution: StoredExecution) -> Event:
        """Return the event of a failed chat."""
        return Event("conversation.chat.failed", {"code": str(code), "msg": msg})

    def numbered(self, event: Event, number: int) -> Event:
        """Return the event with its number, if events of this dialect have one."""
        return event


_MESSAGE_FIELDS = (
    "id",
    "chat_id",
    "conversation_id",
    "bot_id",
    "role",
    "type",
    "content",
    "content_type",
    "section_id",
)


class StudioChatflowFormat(ChatflowFormat):
    """The format of coze-studio, read from its source."""

    def chat(self, chat: StoredChat, execution: StoredExecution) -> dict[str, object]:
        head = {"id": chat.id, "conversation_id": chat.conversation_id, "section_id": chat.section_id}
        return {**head, "status": chat.status, "execute_id": execution.id}

    def message(self, message: Mapping[str, object]) -> dict[str, object]:
        return {name: message[name] for name in _MESSAGE_FIELDS}

    def interrupted(
        self, chat: StoredChat, execution: StoredExecution, verbose: Iterator[StoredMessage]
    ) -> list[Event]:
        return [Event("conversation.chat.requires_action", self.chat(chat, execution))]

    def ended(
        self, chat: StoredChat, execution: StoredExecution, verbose: Iterator[StoredMessage], *, silent: bool
    ) -> list[Event]:
        return [self.completed(chat, execution)]

    def completed(self, chat: StoredChat, execution: StoredExecution) -> Event:
        described = {**self.chat(chat, execution), "bot_id": chat.bot_id}
        if chat.usage:  # the studio counts the output twice
            described["usage"] = {**chat.usage, "token_count": 2 * chat.usage["output_count"]}
        return Event("conversation.chat.completed", described)

    def failed(self, code: int, msg: str, execution: StoredExecution) -> Event:
        return Event("error", {"code": str(code), "msg": msg, "debug_url": execution.debug_url})

    def numbered(self, event: Event, number: int) -> Event:
        return Event(event.name, event.data, number)


def chatflow_format_of(backend: Backend) -> ChatflowFormat:
    """Return the format of the backend's dialect."""
    return (ChatflowFormat if backend.dialect.name == "cloud" else StudioChatflowFormat)(backend.dialect)


def _without(values: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in keys}
