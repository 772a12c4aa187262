"""Does a value fit a JSON schema? The part of the standard that frameworks write and bots are asked for; pure.

https://json-schema.org/draft/2020-12/json-schema-validation: type, enum, const, properties, required,
additionalProperties, items, anyOf, oneOf, allOf and local $ref; other keywords are not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, ClassVar, Literal, Union, cast

from pydantic import BaseModel, ConfigDict, Field, create_model

Schema = Mapping[str, object]

_TYPES: Mapping[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value % 1 == 0,
}


def schema_errors(value: object, schema: Schema, root: Schema | None = None) -> list[str]:
    """Why `value` does not fit `schema`, each with its place like ``$.cities[0].name``; empty if it does.

    `root` is what references point into, if `schema` is a part of something larger.
    """
    return list(_misfits(value, schema, root or schema, "$"))


def resolve_schema(schema: object, root: Schema) -> Schema:
    """What a schema says: references into `root` followed, and of what may also be null, what it is otherwise."""
    while isinstance(schema, dict) and "$ref" in schema:
        schema = _referred(str(schema["$ref"]), root)
    if not isinstance(schema, dict):
        return {}
    choices = [choice for choice in _schemas(schema, "anyOf") if choice != {"type": "null"}]
    return resolve_schema(choices[0], root) if len(choices) == 1 else cast("Schema", schema)


def _misfits(value: object, schema: object, root: Schema, place: str) -> Iterator[str]:
    if schema is False:
        yield f"{place} is not allowed"
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _misfits(value, _referred(str(schema["$ref"]), root), root, place)
    yield from _own_misfits(value, schema, place)
    for each in _schemas(schema, "allOf"):
        yield from _misfits(value, each, root, place)
    for choices in (_schemas(schema, "anyOf"), _schemas(schema, "oneOf")):
        if choices and all(any(_misfits(value, choice, root, place)) for choice in choices):
            yield f"{place} fits none of {len(choices)} alternatives"
    if isinstance(value, dict):
        yield from _member_misfits(cast("Mapping[str, object]", value), schema, root, place)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _misfits(item, schema.get("items"), root, f"{place}[{number}]")


def _own_misfits(value: object, schema: Schema, place: str) -> Iterator[str]:
    kinds = schema.get("type")
    names = [str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind in _TYPES]
    if names and not any(_TYPES[name](value) for name in names):
        yield f"{place} is not of type {' or '.join(names)}"
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        yield f"{place} is none of {', '.join(map(repr, choices))}"
    if "const" in schema and value != schema["const"]:
        yield f"{place} is not {schema['const']!r}"


def _member_misfits(value: Mapping[str, object], schema: Schema, root: Schema, place: str) -> Iterator[str]:
    required, known = schema.get("required"), schema.get("properties")
    properties = cast("Schema", known) if isinstance(known, dict) else {}
    for name in required if isinstance(required, list) else ():
        if name not in value:
            yield f"{place}.{name} is missing"
    for name, member in value.items():
        yield from _misfits(member, properties.get(name, schema.get("additionalProperties")), root, f"{place}.{name}")


def _schemas(schema: Schema, name: str) -> list[object]:
    found = schema.get(name)
    return list(found) if isinstance(found, list) else []


def _referred(reference: str, root: Schema) -> object:
    """What a reference leads to; nothing, which everything fits, if it only leads to itself."""
    found = first = _at(reference, root)
    followed = {reference}
    while isinstance(found, dict) and "$ref" in found:
        following = str(found["$ref"])
        if following in followed:
            return None
        followed.add(following)
        found = _at(following, root)
    return first


def _at(reference: str, root: Schema) -> object:
    found: object = root
    for step in reference.lstrip("#/").split("/") if reference != "#" else ():
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


_SCALARS: Mapping[str, object] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": None,
    "object": dict[str, Any],
    "array": list[Any],
}


class _SchemaModel(BaseModel):
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


def _object(name: str, schema: Schema, root: Schema) -> type[_SchemaModel]:
    properties = cast("Schema", schema.get("properties") or {})
    required = cast("list[str]", schema.get("required") or [])
    names = _field_names(properties)
    fields = {
        names[member]: _field(member, names[member], cast("Schema", inner), root, needed=member in required)
        for member, inner in properties.items()
    }
    made: type[_SchemaModel] = create_model(name, __base__=_SchemaModel, **cast("dict[str, Any]", fields))
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
