"""Events of a chat -> chunks of LangChain, and the last chunk with all that is known at the end; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from coze_client.answer import Answer
from coze_client.api.chat_events import DELTA, ChatEvent
from coze_client.api.chats import COMPLETED, REQUIRES_ACTION, Chat, ToolCall, Usage
from coze_client.errors import ConfigurationError
from langchain_coze.blocks import BLOCKS, PROVIDER, REASONING, convert_part
from langchain_coze.stop_sequences import Cut
from langchain_coze.turn import Turn


class Told(Protocol):
    """What a chat stream of either face knows at its end."""

    @property
    def chat(self) -> Chat | None: ...
    @property
    def chat_id(self) -> str | None: ...
    @property
    def conversation_id(self) -> str | None: ...
    @property
    def logid(self) -> str | None: ...


class Piece(NamedTuple):
    """What an event adds: to the text, to the thoughts, and as standard content blocks."""

    text: str = ""
    reasoning: str = ""
    blocks: tuple[dict[str, Any], ...] = ()  # standard blocks are JSON of many shapes


class Answering:
    """One answer in the making: events in, pieces out, and chunks at the end."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.id: str | None = None
        self._answer = Answer()
        self._cut = Cut(turn.stop) if turn.stop else None

    @property
    def stopped(self) -> bool:
        """True once a stop sequence was reached: nothing more is wanted."""
        return self._cut is not None and self._cut.reached

    def take(self, event: ChatEvent) -> Sequence[Piece]:
        """What an event adds."""
        text, reasoning = event.delta, event.reasoning
        if self.id is None and event.message is not None:
            self.id = event.message.id or None
        if text and self._cut is not None:
            text = self._cut.feed(text)
        said = [Piece(text, reasoning)] if text or reasoning else []
        if event.type != DELTA:
            said += [Piece(blocks=(convert_part(part),)) for part in self._answer.feed(event)]
        return said

    def end(self, stream: Told) -> Iterator[ChatGenerationChunk]:
        """What is left when the stream is over: held back text, tool calls, and the metadata.

        Raises ConfigurationError if the bot called a tool that is not among the bound ones.
        """
        chat = stream.chat
        if self._cut is not None and (held := self._cut.finish()):
            yield convert_to_chunk(Piece(held), self.id)
        for part in self._answer.rest(chat):
            yield convert_to_chunk(Piece(blocks=(convert_part(part),)), self.id)
        calls = convert_tool_calls(chat.tool_calls if chat else (), self.turn.tools)
        if calls:
            metadata = {"model_provider": PROVIDER}
            message = AIMessageChunk(content="", id=self.id, tool_call_chunks=calls, response_metadata=metadata)
            yield ChatGenerationChunk(message=message)
        yield self._last(stream, called=bool(calls))

    def result(self, pieces: Sequence[Piece], stream: Told) -> ChatResult:
        """The whole answer at once, of all pieces; raises as ``end``."""
        chunks = [convert_to_chunk(piece, self.id) for piece in join_pieces(pieces)]
        return generate_from_stream(iter([*chunks, *self.end(stream)]))

    def _last(self, stream: Told, *, called: bool) -> ChatGenerationChunk:
        chat, options = stream.chat, self.turn.options
        status = "canceled" if self.stopped else (chat.status if chat else "") or "completed"
        metadata = {
            "model_provider": PROVIDER,
            "model_name": options["bot_id"],
            "bot_id": options["bot_id"],
            "chat_id": stream.chat_id or "",
            "conversation_id": stream.conversation_id or "",
            "logid": stream.logid or "",
            "status": status,
            "finish_reason": _finish_reason(status, called=called, stopped=self.stopped),
            "follow_ups": self._answer.follow_ups,
            "message_ids": self._answer.message_ids,
            "saved": options.get("auto_save_history", True),
        }
        message = AIMessageChunk(
            content="",
            id=self.id,
            response_metadata=metadata,
            usage_metadata=convert_usage(chat.usage) if chat and chat.usage else None,
            chunk_position="last",
        )
        return ChatGenerationChunk(message=message)


def convert_to_chunk(piece: Piece, message_id: str | None) -> ChatGenerationChunk:
    """A piece as a chunk; nothing but text in most of them, since they are many."""
    text, reasoning, blocks = piece
    if not reasoning and not blocks:
        return ChatGenerationChunk(message=AIMessageChunk(content=text, id=message_id))
    extra: dict[str, Any] = {}
    if reasoning:
        extra[REASONING] = reasoning
    if blocks:
        extra[BLOCKS] = list(blocks)
    metadata = {"model_provider": PROVIDER}
    message = AIMessageChunk(content=text, id=message_id, additional_kwargs=extra, response_metadata=metadata)
    return ChatGenerationChunk(message=message)


def join_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """The same in as few pieces as can be, for who does not stream: text and thoughts, then what stands in blocks."""
    text, reasoning = "".join(piece.text for piece in pieces), "".join(piece.reasoning for piece in pieces)
    return [Piece(text, reasoning), *(Piece(blocks=piece.blocks) for piece in pieces if piece.blocks)]


def convert_tool_calls(calls: Sequence[ToolCall], bound: frozenset[str] | None) -> list[ToolCallChunk]:
    """The client's calls of a waiting chat; those of a workflow's question to the user are none.

    Raises ConfigurationError for a name that is not among the `bound` ones.
    """
    asked = [(call.id, call.function) for call in calls if call.function is not None and call.type != "reply_message"]
    unknown = [function.name for _, function in asked if bound is not None and function.name not in bound]
    if unknown and bound is not None:
        raise ConfigurationError(
            f"The bot called {', '.join(unknown)}, and the bound tools are {', '.join(sorted(bound))}",
            cure="Coze runs only what is declared on the bot: its client plugins and the tools must have equal names",
        )
    return [
        tool_call_chunk(name=function.name, args=function.arguments or "{}", id=call_id, index=index)
        for index, (call_id, function) in enumerate(asked)
    ]


def convert_usage(usage: Usage) -> UsageMetadata | None:
    """Token counts, if Coze told any; a part that it did not tell follows from the others, else is 0."""
    if not usage.known:
        return None
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


def _finish_reason(status: str, *, called: bool, stopped: bool) -> str:
    if called:
        return "tool_calls"
    return "stop" if stopped or status in COMPLETED | REQUIRES_ACTION else status
