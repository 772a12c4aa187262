"""Structured prediction: the schema in the question, the answer validated, and given back if it does not fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import TextBlock
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.types import Model

from coze_client.bridge.chat.schema_prompt import extract_json, repair_prompt, schema_prompt

Ask = Callable[..., Awaitable[ChatResponse]]

_APART: Mapping[str, object] = {"conversation_id": None, "auto_save_history": False}


async def predict(
    ask: Ask, output_cls: type[Model], messages: Sequence[ChatMessage], options: Mapping[str, Any], *, repairs: int
) -> Model:
    """An instance of `output_cls`.

    `ask` is a chat method of the LLM, `options` what it is called with. Each of at most `repairs` repairs is a chat of
    its own outside the conversation, and billed. Raises ValueError if the last answer does not fit either.
    """
    schema = output_cls.model_json_schema()
    answer = await ask(with_prompt(messages, schema_prompt(schema)), **options)
    for _ in range(repairs):
        text = answer.message.content or ""
        try:
            return _read(text, output_cls)
        except ValueError as misfit:
            mend = ChatMessage(content=repair_prompt(schema, text, str(misfit)))
        answer = await ask([mend], **{**options, **_APART})
    return _read(answer.message.content or "", output_cls)


def with_prompt(messages: Sequence[ChatMessage], prompt: str) -> list[ChatMessage]:
    """The messages with `prompt` at the end of the last question, or as a question if the last message is none."""
    if not messages or messages[-1].role != "user":
        return [*messages, ChatMessage(content=prompt)]
    last = messages[-1]
    return [*messages[:-1], last.model_copy(update={"blocks": [*last.blocks, TextBlock(text=f"\n{prompt}")]})]


def _read(answer: str, output_cls: type[Model]) -> Model:
    try:
        return output_cls.model_validate(extract_json(answer))
    except ValueError as misfit:  # pydantic's ValidationError is one
        raise ValueError(f"The bot's answer does not fit {output_cls.__name__}: {misfit}") from misfit
