"""Events of a chat -> chunks of LangChain, and the last chunk with all that is known at the end; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from coze_client.api.chats.events import ChatEvent
from coze_client.api.chats.values import COMPLETED, REQUIRES_ACTION, ToolCall, Usage
from coze_client.bridge.chat.answer import AnswerBuilder, Ended, Piece
from langchain_coze.blocks import BLOCKS, PROVIDER, REASONING, convert_part


class ChunkBuilder:
    """An answer in the making, told in LangChain's way: chunk by chunk, or whole."""

    def __init__(self, answering: AnswerBuilder) -> None:
        self.answering = answering
        self._id: str | None = None
        self._pieces: list[Piece] = []

    def keep(self, event: ChatEvent) -> None:
        """Takes the next event, for who wants the ``whole``."""
        self._pieces.append(self._feed(event))

    def chunk(self, event: ChatEvent) -> ChatGenerationChunk | None:
        """The chunk of the next event; ``None`` if it adds nothing."""
        text, thoughts, parts = piece = self._feed(event)
        if thoughts or parts:
            return convert_to_chunk(piece, self._id)
        return ChatGenerationChunk(message=AIMessageChunk(content=text, id=self._id)) if text else None

    def end(self, stream: Ended) -> Iterator[ChatGenerationChunk]:
        """The chunks after the last event: what was held back, the client's tool calls, and all that is told once.

        Raises ConfigurationError if the bot called a tool that is not among the bound ones.
        """
        rest = self.answering.finish(stream)
        if any(rest):
            yield convert_to_chunk(rest, self._id)
        calls = self.answering.calls
        if calls:
            yield self._own(tool_call_chunks=convert_calls(calls))
        usage = self.answering.usage
        yield self._own(
            response_metadata=self._metadata(called=bool(calls)),
            usage_metadata=convert_usage(usage) if usage else None,
            chunk_position="last",
        )

    def whole(self, stream: Ended) -> ChatResult:
        """The answer at once, of all events that were kept; raises as ``end``."""
        said = [convert_to_chunk(piece, self._id) for piece in join_pieces(self._pieces)]
        return generate_from_stream(iter([*said, *self.end(stream)]))

    def _feed(self, event: ChatEvent) -> Piece:
        if self._id is None and event.message is not None:
            self._id = event.message.id or None  # one id for all chunks: graphs and browsers join chunks by it
        return self.answering.feed(event)

    def _own(self, **fields: Any) -> ChatGenerationChunk:  # fields of AIMessageChunk
        given = {"response_metadata": {"model_provider": PROVIDER}, **fields}
        return ChatGenerationChunk(message=AIMessageChunk(content="", id=self._id, **given))

    def _metadata(self, *, called: bool) -> dict[str, object]:
        facts = self.answering.facts
        over = self.answering.stopped or facts["status"] in COMPLETED | REQUIRES_ACTION
        reason = "tool_calls" if called else "stop" if over else facts["status"]
        return {
            **facts,
            "model_provider": PROVIDER,
            "model_name": self.answering.turn.model_name,
            "finish_reason": reason,
        }


def convert_to_chunk(piece: Piece, message_id: str | None) -> ChatGenerationChunk:
    """A piece as a chunk; what is not text stands where ``blocks`` finds it again."""
    text, thoughts, parts = piece
    extra: dict[str, Any] = {REASONING: thoughts} if thoughts else {}
    if parts:
        extra[BLOCKS] = [convert_part(part) for part in parts]
    metadata = {"model_provider": PROVIDER}
    message = AIMessageChunk(content=text, id=message_id, additional_kwargs=extra, response_metadata=metadata)
    return ChatGenerationChunk(message=message)


def join_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """The same in as few pieces as can be: text and thoughts, then what stands in blocks (LangChain joins those)."""
    text, thoughts = "".join(piece[0] for piece in pieces), "".join(piece[1] for piece in pieces)
    return [(text, thoughts, ()), *(("", "", parts) for _, _, parts in pieces if parts)]


def convert_calls(calls: Sequence[ToolCall]) -> list[ToolCallChunk]:
    """The client's calls as LangChain has them in chunks, each complete."""
    asked = [(call.id, call.function) for call in calls if call.function]
    return [
        tool_call_chunk(name=function.name, args=function.arguments or "{}", id=call_id, index=index)
        for index, (call_id, function) in enumerate(asked)
    ]


def convert_usage(usage: Usage) -> UsageMetadata:
    """Token counts; a part that Coze did not tell follows from the others, else is 0."""
    total = usage.token_count or (usage.input_count or 0) + (usage.output_count or 0)
    read = usage.input_count if usage.input_count is not None else max(total - (usage.output_count or 0), 0)
    written = usage.output_count if usage.output_count is not None else max(total - read, 0)
    told = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=total)
    cached = usage.input_tokens_details.cached_tokens if usage.input_tokens_details else None
    thought = usage.output_tokens_details.reasoning_tokens if usage.output_tokens_details else None
    if cached is not None:
        told["input_token_details"] = InputTokenDetails(cache_read=cached)
    if thought is not None:
        told["output_token_details"] = OutputTokenDetails(reasoning=thought)
    return told
