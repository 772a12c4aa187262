"""Convert the events of a chat to LangChain's chunks; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from coze_client.api.chats.chat_event import ChatEvent
from coze_client.api.chats.values import COMPLETED, REQUIRES_ACTION, ToolCall, Usage
from coze_client.bridge.chat.answer_builder import AnswerBuilder, AnswerDelta, ReadStream
from langchain_coze.answer_blocks import BLOCKS, PROVIDER, REASONING, convert_part


class ChunkBuilder:
    """Builds an answer for LangChain: chunk by chunk (``chunk``, ``end``), or at once (``keep``, ``result``)."""

    def __init__(self, answer: AnswerBuilder) -> None:
        self.answer = answer
        self._id: str | None = None
        self._deltas: list[AnswerDelta] = []

    def keep(self, event: ChatEvent) -> None:
        """Keep the next event for ``result``."""
        self._deltas.append(self._feed(event))

    def chunk(self, event: ChatEvent) -> ChatGenerationChunk | None:
        """The chunk of the next event; ``None`` if it adds nothing."""
        text, reasoning, parts = delta = self._feed(event)
        if reasoning or parts:
            return convert_to_chunk(delta, self._id)
        return ChatGenerationChunk(message=AIMessageChunk(content=text, id=self._id)) if text else None

    def end(self, stream: ReadStream) -> Iterator[ChatGenerationChunk]:
        """The chunks after the last event: the text that was held back, tool calls, metadata and usage.

        Raises ConfigurationError if the bot called a tool that is not bound.
        """
        rest = self.answer.finish(stream)
        if any(rest):
            yield convert_to_chunk(rest, self._id)
        calls = self.answer.tool_calls
        if calls:
            yield self._chunk(tool_call_chunks=convert_calls(calls))
        usage = self.answer.usage
        yield self._chunk(
            response_metadata=self._metadata(has_calls=bool(calls)),
            usage_metadata=convert_usage(usage) if usage else None,
            chunk_position="last",
        )

    def result(self, stream: ReadStream) -> ChatResult:
        """The whole answer, from all events that were kept; raises as ``end``."""
        chunks = [convert_to_chunk(delta, self._id) for delta in join_deltas(self._deltas)]
        return generate_from_stream(iter([*chunks, *self.end(stream)]))

    def _feed(self, event: ChatEvent) -> AnswerDelta:
        if self._id is None and event.message is not None:
            self._id = event.message.id or None  # the same for all chunks: graphs and browsers join chunks by it
        return self.answer.feed(event)

    def _chunk(self, **fields: Any) -> ChatGenerationChunk:  # fields of AIMessageChunk
        given = {"response_metadata": {"model_provider": PROVIDER}, **fields}
        return ChatGenerationChunk(message=AIMessageChunk(content="", id=self._id, **given))

    def _metadata(self, *, has_calls: bool) -> dict[str, object]:
        metadata = self.answer.metadata
        complete = self.answer.stopped or metadata["status"] in COMPLETED | REQUIRES_ACTION
        reason = "tool_calls" if has_calls else "stop" if complete else metadata["status"]
        return {
            **metadata,
            "model_provider": PROVIDER,
            "model_name": self.answer.plan.model_name,
            "finish_reason": reason,
        }


def convert_to_chunk(delta: AnswerDelta, message_id: str | None) -> ChatGenerationChunk:
    """Convert a delta; what is not text goes into ``additional_kwargs``, where ``answer_blocks`` reads it."""
    text, reasoning, parts = delta
    extra: dict[str, Any] = {REASONING: reasoning} if reasoning else {}
    if parts:
        extra[BLOCKS] = [convert_part(part) for part in parts]
    metadata = {"model_provider": PROVIDER}
    message = AIMessageChunk(content=text, id=message_id, additional_kwargs=extra, response_metadata=metadata)
    return ChatGenerationChunk(message=message)


def join_deltas(deltas: Sequence[AnswerDelta]) -> list[AnswerDelta]:
    """Join the text and reasoning of all deltas into one delta; LangChain itself joins the blocks of the parts."""
    text, reasoning = "".join(delta[0] for delta in deltas), "".join(delta[1] for delta in deltas)
    return [(text, reasoning, ()), *(("", "", parts) for _, _, parts in deltas if parts)]


def convert_calls(calls: Sequence[ToolCall]) -> list[ToolCallChunk]:
    """Convert tool calls to tool call chunks, each of them complete."""
    functions = [(call.id, call.function) for call in calls if call.function]
    return [
        tool_call_chunk(name=function.name, args=function.arguments or "{}", id=call_id, index=index)
        for index, (call_id, function) in enumerate(functions)
    ]


def convert_usage(usage: Usage) -> UsageMetadata:
    """Convert token counts; a missing count is computed from the others, or is 0."""
    total = usage.token_count or (usage.input_count or 0) + (usage.output_count or 0)
    input_tokens = usage.input_count if usage.input_count is not None else max(total - (usage.output_count or 0), 0)
    output_tokens = usage.output_count if usage.output_count is not None else max(total - input_tokens, 0)
    metadata = UsageMetadata(input_tokens=input_tokens, output_tokens=output_tokens, total_tokens=total)
    cached = usage.input_tokens_details.cached_tokens if usage.input_tokens_details else None
    reasoning = usage.output_tokens_details.reasoning_tokens if usage.output_tokens_details else None
    if cached is not None:
        metadata["input_token_details"] = InputTokenDetails(cache_read=cached)
    if reasoning is not None:
        metadata["output_token_details"] = OutputTokenDetails(reasoning=reasoning)
    return metadata
