"""Validating values against JSON schemas."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from coze_client.core.json_schema import convert_to_model, resolve_schema, schema_errors

TREE: dict[str, Any] = {
    "$defs": {
        "Node": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}}}
    },
    "$ref": "#/$defs/Node",
}
FITS: list[tuple[object, dict[str, Any]]] = [
    ({"a": 1, "other": True}, {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),
    (3.0, {"type": "integer"}),
    (None, {"type": ["string", "null"]}),
    ([1, "a"], {"items": {"anyOf": [{"type": "integer"}, {"enum": ["a"]}]}}),
    ({"next": {"next": None}}, TREE),
    ("x", {"const": "x"}),
    ("anything", {}),
    ({}, {"type": "unheard-of"}),
]
INVALID: list[tuple[object, dict[str, Any], str]] = [
    ({}, {"required": ["a"]}, "$.a is missing"),
    ({"a": "1"}, {"properties": {"a": {"type": "integer"}}}, "$.a is not of type integer"),
    (True, {"type": "number"}, "$ is not of type number"),
    (1.5, {"type": "integer"}, "$ is not of type integer"),
    (float("inf"), {"type": "integer"}, "$ is not of type integer"),
    ([1, "b"], {"items": {"type": "integer"}}, "$[1] is not of type integer"),
    ("c", {"enum": ["a", "b"]}, "$ is none of 'a', 'b'"),
    ("c", {"const": "a"}, "$ is not 'a'"),
    ({"b": 1}, {"properties": {"a": {}}, "additionalProperties": False}, "$.b is not allowed"),
    ({"b": 1}, {"additionalProperties": {"type": "string"}}, "$.b is not of type string"),
    (1, {"oneOf": [{"type": "string"}, {"type": "null"}]}, "$ fits none of 2 alternatives"),
    (1, {"allOf": [{"type": "number"}, {"type": "string"}]}, "$ is not of type string"),
    ({"next": {"next": 5}}, TREE, "$.next fits none of 2 alternatives"),
]


def test_a_reference_that_leads_to_itself_alone_asks_for_nothing() -> None:
    around = {"$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A", "title": "b"}}, "$ref": "#/$defs/A"}
    assert schema_errors(1, around) == []
    assert resolve_schema(around, around) == {}


@pytest.mark.parametrize(("value", "schema"), FITS)
def test_what_fits_has_no_misfits(value: object, schema: dict[str, Any]) -> None:
    assert schema_errors(value, schema) == []


@pytest.mark.parametrize(("value", "schema", "error"), INVALID)
def test_an_invalid_value_yields_its_path_and_the_reason(value: object, schema: dict[str, Any], error: str) -> None:
    assert schema_errors(value, schema) == [error]


@pytest.mark.parametrize(
    ("kind", "fits", "misfit"),
    [
        ("string", "a", {}),
        ("integer", 2, "a"),
        ("number", 2.5, "a"),
        ("boolean", False, "a"),
        ("null", None, "a"),
        ("object", {"a": 1}, "a"),
        ("array", [1], "a"),
        ("unheard-of", "a", None),
    ],
)
def test_a_model_of_a_schema_takes_values_of_its_types_and_no_other(kind: str, fits: object, misfit: object) -> None:
    model = convert_to_model("Made", {"properties": {"member": {"type": kind}}, "required": ["member"]})
    assert model.model_validate({"member": fits}).model_dump() == {"member": fits}
    if misfit is not None:
        with pytest.raises(ValidationError):
            model.model_validate({"member": misfit})
