"""Builds LlamaIndex responses from the events of a chat; sends no request."""

from __future__ import annotations

import base64
import wave
from io import BytesIO
from typing import TYPE_CHECKING, Generic, TypeVar

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

from coze_client.api.chats.chat_event import ChatEvent
from coze_client.api.chats.values import ToolCall, Usage
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
from coze_client.bridge.chat.client_calls import check_calls_nothing, plugin_names

if TYPE_CHECKING:
    from coze_client.api.recall.values import Slice

R = TypeVar("R", bound="ChatResponse | CompletionResponse")

CALLS_TOOLS = "Ask with chat_with_tools, or with a FunctionAgent of an LLM that has client_plugins=True"
"""How outputs get to a bot; for an error about a call whose output nobody gives."""
_SAMPLES_PER_SECOND = 24_000  # API page chat v3: spoken answers are 16-bit mono PCM


class ResponseBuilder(Generic[R]):
    """Builds one answer's responses: each contains all text so far, and the new text as ``delta``."""

    def __init__(self, answer: AnswerBuilder) -> None:
        self.answer = answer
        self.text = ""
        self.thoughts = ""
        self._citations: list[ContentBlock] = []
        self._audio: list[bytes] = []
        self._extras: dict[str, list[object]] = {}

    def add(self, event: ChatEvent) -> AnswerDelta | None:
        """Add the next event; return its piece if it extends the text or the thoughts."""
        piece = self.answer.feed(event)
        self._extend(piece)
        return piece if piece[0] or piece[1] else None

    def partial(self, piece: AnswerDelta) -> R:
        """The response to stream after `piece`: all text so far, and the new text."""
        raise NotImplementedError

    def final(self, stream: ReadStream, *, streamed: bool = False) -> R:
        """The complete response after the stream was read; if `streamed`, its delta is the text held back, mostly "".

        Raises ConfigurationError if the bot calls a tool that was not offered.
        """
        rest = self.answer.finish(stream)
        self._extend(rest)
        return self._build(rest[0] if streamed else None)

    def _build(self, delta: str | None) -> R:
        raise NotImplementedError

    def _extend(self, piece: AnswerDelta) -> None:
        text, thoughts, parts = piece
        self.text += text
        self.thoughts += thoughts
        for part in parts:
            self._add_part(part)

    def blocks(self) -> list[ContentBlock]:
        """All blocks of the message: thoughts, text, citations, audio, and calls of the client's tools."""
        calls = self.answer.tool_calls
        return [
            *([ThinkingBlock(content=self.thoughts)] if self.thoughts else []),
            *([TextBlock(text=self.text)] if self.text or not calls else []),
            *self._citations,
            *([convert_to_audio(b"".join(self._audio))] if self._audio else []),
            *map(convert_to_call_block, calls),
        ]

    def message_kwargs(self) -> dict[str, object]:
        """The message's ``additional_kwargs``: the ids that the next chat needs, and follow-up questions."""
        return {name: value for name, value in self.answer.metadata.items() if value not in ("", [], True)}

    def response_kwargs(self) -> dict[str, object]:
        """The response's ``additional_kwargs``: ids, token counts, the bot's own plugin calls, cards."""
        usage = self.answer.usage
        return {**self.answer.metadata, **(convert_to_counts(usage) if usage else {}), **self._extras}

    def raw(self) -> dict[str, object]:
        """The chat as Coze sent it last; ``usage`` has LlamaIndex's names in addition to Coze's."""
        chat, usage = self.answer.chat, self.answer.usage
        raw: dict[str, object] = chat.model_dump(mode="json", exclude_unset=True, exclude={"usage"}) if chat else {}
        return {**raw, "usage": convert_to_usage(usage)} if usage else raw

    def _add_part(self, part: Part) -> None:
        if isinstance(part, RecallPart):
            self._citations += map(convert_to_citation, part.slices)
        elif isinstance(part, AudioPart):
            self._audio.append(base64.b64decode(part.data))
        elif isinstance(part, PluginCall):
            self._append("plugin_calls", {"id": part.id, "name": part.name, "arguments": dict(part.arguments)})
        elif isinstance(part, PluginOutput):
            self._append("plugin_outputs", {"call_id": part.call_id, "output": part.output})
        elif isinstance(part, CardPart):
            self._append("cards", part.content)
        else:
            self._append("other_messages", part.message.model_dump(mode="json", exclude_unset=True))

    def _append(self, name: str, value: object) -> None:
        self._extras.setdefault(name, []).append(value)


class ChatResponseBuilder(ResponseBuilder[ChatResponse]):
    """Builds chat responses."""

    def partial(self, piece: AnswerDelta) -> ChatResponse:
        delta, thoughts, _ = piece
        blocks: list[ContentBlock] = [TextBlock(text=self.text)]
        if self.thoughts:
            blocks.insert(0, ThinkingBlock(content=self.thoughts))
        # Skips validation, which would run for every delta; the parts were made here.
        message = ChatMessage.model_construct(role=MessageRole.ASSISTANT, blocks=blocks, additional_kwargs={})
        return ChatResponse(message=message, delta=delta, additional_kwargs=_thinking(thoughts))

    def _build(self, delta: str | None) -> ChatResponse:
        message = ChatMessage(role=MessageRole.ASSISTANT, blocks=self.blocks(), additional_kwargs=self.message_kwargs())
        return ChatResponse(message=message, raw=self.raw(), delta=delta, additional_kwargs=self.response_kwargs())


class CompletionResponseBuilder(ResponseBuilder[CompletionResponse]):
    """Builds completion responses, which contain only text: a call of a client plugin is a ConfigurationError."""

    def partial(self, piece: AnswerDelta) -> CompletionResponse:
        delta, thoughts, _ = piece
        return CompletionResponse(text=self.text, delta=delta, additional_kwargs=_thinking(thoughts))

    def _build(self, delta: str | None) -> CompletionResponse:
        names, metadata = plugin_names(self.answer.chat), self.answer.metadata
        check_calls_nothing(names, metadata, taken="a completion", cure=CALLS_TOOLS)
        return CompletionResponse(text=self.text, raw=self.raw(), delta=delta, additional_kwargs=self.response_kwargs())


def convert_to_call_block(call: ToolCall) -> ToolCallBlock:
    """Convert a call of a client's tool; arguments that are not a JSON object stay text."""
    name, text = (call.function.name, call.function.arguments) if call.function else ("", "")
    arguments = convert_to_arguments(text)
    return ToolCallBlock(
        tool_call_id=call.id, tool_name=name, tool_kwargs=text if arguments is None else dict(arguments)
    )


def convert_to_citation(slice_: Slice) -> CitationBlock:
    """Convert a recalled slice; the source is the document's URL, else its id."""
    return CitationBlock(
        cited_content=TextBlock(text=slice_.text),
        source=slice_.url or slice_.document_id,
        title=slice_.title or slice_.document_name,
        additional_location_info={},
    )


def convert_to_audio(samples: bytes) -> AudioBlock:
    """Convert PCM samples of a spoken answer to a WAV file."""
    file = BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(_SAMPLES_PER_SECOND)
        wav.writeframes(samples)
    return AudioBlock(audio=file.getvalue(), format="wav")


def convert_to_usage(usage: Usage) -> dict[str, object]:
    """Token counts under Coze's names, and under the names that LlamaIndex's token counter reads."""
    counts = {
        "input_tokens": usage.input_count,
        "output_tokens": usage.output_count,
        "total_tokens": usage.token_count,
    }
    fields: dict[str, object] = usage.model_dump(mode="json", exclude_unset=True)
    return {**fields, **{name: count for name, count in counts.items() if count is not None}}


def convert_to_counts(usage: Usage) -> dict[str, object]:
    """Token counts under the names that LlamaIndex's own integrations use in ``additional_kwargs``."""
    counts = {
        "prompt_tokens": usage.input_count,
        "completion_tokens": usage.output_count,
        "total_tokens": usage.token_count,
    }
    return {name: count for name, count in counts.items() if count is not None}


def _thinking(thoughts: str) -> dict[str, str]:
    """The thoughts under the key from which LlamaIndex's agents stream them."""
    return {"thinking_delta": thoughts} if thoughts else {}
