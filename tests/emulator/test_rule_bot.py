"""The values that the bot "assistant" makes up for JSON schemas."""

from __future__ import annotations

import pytest

from coze_client.emulator.scripting.rule_bot import Schema, arguments_for, fill

PROMPT = "Book 'Chez Ada' for 2.5 hours, please."


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"const": "fixed"}, "fixed"),
        ({"const": None, "type": "string"}, None),
        ({"enum": ["bike", "book"]}, "book"),
        ({"enum": ["bike", "car"]}, "bike"),
        ({"type": "null"}, None),
        ({"type": ["integer", "null"]}, 2),
        ({"type": ["null", "string"]}, None),
        ({"type": "number"}, 2.5),
        ({"type": "boolean"}, True),
        ({"type": "string"}, "Chez Ada"),
        ({}, "Chez Ada"),
        ({"type": "array"}, ["Chez Ada"]),
        ({"type": "array", "items": {"type": "integer"}}, [2]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, 2),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, "a"),
        ({"allOf": [{"anyOf": [{"type": "number"}]}]}, 2.5),
        ({"$ref": "#/$defs/Place"}, {"name": "Chez Ada"}),
        ({"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}]}, {"name": "Chez Ada"}),
        ({"$ref": "#/$defs/Unknown"}, "Chez Ada"),
        ({"type": "object"}, {}),
        ({"properties": {"a": {"const": 1}, "b": {"const": 2}}}, {"a": 1, "b": 2}),
        ({"properties": {"a": {"const": 1}, "b": {"const": 2}}, "required": ["b"]}, {"b": 2}),
    ],
    ids=str,
)
def test_a_value_is_made_up_by_its_schema(schema: Schema, value: object) -> None:
    root = {"$defs": {"Place": {"type": "object", "properties": {"name": {"type": "string"}}}}}
    assert fill(schema, root, PROMPT) == value


@pytest.mark.parametrize(("kind", "value"), [("integer", 1), ("number", 1.0)])
def test_without_a_number_in_the_prompt_it_is_one(kind: str, value: float) -> None:
    assert fill({"type": kind}, {}, "No digits here.") == value


@pytest.mark.parametrize("plugin", [{"name": "clock"}, {"name": "clock", "parameters": None}])
def test_a_plugin_without_parameters_gets_no_arguments(plugin: Schema) -> None:
    assert arguments_for(plugin, PROMPT) == {}


def test_parameters_that_are_no_object_give_no_arguments() -> None:
    assert arguments_for({"name": "clock", "parameters": {"type": "string"}}, PROMPT) == {}
