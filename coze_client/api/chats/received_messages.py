"""The messages of a chat that have arrived: joined from their deltas, completed, and checked against each other.

API page: chat_v3, stream response.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from io import StringIO

from coze_client.api.chats.values import is_answer, join_answers
from coze_client.api.conversations.values import Message

_NO_ANSWERS = frozenset({"", "question", "function_call", "tool_response", "tool_output", "knowledge", "follow_up"})
_ENDS_OF_ANSWERS = frozenset({"generate_answer_finish", "interrupt"})


class LostDelta(ValueError):
    """The deltas of a message are no part of its completed text; ``streamed`` is the answer as it was streamed."""

    def __init__(self, message_id: str, streamed: str) -> None:
        super().__init__(f"the text that streamed contradicts the completed message {message_id}")
        self.streamed = streamed


@dataclass
class MessageBuilder:
    """Builds one message from its deltas, or keeps the completed one; ``first`` is the first delta, for its fields."""

    first: Message
    is_answer: bool
    text: StringIO = field(default_factory=StringIO)
    reasoning: StringIO = field(default_factory=StringIO)
    completed: Message | None = None

    def extend(self, text: str, reasoning: str) -> tuple[str, str]:
        """Append a delta; return the text that it adds to the answer and to the reasoning."""
        if self.completed is not None:
            return "", ""
        self.text.write(text)
        if reasoning:
            self.reasoning.write(reasoning)
        return (text, reasoning) if self.is_answer else ("", "")

    def message(self) -> Message:
        """The message so far."""
        if self.completed is not None:
            return self.completed
        return self.first.model_copy(
            update={"content": self.text.getvalue(), "reasoning_content": self.reasoning.getvalue() or None}
        )

    def remainder(self, whole: Message) -> tuple[str, str] | None:
        """The text and the reasoning of the completed message beyond the deltas; ``None`` if they contradict it."""
        if not is_answer(whole):
            return "", ""
        if not self.is_answer:  # the first delta had no type: none of the text has streamed
            return whole.content, whole.reasoning_content or ""
        text = _remainder(whole.content, self.text.getvalue())
        reasoning = _remainder(whole.reasoning_content, self.reasoning.getvalue()) if whole.reasoning_content else ""
        return None if text is None or reasoning is None else (text, reasoning)


class ReceivedMessages:
    """The messages of a chat received so far, by message id, in order of first appearance."""

    def __init__(self) -> None:
        self._messages: dict[str, MessageBuilder] = {}
        self.last: MessageBuilder | None = None  # the message of the latest delta

    def add_delta(self, message: Message) -> tuple[str, str]:
        """Append a delta; return the text that it adds to the answer and to the reasoning."""
        builder = self.last = self._builder_of(message)
        return builder.extend(message.content, message.reasoning_content or "")

    def add_completed(self, message: Message) -> tuple[str, str]:
        """Store a completed message; return the text that it adds beyond its deltas (mostly none).

        Raises LostDelta if its deltas contradict it; the completed message is stored even so.
        """
        builder = self._builder_of(message)
        if builder.completed is not None:
            return "", ""
        streamed, added = self.text, builder.remainder(message)
        reasoning = builder.reasoning.getvalue()
        if reasoning and not message.reasoning_content:
            message = message.model_copy(update={"reasoning_content": reasoning})
        builder.completed = message
        if added is None:
            raise LostDelta(message.id, streamed)
        return added

    def is_missing(self, message: Message) -> bool:
        """True if a listed message has not arrived completely."""
        builder = self._messages.get(message.id)
        return builder is None or builder.completed is None

    @property
    def are_whole(self) -> bool:
        """True if every message that deltas began has arrived completely."""
        return all(builder.completed is not None for builder in self._messages.values())

    def begun_without(self, listed: Iterable[Message]) -> list[str]:
        """The ids of the messages that deltas began, that were not completed, and that are not `listed`."""
        ids = {message.id for message in listed}
        return [key for key, builder in self._messages.items() if builder.completed is None and key not in ids]

    @property
    def text(self) -> str:
        """The answer so far: the text of all answer messages, joined."""
        return join_answers(self.messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages so far; the last may be incomplete."""
        return tuple(builder.message() for builder in self._messages.values())

    def _builder_of(self, message: Message) -> MessageBuilder:
        builder = self._messages.get(message.id)
        if builder is None:
            builder = self._messages[message.id] = MessageBuilder(message, is_answer(message))
        return builder


def holds_answer(messages: Iterable[Message]) -> bool:
    """True if a completed chat may have these messages: an answer, or the statement that the bot gave none.

    The statement is a verbose message: generate_answer_finish, or interrupt if a workflow asks the user. A message of
    an unknown type may be an answer.
    """
    return any(
        message.verbose_type in _ENDS_OF_ANSWERS if message.type == "verbose" else message.type not in _NO_ANSWERS
        for message in messages
    )


def _remainder(whole: str, part: str) -> str | None:
    """What `whole` has beyond `part`; ``None`` if they contradict each other. Outer white space may differ."""
    for start, text in ((part, whole), (part.lstrip(), whole.lstrip())):
        if text.startswith(start):
            return text[len(start) :]
    return "" if whole.strip() == part.strip() else None
