"""The parts of an answer besides text and reasoning, read from the events of a chat; pure.

Text and reasoning are ``event.delta`` and ``event.reasoning``. Other content arrives in messages of many types: plugin
calls that Coze ran itself, recalled slices, cards, audio. Adapters convert these parts to classes of their framework.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from coze_client.api.chats.chat_event import AUDIO_DELTA, MESSAGE_COMPLETED, ChatEvent
from coze_client.api.chats.values import Chat, ToolCall, is_answer
from coze_client.api.conversations.values import Message
from coze_client.core.json_text import load_json
from coze_client.errors import ProtocolError

if TYPE_CHECKING:
    from coze_client.api.recall.values import Slice

_OUTPUTS = frozenset({"tool_response", "tool_output"})
_RECALL_TYPES = frozenset({"verbose", "knowledge"})
AUDIO_MIME_TYPE = "audio/pcm;rate=24000;channels=1"  # API page chat v3: 16-bit little-endian mono


@dataclass(frozen=True)
class PluginCall:
    """The call of a plugin that Coze ran itself; `id` is the id of the message."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True)
class PluginOutput:
    """The output of such a call; `call_id` is the ``id`` of the PluginCall, "" if unknown."""

    id: str
    call_id: str
    output: str


@dataclass(frozen=True)
class RecallPart:
    """Slices of datasets that were recalled for the answer before this part."""

    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class CardPart:
    """An answer that is a card; `content` is its JSON."""

    id: str
    content: object


@dataclass(frozen=True)
class AudioPart:
    """A piece of spoken answer: base64 that can be joined with the next piece's; only the first has a MIME type."""

    data: str
    mime_type: str = ""


@dataclass(frozen=True)
class UnknownPart:
    """A message of a type that this package does not know."""

    message: Message


Part = PluginCall | PluginOutput | RecallPart | CardPart | AudioPart | UnknownPart


@dataclass
class PartCollector:
    """Collects the parts of one chat: ``feed`` the events in order, then take the ``rest``."""

    follow_ups: list[str] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    _calls: list[PluginCall] = field(default_factory=list)
    _open_call_ids: deque[str] = field(default_factory=deque)
    _recalled: tuple[Slice, ...] = ()
    _audio: bytes = b""
    _sent_audio: bool = False

    def feed(self, event: ChatEvent) -> Iterable[Part]:
        """The parts that the event completes; recalled slices follow the answer that uses them."""
        if event.type == MESSAGE_COMPLETED and event.message is not None:
            return self._convert_message(event.message)
        if event.type == AUDIO_DELTA and event.message is not None:
            return self._convert_audio(event.message)
        return ()

    def rest(self, chat: Chat | None) -> Iterator[Part]:
        """The parts that were held back, without the calls of client plugins, which the final `chat` contains."""
        client_calls = {_call_key(call) for call in (chat.tool_calls if chat else ())}
        self._calls = [call for call in self._calls if (call.name, _canonical(call.arguments)) not in client_calls]
        yield from self._release_calls()
        yield from self._release_recalled()
        if self._audio:
            yield self._audio_part(self._audio)

    def _convert_message(self, message: Message) -> Iterator[Part]:
        self.message_ids.append(message.id)
        if message.type == "function_call":
            self._calls.append(_convert_call(message))
            return
        yield from self._release_calls()
        if is_answer(message):
            yield from self._release_recalled()
        elif message.type in _OUTPUTS:
            call_id = self._open_call_ids.popleft() if self._open_call_ids else ""
            yield PluginOutput(message.id, call_id, message.content)
        elif message.type in _RECALL_TYPES:
            self._recalled += _recalled_slices(message)
        elif message.type == "follow_up":
            self.follow_ups.append(message.content)
        elif message.type == "answer":
            yield CardPart(message.id, message.decoded or message.content)
        else:
            yield UnknownPart(message)

    def _release_calls(self) -> Iterator[Part]:
        """Release calls once another message follows: until then they may be calls of client plugins."""
        for call in self._calls:
            self._open_call_ids.append(call.id)
            yield call
        self._calls = []

    def _release_recalled(self) -> Iterator[Part]:
        if self._recalled:
            yield RecallPart(self._recalled)
        self._recalled = ()

    def _convert_audio(self, message: Message) -> Iterator[Part]:
        """Base64 texts can be joined only if each encodes a multiple of three bytes."""
        try:
            audio = self._audio + base64.b64decode(message.content)
        except binascii.Error:
            raise ProtocolError("The server sent audio that is not valid base64") from None
        whole = len(audio) - len(audio) % 3
        self._audio = audio[whole:]
        if whole:
            yield self._audio_part(audio[:whole])

    def _audio_part(self, audio: bytes) -> AudioPart:
        mime_type = "" if self._sent_audio else AUDIO_MIME_TYPE
        self._sent_audio = True
        return AudioPart(base64.b64encode(audio).decode(), mime_type)


def _recalled_slices(message: Message) -> tuple[Slice, ...]:
    from coze_client.api.recall.slices import read_recall  # loaded when a chat has such a message

    return read_recall(message)


def convert_to_arguments(text: str) -> Mapping[str, object] | None:
    """Parse the arguments of a tool call; ``None`` if they are not a JSON object."""
    try:
        value = load_json(text or "{}")
    except ValueError:
        return None
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else None


def _convert_call(message: Message) -> PluginCall:
    """Cloud: name and arguments (API page chat v3); coze-studio: an OpenAI-like call with the arguments as text."""
    content = message.decoded
    call = cast("Mapping[str, object]", content) if isinstance(content, dict) else {}
    function = call.get("function")
    call = cast("Mapping[str, object]", function) if isinstance(function, dict) else call
    arguments = call.get("arguments")
    if isinstance(arguments, str):
        arguments = convert_to_arguments(arguments)
    return PluginCall(
        message.id,
        str(call.get("name") or ""),
        cast("Mapping[str, object]", arguments) if isinstance(arguments, dict) else {},
    )


def _call_key(call: ToolCall) -> tuple[str, str]:
    function = call.function
    return (function.name, _canonical(convert_to_arguments(function.arguments) or {})) if function else ("", "")


def _canonical(arguments: Mapping[str, object]) -> str:
    return json.dumps(arguments, sort_keys=True)
