"""What a bot does beside its answer, folded to a line each: thoughts, calls of plugins, recalls; pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from coze_client.api.chats.chat_event import MESSAGE_COMPLETED, ChatEvent
from coze_client.api.chats.values import Usage
from coze_client.api.conversations.values import Message
from coze_client.api.recall.slices import is_recall, read_recall

_LONGEST_LINE = 200


class Folded(NamedTuple):
    """A line that stands for a longer text."""

    line: str
    text: str


class FoldedParts:
    """Collects what is folded of one answer, from its events."""

    def __init__(self) -> None:
        self.parts: list[Folded] = []
        self.follow_ups: list[str] = []
        self._thoughts = ""

    @property
    def thinks(self) -> bool:
        """True while thoughts arrive."""
        return bool(self._thoughts)

    def add(self, event: ChatEvent) -> Iterator[Folded]:
        """The parts that an event completes."""
        self._thoughts += event.reasoning
        if event.delta or event.type == MESSAGE_COMPLETED:
            yield from self.end_thoughts()
        if event.type == MESSAGE_COMPLETED and event.message is not None:
            yield from map(self._keep, self._of_message(event.message))

    def end_thoughts(self) -> Iterator[Folded]:
        """The thoughts so far, if there are any."""
        if self._thoughts.strip():
            words = len(self._thoughts.split())
            thoughts, self._thoughts = self._thoughts.strip(), ""
            yield self._keep(Folded(f"thought in {words} word{'' if words == 1 else 's'}", thoughts))

    def _keep(self, part: Folded) -> Folded:
        self.parts.append(part)
        return part

    def _of_message(self, message: Message) -> Iterator[Folded]:
        if message.type == "function_call":
            yield Folded(describe_call(message), message.content)
        elif message.type in ("tool_response", "tool_output"):
            yield Folded(f"response of {len(message.content)} characters", message.content)
        elif is_recall(message):
            yield _of_recall(message)
        elif message.type == "follow_up":
            self.follow_ups.append(message.content)
        elif message.type == "answer" and message.content_type not in ("text", ""):
            yield Folded(f"an answer of the type {message.content_type}", message.content)


def describe_call(message: Message) -> str:
    """The call in a message as ``name(arguments)``."""
    call = message.decoded
    if not isinstance(call, dict) or "name" not in call:
        return _shorten(message.content)
    return _shorten(f"{call['name']}({call.get('arguments', '')})")


def _of_recall(message: Message) -> Folded:
    slices = read_recall(message)
    names = ", ".join(dict.fromkeys(each.document_name for each in slices if each.document_name))
    text = "\n\n".join(f"{each.document_name}: {each.text}" for each in slices)
    count = f"{len(slices)} slice{'' if len(slices) == 1 else 's'}"
    return Folded(_shorten(f"recalled {count}" + (f" of {names}" if names else "")), text)


def _shorten(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_LINE else f"{plain[: _LONGEST_LINE - 1]}…"


def describe_usage(usage: Usage | None) -> str:
    """The tokens of a chat in one line; "" if the server did not tell them."""
    if usage is None or not usage.known:
        return ""
    parts = f"{usage.input_count} in, {usage.output_count} out" if usage.input_count is not None else ""
    total = f"{usage.token_count} tokens" if usage.token_count is not None else ""
    return f"{total} ({parts})" if total and parts else total or parts
