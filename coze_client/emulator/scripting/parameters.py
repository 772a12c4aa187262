"""One input or output of a workflow: a Python annotation as Coze's parameter tree, and JSON values as Python's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from pydantic import (
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PydanticUndefinedAnnotation,
    PydanticUserError,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, to_jsonable_python

from coze_client.emulator.protocol.stream import to_json

FileNamed: TypeAlias = Callable[[str], str | None]
"""The name of an uploaded file, None if there is none of this id."""

Tree: TypeAlias = dict[str, Any]  # Coze's recursive {type, required, description, default_value, items, properties}
TIMES = frozenset({"date-time", "date", "time"})


class FileKind(NamedTuple):
    """Marks a string as a file: on the wire its URL or `{"file_id": …}`, in the function its URL or name."""

    kind: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(_read_file, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "file_kind": self.kind}


def _read_file(value: str, info: ValidationInfo) -> str:
    if value.startswith(("http://", "https://")):
        return value
    try:
        file_id = json.loads(value)["file_id"]
    except (ValueError, TypeError, KeyError):
        raise PydanticCustomError("file", 'a file is a URL, or the JSON text of {"file_id": …}') from None
    name = info.context["file_name"](str(file_id)) if info.context else str(file_id)
    if name is None:
        raise PydanticCustomError("file", "there is no file {id}", {"id": str(file_id)})
    return str(name)


@dataclass(frozen=True)
class InputParameter:
    """`adapter` reads its values; `default_value` is text, as Coze tells it."""

    adapter: TypeAdapter[Any]  # of whatever the function says
    required: bool = True
    description: str = ""
    default_value: str | None = None

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema, as pydantic makes it."""
        return self.adapter.json_schema()

    @property
    def tree(self) -> Tree:
        told: Tree = {**convert_schema(self.schema), "required": self.required}
        if self.description:
            told["description"] = self.description
        if self.default_value is not None:
            told["default_value"] = self.default_value
        return told


def convert_annotation(annotation: Any) -> InputParameter:  # any annotation
    """TypeError for what cannot be JSON."""
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        schema = adapter.json_schema()
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        raise TypeError(f"{annotation} cannot be a parameter: {error}") from error
    optional = any(option.get("type") == "null" for option in schema.get("anyOf", ()))
    return InputParameter(adapter, required=not optional, description=schema.get("description", ""))


def with_default(parameter: InputParameter, default: object) -> InputParameter:
    """The parameter, not required; None is no default to tell."""
    plain = to_jsonable_python(default)
    told = None if plain is None else plain if isinstance(plain, str) else to_json(plain)
    return replace(parameter, required=False, default_value=told)


def convert_schema(schema: Mapping[str, Any], definitions: Mapping[str, Any] | None = None) -> Tree:
    """JSON Schema as Coze's tree; of a union its first member that is not null."""
    known: Mapping[str, Any] = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        schema = {**known[schema["$ref"].rpartition("/")[2]], **schema}
    members = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    if members:
        return {**convert_schema(members[0], known), **_described(schema)}
    kind = "time" if schema.get("format") in TIMES else schema.get("type", "string")
    tree: Tree = {"type": schema.get("file_kind", kind), **_described(schema)}
    if kind == "array":
        tree["items"] = convert_schema(schema.get("items", {}), known)
    if "properties" in schema:
        needed = schema.get("required", ())
        tree["properties"] = {
            name: {**convert_schema(part, known), "required": name in needed}
            for name, part in schema["properties"].items()
        }
    return tree


def _described(schema: Mapping[str, Any]) -> Tree:
    return {"description": schema["description"]} if "description" in schema else {}


def read_values(
    parameters: Mapping[str, InputParameter], values: Mapping[str, object], file_name: FileNamed, *, strict: bool = True
) -> dict[str, object]:
    """The values that were given, as Python's; null is absent. ValueError names each that is missing or wrong.

    Unless `strict`, the digits of a number may stand for it, as people fill in forms.
    """
    given = {name: value for name, value in values.items() if name in parameters and value is not None}
    wrong = [f"{name} is required" for name, each in parameters.items() if each.required and name not in given]
    read: dict[str, object] = {}
    for name, value in given.items():
        read[name], found = _read(name, parameters[name], value, file_name, strict=strict)
        wrong += found
    if wrong:
        raise ValueError("; ".join(wrong))
    return read


def _read(
    name: str, parameter: InputParameter, value: object, file_name: FileNamed, *, strict: bool
) -> tuple[object, list[str]]:
    """The value, and what is wrong with it."""
    try:
        return parameter.adapter.validate_json(to_json(value), strict=strict, context={"file_name": file_name}), []
    except ValidationError as error:
        return None, [_told(name, found["loc"], found["msg"]) for found in error.errors()]


def _told(name: str, place: tuple[int | str, ...], what: str) -> str:
    return f"{'.'.join(map(str, (name, *place)))}: {what}"
