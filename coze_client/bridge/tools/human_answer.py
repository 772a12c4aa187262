"""Whether Coze can take a human's answer to a workflow's question; pure.

Coze takes few answers for one question, and an answer that it cannot take may end the run. So such an answer is refused
before it is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.api.workflows.values import Interrupt, WorkflowParameter
from coze_client.core.json_schema import schema_errors

_QUESTION, _INPUT = 2, 5


def answer_problem(interrupt: Interrupt, answer: object) -> str:
    """Why Coze cannot take `answer` (text or a JSON value); "" if it may take it.

    A question needs text, an input node a JSON object with its fields; numbers and booleans may be text. Answers to
    other interrupts are not checked.
    """
    fields = form_fields(interrupt)
    if interrupt.type not in (_QUESTION, _INPUT) and not fields:
        return ""
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        return "The answer is empty"
    return "" if interrupt.type == _QUESTION else _form_problem(fields, answer)


def form_fields(interrupt: Interrupt) -> dict[str, WorkflowParameter]:
    """The fields of an input node by name: from the required parameters, else from the data, else none."""
    if interrupt.required_parameters:
        return interrupt.required_parameters
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        content = json.loads(json.loads(interrupt.data)["content"])
        return {
            str(each["name"]): WorkflowParameter(type=str(each.get("type")), required=each.get("required") is True)
            for each in content
        }
    return {}


def _form_problem(fields: Mapping[str, WorkflowParameter], answer: object) -> str:
    wanted = ", ".join(f"{name} ({field.type})" for name, field in fields.items())
    given = answer
    if isinstance(answer, str):
        try:
            given = json.loads(answer)
        except ValueError:
            given = None
    if not isinstance(given, dict):
        return f"The answer must be a JSON object{f' with {wanted}' if wanted else ''}"
    problems = [problem for name, field in fields.items() if (problem := _field_problem(name, field, given.get(name)))]
    return "; ".join(problems)


def _field_problem(name: str, field: WorkflowParameter, value: object) -> str:
    if value is None or value == "":
        return f"{name} is missing" if field.required and field.default_value is None else ""
    schema = WorkflowSignature.of_parameters({name: field}).schema["properties"].get(name)
    problems = schema_errors(_read_text(value, schema), schema) if schema else []
    return f"{name} must be {field.type}: {problems[0]}" if problems else ""


def _read_text(value: object, schema: Mapping[str, object]) -> object:
    """The value in a text, where a form wants a number, a boolean, an object or a list: people type it."""
    if schema.get("type") == "string" or not isinstance(value, str):
        return value
    try:
        return cast("object", json.loads(value.strip().lower() if schema.get("type") == "boolean" else value))
    except ValueError:
        return value
