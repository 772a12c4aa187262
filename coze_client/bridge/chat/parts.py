"""What a chat says besides words and thoughts, read from its events; pure.

Words and thoughts are ``event.delta`` and ``event.reasoning``. The rest arrives in messages of many kinds, and here
becomes parts that an adapter turns into its framework's: the bot's own plugin calls, recalled knowledge, cards, audio.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from coze_client.api.chats.events import AUDIO_DELTA, MESSAGE_COMPLETED, ChatEvent
from coze_client.api.chats.values import Chat, ToolCall, is_answer
from coze_client.api.conversations.values import Message
from coze_client.api.recall.slices import is_recall, read_recall
from coze_client.api.recall.values import Slice
from coze_client.errors import ProtocolError

_OUTPUTS = frozenset({"tool_response", "tool_output"})
AUDIO_MIME_TYPE = "audio/pcm;rate=24000;channels=1"  # API page chat v3: 16-bit little-endian mono


@dataclass(frozen=True)
class PluginCall:
    """A plugin that Coze ran itself; `id` is the message's."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class PluginOutput:
    """What such a plugin gave back; `call_id` is the call's, "" if it cannot be told."""

    id: str
    call_id: str
    output: str


@dataclass(frozen=True)
class RecallPart:
    """Slices of knowledge that the answer before this part may rest on."""

    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class CardPart:
    """An answer that is a card: its JSON."""

    id: str
    content: object


@dataclass(frozen=True)
class AudioPart:
    """Spoken answer: base64 that can be joined to the next piece's; the first piece tells the type."""

    data: str
    mime_type: str = ""


@dataclass(frozen=True)
class UnknownPart:
    """A message of a type that this library does not know."""

    message: Message


Part = PluginCall | PluginOutput | RecallPart | CardPart | AudioPart | UnknownPart


@dataclass
class PartCollector:
    """Collects one chat's parts; feed it the events in order, then ask for what is ``rest``."""

    follow_ups: list[str] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    _calls: list[PluginCall] = field(default_factory=list)
    _open: deque[str] = field(default_factory=deque)
    _recalled: tuple[Slice, ...] = ()
    _sound: bytes = b""
    _spoke: bool = False

    def feed(self, event: ChatEvent) -> Iterable[Part]:
        """The parts that an event completes; recalled knowledge comes after the answer that it led to."""
        if event.type == MESSAGE_COMPLETED and event.message is not None:
            return self._message(event.message)
        if event.type == AUDIO_DELTA and event.message is not None:
            return self._heard(event.message)
        return ()

    def rest(self, chat: Chat | None) -> Iterator[Part]:
        """What was held back; `chat` is the last state, whose client calls are told of there and not here."""
        asked = {_signature(call) for call in (chat.tool_calls if chat else ())}
        self._calls = [call for call in self._calls if (call.name, _canonical(call.arguments)) not in asked]
        yield from self._release_calls()
        yield from self._release_recalled()
        if self._sound:
            yield self._piece(self._sound)

    def _message(self, message: Message) -> Iterator[Part]:
        self.message_ids.append(message.id)
        if message.type == "function_call":
            self._calls.append(_call(message))
            return
        yield from self._release_calls()
        if is_answer(message):
            yield from self._release_recalled()
        elif message.type in _OUTPUTS:
            yield PluginOutput(message.id, self._open.popleft() if self._open else "", message.content)
        elif is_recall(message):
            self._recalled += read_recall(message)
        elif message.type == "follow_up":
            self.follow_ups.append(message.content)
        elif message.type == "answer":
            yield CardPart(message.id, message.decoded or message.content)
        elif message.type != "verbose":
            yield UnknownPart(message)

    def _release_calls(self) -> Iterator[Part]:
        """A call is told once something follows it: until then it may turn out to be the client's."""
        for call in self._calls:
            self._open.append(call.id)
            yield call
        self._calls = []

    def _release_recalled(self) -> Iterator[Part]:
        if self._recalled:
            yield RecallPart(self._recalled)
        self._recalled = ()

    def _heard(self, message: Message) -> Iterator[Part]:
        """Base64 texts join only where each encodes a multiple of three bytes."""
        try:
            sound = self._sound + base64.b64decode(message.content)
        except binascii.Error:
            raise ProtocolError("The server sent audio that is not base64") from None
        whole = len(sound) - len(sound) % 3
        self._sound = sound[whole:]
        if whole:
            yield self._piece(sound[:whole])

    def _piece(self, sound: bytes) -> AudioPart:
        mime_type = "" if self._spoke else AUDIO_MIME_TYPE
        self._spoke = True
        return AudioPart(base64.b64encode(sound).decode(), mime_type)


def convert_to_arguments(text: str) -> Mapping[str, object] | None:
    """A tool call's arguments; ``None`` if they are no JSON object."""
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return None
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def _call(message: Message) -> PluginCall:
    """Cloud: name and arguments (API page chat v3); coze-studio: an OpenAI-like call with the arguments as text."""
    content = message.decoded
    told = cast("Mapping[str, object]", content) if isinstance(content, dict) else {}
    inner = told.get("function")
    told = cast("Mapping[str, object]", inner) if isinstance(inner, dict) else told
    arguments = told.get("arguments")
    if isinstance(arguments, str):
        arguments = convert_to_arguments(arguments)
    return PluginCall(
        message.id,
        str(told.get("name") or ""),
        cast("Mapping[str, object]", arguments) if isinstance(arguments, dict) else {},
    )


def _signature(call: ToolCall) -> tuple[str, str]:
    function = call.function
    return (function.name, _canonical(convert_to_arguments(function.arguments) or {})) if function else ("", "")


def _canonical(arguments: Mapping[str, object]) -> str:
    return json.dumps(arguments, sort_keys=True)
