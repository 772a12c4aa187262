"""Read the inputs and outputs of a function from its annotations."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import Field

from coze_client.emulator.scripting.parameters import (
    InputParameter,
    Tree,
    convert_annotation,
    convert_schema,
    with_default,
)
from coze_client.emulator.scripts import Turn

_ARGUMENT = re.compile(r"^\s+(\w+): (.+)$", re.MULTILINE)
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
CHATFLOW_INPUTS: dict[str, Tree] = {
    "USER_INPUT": {"type": "string", "required": False},
    "CONVERSATION_NAME": {"type": "string", "required": False, "description": "", "default_value": ""},
}


@dataclass(frozen=True)
class Signature:
    """The `parameters` of a function by name, and the JSON Schema of its result, `returns`.

    `question` is the name of the parameter of a chatflow that gets the user's message; with `whole_turn` it gets a
    `Turn`.
    """

    parameters: dict[str, InputParameter]
    returns: dict[str, Any]  # empty without an annotation
    question: str = ""
    whole_turn: bool = False

    @property
    def input(self) -> dict[str, object]:
        """The value of `input` in API replies."""
        trees = {name: parameter.tree for name, parameter in self.parameters.items()}
        return {"parameters": {**CHATFLOW_INPUTS, **trees} if self.question else trees}

    @property
    def output(self) -> dict[str, object]:
        """The value of `output` in API replies; an end node that returns text has a template instead of variables."""
        if self.returns == {"type": "string"}:
            answer = {"terminate_plan": "use_answer_content", "content": "{{output}}"}
            return {"parameters": {"output": {"type": "string"}}, **answer}
        tree = convert_schema(self.returns) if self.returns else {"type": "object"}
        variables = tree.get("properties", {}) if tree["type"] == "object" else {"output": tree}
        return {"parameters": variables, "terminate_plan": "return_variables"}


def read_signature(function: Callable[..., object], *, chatflow: bool = False) -> Signature:
    """Read a signature; parameters without annotation are strings. TypeError if one cannot be a parameter of Coze."""
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"{function.__name__}: {error}; define it at the top level of the module") from error
    named = list(inspect.signature(function).parameters.values())
    if unnamed := [each.name for each in named if each.kind not in NAMED]:
        raise TypeError(f"{function.__name__}: {', '.join(unnamed)} cannot be given by name")
    question = named[0].name if chatflow and named else ""
    descriptions = dict(_ARGUMENT.findall(function.__doc__ or ""))
    parameters = {
        each.name: _parameter(each, hints.get(each.name, str), descriptions.get(each.name, ""))
        for each in named
        if each.name != question
    }
    result = _result(hints.get("return"))
    returns = {} if result in (None, type(None)) else convert_annotation(result).schema
    return Signature(parameters, returns, question, hints.get(question) is Turn)


def summary(function: Callable[..., object]) -> str:
    """Return the first paragraph of a function's docstring, on one line."""
    return " ".join((function.__doc__ or "").strip().partition("\n\n")[0].split())


def _parameter(each: inspect.Parameter, hint: object, description: str) -> InputParameter:
    parameter = convert_annotation(_with_field(hint))
    parameter = replace(parameter, description=parameter.description or description)
    return parameter if each.default is each.empty else with_default(parameter, each.default)


def _with_field(hint: object) -> object:
    """Convert `Annotated[str, "a description"]` to pydantic's form."""
    if get_origin(hint) is not Annotated:
        return hint
    inner, *notes = get_args(hint)
    read = [Field(description=note) if isinstance(note, str) else note for note in notes]
    for note in read:
        inner = Annotated[inner, note]
    return inner


def _result(returned: object) -> object:
    """Return the type of a generator's return value; None if its annotation does not contain it."""
    if get_origin(returned) is Generator:
        return get_args(returned)[2]
    return None if get_origin(returned) in (Iterator, Iterable) else returned
