"""Structured output: put the schema into the question, validate the answer, and let the bot repair it if needed."""

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

from coze_client.bridge.chat.client_calls import check_calls_nothing
from coze_client.bridge.chat.schema_prompt import extract_json, outside_conversation, repair_prompt, schema_prompt
from coze_client.core.json_schema import schema_errors
from coze_client.errors import ConfigurationError
from langchain_coze.errors import convert_error, langchain_errors

OutputSchema = dict[str, Any] | type
"""A pydantic model (v2 or v1), a TypedDict, or a JSON schema."""

_BIND_TOOLS = "Use bind_tools(tools, response_format=schema): it gives out calls, and answers in the form after them"
_METHODS = ("json_schema", "function_calling", "json_mode")
_PARSE_ERRORS = (OutputParserException,)


def answer_structured(
    model: BaseChatModel, schema: OutputSchema, *, repairs: int, include_raw: bool, method: str, is_chatflow: bool
) -> Runnable[LanguageModelInput, Any]:
    """The runnable that ``ChatCoze.with_structured_output`` returns."""
    if repairs < 0:
        raise convert_error(ConfigurationError(f"repairs must be 0 or more, not {repairs}"))
    if method not in _METHODS:
        raise convert_error(ConfigurationError(f"method must be one of {', '.join(_METHODS)}, not {method!r}"))
    json_schema = convert_to_json_schema(schema)
    bound = model.bind(ls_structured_output_format={"kwargs": {"method": method}, "schema": json_schema})

    def ask(given: LanguageModelInput) -> list[BaseMessage]:
        messages = model._convert_input(given).to_messages()
        return with_prompt(messages, schema_prompt(json_schema))

    unsaved = model.bind(**outside_conversation(is_chatflow=is_chatflow))
    parsed = _parse_and_repair(unsaved, schema, json_schema, repairs)
    return RunnableLambda(ask) | RunnableMap(raw=bound) | (_with_raw(parsed) if include_raw else parsed)


def with_prompt(messages: list[BaseMessage], prompt: str) -> list[BaseMessage]:
    """Add `prompt` to the last message if it is a question, else as a new question."""
    last = messages[-1] if messages else None
    if not isinstance(last, HumanMessage):
        return [*messages, HumanMessage(prompt)]
    content = last.content
    joined = f"{content}\n\n{prompt}" if isinstance(content, str) else [*content, {"type": "text", "text": prompt}]
    return [*messages[:-1], last.model_copy(update={"content": joined})]


def parse_answer(answer: str, schema: OutputSchema, json_schema: Mapping[str, object]) -> object:
    """Parse and validate the answer; raises OutputParserException if it does not match the schema."""
    try:
        value = extract_json(answer)
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            validate = getattr(schema, "model_validate", None) or schema.parse_obj  # type: ignore[attr-defined]  # pydantic v1
            return validate(value)
        if problems := schema_errors(value, json_schema):
            raise ValueError("; ".join(problems))
    except ValueError as error:  # pydantic's ValidationError is one
        problem = f"the answer does not match the schema: {error}"
        raise OutputParserException(problem, observation=problem, llm_output=answer) from error
    return value


def check_answers(message: AIMessage, *, taken: str, cure: str) -> None:
    """Raise CozeConfigurationError if the bot waits for a client plugin, where only `taken` is of use."""
    with langchain_errors():
        names = [call["name"] for call in message.tool_calls]
        check_calls_nothing(names, message.response_metadata, taken=taken, cure=cure)


def _parse_and_repair(
    unsaved: Runnable[LanguageModelInput, AIMessage],
    schema: OutputSchema,
    json_schema: Mapping[str, object],
    repairs: int,
) -> Runnable[dict[str, Any], Any]:
    """Convert ``{"raw": answer}`` to the value; every repair is a new chat with the answer and its error."""

    def parse(answer: dict[str, Any]) -> object:
        message: AIMessage = answer["raw"]
        check_answers(message, taken="a structured answer", cure=_BIND_TOOLS)
        return parse_answer(message.text, schema, json_schema)

    def repair_question(failed: dict[str, Any]) -> str:
        error: OutputParserException = failed["error"]
        return repair_prompt(json_schema, error.llm_output or "", error.observation or "")

    parser: Runnable[dict[str, Any], Any] = RunnableLambda(parse)
    if not repairs:
        return parser
    repair: Runnable[dict[str, Any], Any] = RunnableLambda(repair_question) | RunnableMap(raw=unsaved) | parser
    return parser.with_fallbacks([repair] * repairs, exceptions_to_handle=_PARSE_ERRORS, exception_key="error")


def _with_raw(parsed: Runnable[dict[str, Any], Any]) -> Runnable[dict[str, Any], dict[str, Any]]:
    """Return ``raw``, ``parsed`` and ``parsing_error`` instead of raising."""

    def none(_: object) -> None:
        return None

    raw = itemgetter("raw")
    valid = RunnableMap(raw=raw, parsed=parsed, parsing_error=none)
    invalid = RunnableMap(raw=raw, parsed=none, parsing_error=itemgetter("parsing_error"))
    return valid.with_fallbacks([invalid], exceptions_to_handle=_PARSE_ERRORS, exception_key="parsing_error")
