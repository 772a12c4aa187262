"""What a bot answers, as LlamaIndex's responses; pure."""

from __future__ import annotations

import base64
import wave
from io import BytesIO
from typing import Generic, TypeVar

from llama_index.core.base.llms.types import (
    AudioBlock,
    CitationBlock,
    ContentBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms import ChatMessage, ChatResponse, CompletionResponse

from coze_client.api.chats.events import ChatEvent
from coze_client.api.chats.values import ToolCall, Usage
from coze_client.api.recall.slices import Slice
from coze_client.bridge.chat.answer_builder import AnswerBuilder, AnswerDelta, ReadStream
from coze_client.bridge.chat.answer_parts import (
    AudioPart,
    CardPart,
    Part,
    PluginCall,
    PluginOutput,
    RecallPart,
    convert_to_arguments,
)

R = TypeVar("R", bound="ChatResponse | CompletionResponse")

_SAMPLES_A_SECOND = 24_000  # API page chat v3: spoken answers are 16-bit mono PCM


class ResponseBuilder(Generic[R]):
    """An answer in the making, told in LlamaIndex's way: all that was said so far, and what is new."""

    def __init__(self, answering: AnswerBuilder) -> None:
        self.answering = answering
        self.text = ""
        self.thoughts = ""
        self._cited: list[ContentBlock] = []
        self._sound: list[bytes] = []
        self._beside: dict[str, list[object]] = {}

    def add(self, event: ChatEvent) -> AnswerDelta | None:
        """Takes the next event; its piece if that adds to the text or the thoughts."""
        piece = self.answering.feed(event)
        self._grow(piece)
        return piece if piece[0] or piece[1] else None

    def so_far(self, piece: AnswerDelta) -> R:
        """The response to stream after `piece`: all the text so far, and what is new."""
        raise NotImplementedError

    def whole(self, stream: ReadStream, *, streamed: bool = False) -> R:
        """The complete response of a stream that was read; as the last of several it has a delta, mostly "".

        Raises ConfigurationError if the bot calls a tool that was not offered.
        """
        rest = self.answering.finish(stream)
        self._grow(rest)
        return self._complete(rest[0] if streamed else None)

    def _complete(self, delta: str | None) -> R:
        raise NotImplementedError

    def _grow(self, piece: AnswerDelta) -> None:
        text, thoughts, parts = piece
        self.text += text
        self.thoughts += thoughts
        for part in parts:
            self._take(part)

    def blocks(self) -> list[ContentBlock]:
        """What was said and is known at the end: thoughts, text, citations, sound, the client's tool calls."""
        calls = self.answering.tool_calls
        return [
            *([ThinkingBlock(content=self.thoughts)] if self.thoughts else []),
            *([TextBlock(text=self.text)] if self.text or not calls else []),
            *self._cited,
            *([convert_to_audio(b"".join(self._sound))] if self._sound else []),
            *map(convert_to_call_block, calls),
        ]

    def ids(self) -> dict[str, object]:
        """What a message keeps: where it came from, for the next turn, and follow-up questions."""
        return {name: value for name, value in self.answering.metadata.items() if value not in ("", [], True)}

    def beside(self) -> dict[str, object]:
        """What goes with a response beside its message: all facts, token counts, the bot's own plugin calls, cards."""
        usage = self.answering.usage
        return {**self.answering.metadata, **(convert_to_counts(usage) if usage else {}), **self._beside}

    def raw(self) -> dict[str, object]:
        """The chat as Coze last told of it; ``usage`` has LlamaIndex's names beside Coze's."""
        chat, usage = self.answering.chat, self.answering.usage
        told: dict[str, object] = chat.model_dump(mode="json", exclude_unset=True, exclude={"usage"}) if chat else {}
        return {**told, "usage": convert_to_usage(usage)} if usage else told

    def _take(self, part: Part) -> None:
        if isinstance(part, RecallPart):
            self._cited += map(convert_to_citation, part.slices)
        elif isinstance(part, AudioPart):
            self._sound.append(base64.b64decode(part.data))
        elif isinstance(part, PluginCall):
            self._tell("plugin_calls", {"id": part.id, "name": part.name, "arguments": dict(part.arguments)})
        elif isinstance(part, PluginOutput):
            self._tell("plugin_outputs", {"call_id": part.call_id, "output": part.output})
        elif isinstance(part, CardPart):
            self._tell("cards", part.content)
        else:
            self._tell("other_messages", part.message.model_dump(mode="json", exclude_unset=True))

    def _tell(self, name: str, value: object) -> None:
        self._beside.setdefault(name, []).append(value)


class ChatReply(ResponseBuilder[ChatResponse]):
    """A reply as chat responses."""

    def so_far(self, piece: AnswerDelta) -> ChatResponse:
        delta, thoughts, _ = piece
        blocks: list[ContentBlock] = [TextBlock(text=self.text)]
        if self.thoughts:
            blocks.insert(0, ThinkingBlock(content=self.thoughts))
        # Not validated, since there is one a delta: its parts were made here.
        message = ChatMessage.model_construct(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs={})
        return ChatResponse(message=message, delta=delta, additional_kwargs=_thinking(thoughts))

    def _complete(self, delta: str | None) -> ChatResponse:
        message = ChatMessage(role=MessageRole.ASSISTANT, blocks=self.blocks(), additional_kwargs=self.ids())
        return ChatResponse(message=message, raw=self.raw(), delta=delta, additional_kwargs=self.beside())


class CompletionReply(ResponseBuilder[CompletionResponse]):
    """A reply as completion responses: its text."""

    def so_far(self, piece: AnswerDelta) -> CompletionResponse:
        delta, thoughts, _ = piece
        return CompletionResponse(text=self.text, delta=delta, additional_kwargs=_thinking(thoughts))

    def _complete(self, delta: str | None) -> CompletionResponse:
        return CompletionResponse(text=self.text, raw=self.raw(), delta=delta, additional_kwargs=self.beside())


def convert_to_call_block(call: ToolCall) -> ToolCallBlock:
    """A call that the client is asked for; arguments that are no JSON object stay text."""
    name, text = (call.function.name, call.function.arguments) if call.function else ("", "")
    arguments = convert_to_arguments(text)
    return ToolCallBlock(
        tool_call_id=call.id, tool_name=name, tool_kwargs=text if arguments is None else dict(arguments)
    )


def convert_to_citation(found: Slice) -> CitationBlock:
    """A recalled slice; its source is the document's link, else its id."""
    return CitationBlock(
        cited_content=TextBlock(text=found.text),
        source=found.url or found.document_id,
        title=found.title or found.document_name,
        additional_location_info={},
    )


def convert_to_audio(samples: bytes) -> AudioBlock:
    """A spoken answer as a WAV file that plays anywhere."""
    file = BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(_SAMPLES_A_SECOND)
        written.writeframes(samples)
    return AudioBlock(audio=file.getvalue(), format="wav")


def convert_to_usage(usage: Usage) -> dict[str, object]:
    """Token counts under Coze's names and under those that LlamaIndex's token counter reads."""
    counts = {
        "input_tokens": usage.input_count,
        "output_tokens": usage.output_count,
        "total_tokens": usage.token_count,
    }
    told: dict[str, object] = usage.model_dump(mode="json", exclude_unset=True)
    return {**told, **{name: count for name, count in counts.items() if count is not None}}


def convert_to_counts(usage: Usage) -> dict[str, object]:
    """Token counts as LlamaIndex's own integrations put them beside a response."""
    counts = {
        "prompt_tokens": usage.input_count,
        "completion_tokens": usage.output_count,
        "total_tokens": usage.token_count,
    }
    return {name: count for name, count in counts.items() if count is not None}


def _thinking(thoughts: str) -> dict[str, str]:
    """The key that LlamaIndex's agents stream thoughts from."""
    return {"thinking_delta": thoughts} if thoughts else {}
