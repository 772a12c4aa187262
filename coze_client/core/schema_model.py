"""A JSON schema as a pydantic model, for frameworks that ask for one; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any, ClassVar, Literal, Union, cast

from pydantic import BaseModel, ConfigDict, Field, create_model

from coze_client.core.json_schema import Schema, resolve_schema

_SCALARS: Mapping[str, object] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": None,
    "object": dict[str, Any],
    "array": list[Any],
}


class _Told(BaseModel):
    """A model whose JSON schema is the one that it was made of; its validator is built when it is first used."""

    model_config = ConfigDict(populate_by_name=True, defer_build=True)
    _schema: ClassVar[Schema] = {}

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:  # pydantic's options change nothing
        return deepcopy(dict(cls._schema))


def convert_to_model(name: str, schema: Schema) -> type[BaseModel]:
    """A model of an object's schema, whose own JSON schema is `schema`.

    Members whose names no field may have are known by alias. Recursive parts are any JSON.
    """
    made = _object(name, schema, schema)
    made._schema = schema
    return made


def _object(name: str, schema: Schema, root: Schema) -> type[_Told]:
    properties = cast("Schema", schema.get("properties") or {})
    required = cast("list[str]", schema.get("required") or [])
    names = _field_names(properties)
    fields = {
        names[member]: _field(member, names[member], cast("Schema", inner), root, needed=member in required)
        for member, inner in properties.items()
    }
    made: type[_Told] = create_model(name, __base__=_Told, **cast("dict[str, Any]", fields))
    for member, inner in properties.items():  # given to each Field, they would double the time that all of this takes
        made.model_fields[names[member]].description = cast("dict[str, str | None]", inner).get("description")
    return made


def _field(member: str, name: str, schema: Schema, root: Schema, *, needed: bool) -> tuple[object, object]:
    kind = _type(member, schema, root)
    kind, default = (kind, ...) if needed else (_union([kind, None]), schema.get("default"))
    return kind, default if name == member else Field(default, alias=member)


def _type(name: str, schema: Schema, root: Schema) -> Any:  # a type, made at run time
    if "$ref" in schema:
        return _type(name, resolve_schema(schema, root), _root_without(str(schema["$ref"]), root))
    if choices := schema.get("enum"):
        return Literal[tuple(cast("list[str]", choices))]
    if alternatives := cast("list[Schema]", schema.get("anyOf") or schema.get("oneOf") or []):
        return _union(_type(name, each, root) for each in alternatives)
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union(_type(name, {**schema, "type": each}, root) for each in kind)
    if kind == "object" and schema.get("properties"):
        return _object(name.title(), schema, root)
    if kind == "array" and isinstance(schema.get("items"), dict):
        return list[_type(name, cast("Schema", schema["items"]), root)]  # type: ignore[misc]  # made at run time
    return _SCALARS.get(str(kind), Any)


def _union(types: Iterable[object]) -> Any:  # a type, made at run time
    return Union[tuple(types)]  # noqa: UP007 - of types that are known only now


def _root_without(reference: str, root: Schema) -> Schema:
    """`root` without a definition that is being followed, in which it ends if it leads to itself."""
    definitions = cast("Schema", root.get("$defs") or {})
    return {**root, "$defs": {name: each for name, each in definitions.items() if reference != f"#/$defs/{name}"}}


def _field_names(members: Iterable[str]) -> dict[str, str]:
    """A field's name for each member, no two the same."""
    names = {member: member for member in members if _field_name(member) == member}
    for member in members:
        name = _field_name(member)
        while member not in names and name in names.values():
            name += "_"
        names.setdefault(member, name)
    return names


def _field_name(name: str) -> str:
    """A field's name: pydantic has no fields that begin with an underscore or are called like its own methods."""
    plain = name.lstrip("_") or "field"
    return f"{plain}_field" if plain != name or hasattr(BaseModel, plain) or plain.startswith("model_") else plain
