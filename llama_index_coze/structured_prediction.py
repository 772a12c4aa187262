"""Structured prediction: puts the schema into the question, validates the answer, and asks again if it is invalid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import TextBlock
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.types import Model

from coze_client.bridge.chat.schema_prompt import extract_json, outside_conversation, repair_prompt, schema_prompt

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
    of its own, outside the conversation. Raises ValueError if the last answer is invalid, too.
    """
    schema = output_cls.model_json_schema()
    answer = await ask(with_prompt(messages, schema_prompt(schema)), **options)
    for _ in range(repairs):
        text = answer.message.content or ""
        try:
            return _read(text, output_cls)
        except ValueError as error:
            repair = ChatMessage(content=repair_prompt(schema, text, str(error)))
        answer = await ask([repair], **{**options, **outside_conversation(is_chatflow=is_chatflow)})
    return _read(answer.message.content or "", output_cls)


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
