"""Forced tool calls: Coze cannot force a bot to call a tool, so the bot is asked for the call as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from llama_index.core.base.llms.types import ToolCallBlock
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.program.function_program import get_function_tool
from llama_index.core.tools import BaseTool

from coze_client.bridge.chat.schema_prompt import extract_json
from coze_client.core.json_schema import schema_errors
from coze_client.core.json_text import dump_json
from coze_client.errors import ConfigurationError
from llama_index_coze.structured_prediction import Ask, answer_json

Schema = dict[str, Any]
_ANY = ("any", "required")
_DEFINITIONS = ("$defs", "definitions")


class ForcedTools(NamedTuple):
    """The tools of which the bot must call one, or with `several` at least one."""

    parameters: Mapping[str, Schema]
    descriptions: Mapping[str, str]
    several: bool

    async def call(
        self, ask: Ask, messages: Sequence[ChatMessage], options: Mapping[str, Any], *, repairs: int
    ) -> ChatResponse:
        """Ask for the call, and return the answer with the calls as blocks, and in OpenAI's form for programs' streams.

        A call that the bot makes by itself is returned as it is. Raises ValueError if no answer is a valid call.
        """
        answer, calls = await answer_json(
            ask, self.schema, self._read, messages, options, repairs=repairs, words=self._words
        )
        if not calls:
            return answer
        blocks = [
            ToolCallBlock(tool_call_id=f"forced_{number}", tool_name=name, tool_kwargs=arguments)
            for number, (name, arguments) in enumerate(calls)
        ]
        kwargs = {**answer.message.additional_kwargs, "tool_calls": [_openai_call(block) for block in blocks]}
        message = answer.message.model_copy(update={"blocks": blocks, "additional_kwargs": kwargs})
        return answer.model_copy(update={"message": message})

    @property
    def schema(self) -> Schema:
        """The schema of the answer: the arguments of the only tool, or the name of a tool and its arguments."""
        definitions: Schema = {}
        if len(self.parameters) == 1:
            (schema,) = self.parameters.values()
            definitions = {name: schema[name] for name in _DEFINITIONS if name in schema}
            one = {name: value for name, value in schema.items() if name not in _DEFINITIONS}
        else:
            members = {"tool": {"enum": list(self.parameters)}, "arguments": {"type": "object"}}
            one = {"type": "object", "properties": members, "required": list(members)}
        return {"type": "array", "items": one, "minItems": 1, **definitions} if self.several else {**one, **definitions}

    @property
    def _words(self) -> str:
        lines = [f"{name}: {description}" for name, description in self.descriptions.items()]
        if len(self.parameters) == 1:
            return "\n".join(["Give the arguments for this tool.", *lines])
        schemas = [f"The arguments of {name} fit {schema}" for name, schema in self.parameters.items()]
        return "\n".join(["Choose the tool that fits, and give its arguments.", *lines, *schemas])

    def _read(self, answer: ChatResponse) -> list[tuple[str, dict[str, Any]]]:
        if any(isinstance(block, ToolCallBlock) for block in answer.message.blocks):
            return []
        value = extract_json(answer.message.content or "")
        if self.several and not (isinstance(value, list) and value):
            raise ValueError("it must be a list with at least one call")
        values = cast("list[object]", value) if self.several else [value]
        return [self._read_call(each) for each in values]

    def _read_call(self, value: object) -> tuple[str, dict[str, Any]]:
        call = cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
        names = list(self.parameters)
        name, arguments = (names[0], value) if len(names) == 1 else (call.get("tool"), call.get("arguments"))
        if name not in names:
            raise ValueError(f"the tool must be one of {', '.join(names)}, not {name!r}")
        if problems := schema_errors(arguments, self.parameters[str(name)]):
            raise ValueError("; ".join(problems))
        if not isinstance(arguments, dict):
            raise ValueError("the arguments must be a JSON object")  # noqa: TRY004 - what the bot is told to repair
        return str(name), cast("dict[str, Any]", arguments)


def forced_tools(
    tools: Sequence[BaseTool], choice: object, *, required: bool, several: bool = False
) -> ForcedTools | None:
    """The tools that `choice` (LlamaIndex's ``tool_choice``) or `required` forces; ``None`` if the bot is free.

    The tool of a ``FunctionCallingProgram`` is always forced: it only holds a schema, and the streams of a program do
    not pass `required` on.

    Raises ConfigurationError for a choice that is not among the tools.
    """
    name = _chosen_name(choice)
    is_forced = required or name is not None or choice in _ANY or any(map(_holds_schema, tools))
    if not tools or not is_forced:
        return None
    chosen = [tool for tool in tools if name is None or tool.metadata.get_name() == name]
    if not chosen:
        raise ConfigurationError(f"tool_choice names {name}, which is not among the given tools")
    parameters = {tool.metadata.get_name(): tool.metadata.get_parameters_dict() for tool in chosen}
    return ForcedTools(parameters, {tool.metadata.get_name(): tool.metadata.description for tool in chosen}, several)


def _openai_call(block: ToolCallBlock) -> dict[str, object]:
    """A call as LlamaIndex's ``process_streaming_objects`` looks for it: without it, a program reads the text."""
    function = {"name": block.tool_name, "arguments": dump_json(block.tool_kwargs)}
    return {"id": block.tool_call_id, "type": "function", "function": function}


def _holds_schema(tool: BaseTool) -> bool:
    """True if LlamaIndex's ``get_function_tool`` made the tool for a program."""
    made_in = getattr(getattr(tool, "real_fn", None), "__qualname__", "")
    return isinstance(made_in, str) and made_in.startswith(f"{get_function_tool.__qualname__}.")


def _chosen_name(choice: object) -> str | None:
    """The tool that a choice names, as text or in OpenAI's form."""
    if isinstance(choice, dict):
        function = choice.get("function", choice)
        return str(function.get("name")) if isinstance(function, dict) and function.get("name") else None
    return choice if isinstance(choice, str) and choice not in ("", "auto", "none", *_ANY) else None
