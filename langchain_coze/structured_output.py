"""Structured output: the schema in the question, the answer validated, and given back for repair if it does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable, RunnableLambda, RunnableMap
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass

from coze_client.bridge.chat.schema_prompt import extract_json, repair_prompt, schema_prompt
from coze_client.core.json_schema import schema_errors
from coze_client.errors import ConfigurationError
from langchain_coze.errors import convert_error

Schema = dict[str, Any] | type
"""A pydantic model (v2 or v1), a TypedDict, or a JSON schema."""

_UNFIT = (OutputParserException,)


def answer_structured(
    model: BaseChatModel, schema: Schema, *, repairs: int, include_raw: bool, method: str
) -> Runnable[LanguageModelInput, Any]:
    """The runnable of ``ChatCoze.with_structured_output``; see there."""
    if repairs < 0:
        raise convert_error(ConfigurationError(f"repairs is 0 or more, not {repairs}"))
    told = convert_to_json_schema(schema)
    asked = model.bind(ls_structured_output_format={"kwargs": {"method": method}, "schema": told})

    def ask(given: LanguageModelInput) -> list[BaseMessage]:
        messages = model._convert_input(given).to_messages()
        return with_prompt(messages, schema_prompt(told))

    parsed = _repairing(model, schema, told, repairs)
    return RunnableLambda(ask) | RunnableMap(raw=asked) | (_beside_raw(parsed) if include_raw else parsed)


def with_prompt(messages: list[BaseMessage], prompt: str) -> list[BaseMessage]:
    """The messages with `prompt` at the end of the last question, or as a question if the last message is none."""
    last = messages[-1] if messages else None
    if not isinstance(last, HumanMessage):
        return [*messages, HumanMessage(prompt)]
    content = last.content
    joined = f"{content}\n\n{prompt}" if isinstance(content, str) else [*content, {"type": "text", "text": prompt}]
    return [*messages[:-1], last.model_copy(update={"content": joined})]


def parse_answer(answer: str, schema: Schema, told: Mapping[str, object]) -> object:
    """The answer as what `schema` asks for, whose JSON schema is `told`; raises OutputParserException."""
    try:
        value = extract_json(answer)
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            validate = getattr(schema, "model_validate", None) or schema.parse_obj  # type: ignore[attr-defined]  # pydantic v1
            return validate(value)
        if problems := schema_errors(value, told):
            raise ValueError("; ".join(problems))
    except ValueError as error:  # pydantic's ValidationError is one
        problem = f"the answer does not fit the schema: {error}"
        raise OutputParserException(problem, observation=problem, llm_output=answer) from error
    return value


def _repairing(
    model: BaseChatModel, schema: Schema, told: Mapping[str, object], repairs: int
) -> Runnable[dict[str, Any], Any]:
    """From ``{"raw": answer}`` to the value; each repair is told the last failure."""

    def read(answered: dict[str, Any]) -> object:
        message: AIMessage = answered["raw"]
        return parse_answer(message.text, schema, told)

    def mend(failed: dict[str, Any]) -> str:
        error: OutputParserException = failed["error"]
        return repair_prompt(told, error.llm_output or "", error.observation or "")

    first: Runnable[dict[str, Any], Any] = RunnableLambda(read)
    if not repairs:
        return first
    apart = model.bind(conversation_id=None, auto_save_history=False)
    repair: Runnable[dict[str, Any], Any] = RunnableLambda(mend) | RunnableMap(raw=apart) | first
    return first.with_fallbacks([repair] * repairs, exceptions_to_handle=_UNFIT, exception_key="error")


def _beside_raw(parsed: Runnable[dict[str, Any], Any]) -> Runnable[dict[str, Any], dict[str, Any]]:
    """``raw``, ``parsed`` and ``parsing_error``, where nothing is raised."""

    def none(_: object) -> None:
        return None

    raw = itemgetter("raw")
    good = RunnableMap(raw=raw, parsed=parsed, parsing_error=none)
    bad = RunnableMap(raw=raw, parsed=none, parsing_error=itemgetter("parsing_error"))
    return good.with_fallbacks([bad], exceptions_to_handle=_UNFIT, exception_key="parsing_error")
