"""Structured prediction: puts the schema into the question, validates the answer, and asks again if it is invalid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from llama_index.core.base.llms.types import TextBlock, ToolCallBlock
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.types import Model

from coze_client.bridge.chat.client_calls import check_calls_nothing
from coze_client.bridge.chat.schema_prompt import extract_json, outside_conversation, repair_prompt, schema_prompt
from llama_index_coze.responses import CALLS_TOOLS

T = TypeVar("T")
Ask = Callable[..., Awaitable[ChatResponse]]


async def predict(
    ask: Ask,
    output_cls: type[Model],
    messages: Sequence[ChatMessage],
    options: Mapping[str, Any],
    *,
    repairs: int,
    is_chatflow: bool,
) -> Model:
    """Ask for an instance of `output_cls`.

    `ask` is a chat method of the LLM, `options` are its arguments. Each of at most `repairs` repairs is a billed chat
    of its own, outside the conversation. Raises ValueError if the last answer is invalid, too, and
    ConfigurationError if the bot calls a client plugin.
    """

    def read(answer: ChatResponse) -> Model:
        names = [block.tool_name for block in answer.message.blocks if isinstance(block, ToolCallBlock)]
        kwargs = answer.message.additional_kwargs
        check_calls_nothing(names, kwargs, taken=f"an instance of {output_cls.__name__}", cure=CALLS_TOOLS)
        return _read(answer.message.content or "", output_cls)

    schema = output_cls.model_json_schema()
    return (await answer_json(ask, schema, read, messages, options, repairs=repairs, is_chatflow=is_chatflow))[1]


async def answer_json(
    ask: Ask,
    schema: Mapping[str, object],
    read: Callable[[ChatResponse], T],
    messages: Sequence[ChatMessage],
    options: Mapping[str, Any],
    *,
    repairs: int,
    words: str = "",
    is_chatflow: bool = False,
) -> tuple[ChatResponse, T]:
    """Ask for JSON that fits `schema` until `read` accepts it; `words` follow the schema.

    Returns the answer and its value. Raises the ValueError of `read` for the last answer.
    """
    prompt = "\n".join(filter(None, (schema_prompt(schema), words)))
    answer = await ask(with_prompt(messages, prompt), **options)
    for _ in range(repairs):
        try:
            return answer, read(answer)
        except ValueError as error:
            repair = ChatMessage(content=repair_prompt(schema, answer.message.content or "", str(error)))
        answer = await ask([repair], **{**options, **outside_conversation(is_chatflow=is_chatflow)})
    return answer, read(answer)


def with_prompt(messages: Sequence[ChatMessage], prompt: str) -> list[ChatMessage]:
    """Append `prompt` to the last message if that is a question, else add it as a question."""
    if not messages or messages[-1].role != "user":
        return [*messages, ChatMessage(content=prompt)]
    last = messages[-1]
    return [*messages[:-1], last.model_copy(update={"blocks": [*last.blocks, TextBlock(text=f"\n{prompt}")]})]


def _read(answer: str, output_cls: type[Model]) -> Model:
    try:
        return output_cls.model_validate(extract_json(answer))
    except ValueError as error:  # includes pydantic's ValidationError
        raise ValueError(f"The bot's answer does not fit {output_cls.__name__}: {error}") from error
