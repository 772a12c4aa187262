"""The ``response_format`` of a call, and the schemas of LangChain's ToolStrategy: JSON that an answer must be.

Coze has no parameter for either. So the schema goes into the question, and the answer is checked and repaired.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import add_usage
from langchain_core.messages.tool import tool_call
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils.function_calling import convert_to_json_schema
from langchain_core.utils.pydantic import is_basemodel_subclass

from coze_client.api.chats.values import REQUIRES_ACTION
from coze_client.bridge.chat.schema_prompt import outside_conversation, repair_prompt, schema_prompt
from coze_client.core.json_schema import schema_errors
from coze_client.errors import ConfigurationError
from langchain_coze.structured_output import parse_answer

Schema = dict[str, Any]
Ask = Callable[[Sequence[BaseMessage], Mapping[str, object]], Awaitable[ChatResult]]
"""Asks the model with more options."""

ANSWER_TOOLS = "answer_tools"
"""The option for tools that nobody runs: the answer must be a call of one of them."""
FORM_OPTIONS = frozenset({"response_format", ANSWER_TOOLS})
"""The options of a call that ask for an answer in a form."""
_FORCED = frozenset({"any", "required"})
_REPAIRS = 1


@dataclass(frozen=True)
class AnswerForm:
    """The JSON that an answer must be; with `tools` (schemas by name), a call of one of them."""

    schema: Schema
    tools: Mapping[str, Schema]

    @classmethod
    def of_options(cls, options: Mapping[str, Any]) -> AnswerForm | None:
        """The form that the options of a call ask for; ``None`` if any answer will do.

        Raises ConfigurationError for a ``response_format`` of an unknown kind.
        """
        schema = read_response_format(options.get("response_format"))
        tools = {each["function"]["name"]: each["function"]["parameters"] for each in options.get(ANSWER_TOOLS, ())}
        if schema is not None:
            return cls(schema, {})
        if not tools:
            return None
        return cls(next(iter(tools.values())) if len(tools) == 1 else {"anyOf": list(tools.values())}, tools)

    async def answer(self, ask: Ask, messages: Sequence[BaseMessage], *, is_chatflow: bool) -> ChatResult:
        """Ask for the answer, and have it repaired once if it does not fit.

        Calls of client plugins and questions of a chatflow are returned as they are. Raises OutputParserException if
        the repaired answer does not fit, either.
        """
        result = await ask(messages, {"answer_prompt": schema_prompt(self.schema)})
        first = _message(result)
        if first.tool_calls or first.response_metadata.get("status") in REQUIRES_ACTION:
            return result
        answers = [first]
        for repairs_left in range(_REPAIRS, -1, -1):
            try:
                value = parse_answer(answers[-1].text, self.schema, self.schema)
                return _result(self._fill(first, value), answers)
            except OutputParserException as error:
                if not repairs_left:
                    raise
                question = repair_prompt(self.schema, error.llm_output or "", error.observation or "")
            repaired = await ask([HumanMessage(question)], outside_conversation(is_chatflow=is_chatflow))
            answers.append(_message(repaired))
        raise AssertionError

    def _fill(self, answer: AIMessage, value: object) -> AIMessage:
        if not self.tools:
            return answer.model_copy(update={"content": json.dumps(value, ensure_ascii=False)})
        name = next(name for name, schema in self.tools.items() if not schema_errors(value, schema))
        call = tool_call(name=name, args=cast("dict[str, Any]", value), id=f"call_{uuid4().hex}")
        metadata = {**answer.response_metadata, "finish_reason": "tool_calls"}
        return answer.model_copy(update={"content": "", "tool_calls": [call], "response_metadata": metadata})


def fulfilled_options(options: Mapping[str, object]) -> frozenset[str]:
    """The options about tools that an answer in a form fulfils: it fits the schema, and it is one call if any."""
    if AnswerForm.of_options(options) is None:
        return frozenset()
    return frozenset({"strict", "parallel_tool_calls", *(["tool_choice"] if options.get(ANSWER_TOOLS) else [])})


def read_response_format(given: object) -> Schema | None:
    """The JSON schema in a ``response_format``: OpenAI's ``json_schema``, nested or flat, ``json_object``, or a class.

    ``None`` for ``None`` and ``{"type": "text"}``. Raises ConfigurationError for anything else.
    """
    if given is None or given == {"type": "text"}:
        return None
    if given == {"type": "json_object"}:
        return {"type": "object"}
    if isinstance(given, type) and is_basemodel_subclass(given):
        return convert_to_json_schema(given)
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "json_schema":
        form = cast("dict[str, Any]", given)
        schema = form.get("json_schema", form).get("schema")
        if isinstance(schema, dict):
            return cast("Schema", schema)
    raise ConfigurationError(
        f"response_format has no JSON schema: {given!r:.200}",
        cure='Give a pydantic class, or {"type": "json_schema", "json_schema": {"name": …, "schema": …}}',
    )


def split_answer_tools(tools: Sequence[Any], tool_choice: object) -> tuple[list[Any], list[Any]]:
    """Split the tools of ``bind_tools`` into those that run, and the schemas of a ToolStrategy, which only hold JSON.

    LangChain gives the schemas as tools without a function, and forces the model to call a tool.
    """
    if tool_choice not in _FORCED:
        return list(tools), []
    from langchain_core.tools import StructuredTool

    schemas = [tool for tool in tools if isinstance(tool, StructuredTool) and not (tool.func or tool.coroutine)]
    return [tool for tool in tools if tool not in schemas], schemas


def convert_to_one_chunk(result: ChatResult) -> ChatGenerationChunk:
    """The whole answer as one chunk of a stream."""
    message = _message(result)
    fields = ("content", "id", "additional_kwargs", "response_metadata", "tool_calls", "usage_metadata")
    given = {name: getattr(message, name) for name in fields}
    return ChatGenerationChunk(message=AIMessageChunk(**given, chunk_position="last"))


def _message(result: ChatResult) -> AIMessage:
    return cast("AIMessage", result.generations[0].message)


def _result(message: AIMessage, answers: Sequence[AIMessage]) -> ChatResult:
    """The result, with the usage of all chats."""
    usage = None
    for answer in answers:
        usage = add_usage(usage, answer.usage_metadata)
    known = any(answer.usage_metadata for answer in answers)
    message = message.model_copy(update={"usage_metadata": usage if known else None})
    return ChatResult(generations=[ChatGeneration(message=message)])
