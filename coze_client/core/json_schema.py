"""Validates values against a JSON schema, and makes pydantic models of schemas.

https://json-schema.org/draft/2020-12/json-schema-validation: type, enum, const, properties, required,
additionalProperties, items, anyOf, oneOf, allOf and local $ref. Other keywords are ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Annotated, Any, ClassVar, Literal, Union, cast

from pydantic import BaseModel, ConfigDict, Field, SkipValidation, create_model

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
    """The reasons why `value` is invalid under `schema`, each with its path like ``$.cities[0].name``; empty if valid.

    `root` is the document that references point into; give it if `schema` is a part of a larger one.
    """
    return list(_errors(value, schema, root or schema, "$"))


def resolve_schema(schema: object, root: Schema) -> Schema:
    """A schema with its references into `root` followed; of "this or null" only "this" stays."""
    while isinstance(schema, dict) and "$ref" in schema:
        schema = _follow(str(schema["$ref"]), root)
    if not isinstance(schema, dict):
        return {}
    choices = [choice for choice in _schemas(schema, "anyOf") if choice != {"type": "null"}]
    return resolve_schema(choices[0], root) if len(choices) == 1 else cast("Schema", schema)


def _errors(value: object, schema: object, root: Schema, path: str) -> Iterator[str]:
    if schema is False:
        yield f"{path} is not allowed"
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _errors(value, _follow(str(schema["$ref"]), root), root, path)
    yield from _value_errors(value, schema, path)
    for each in _schemas(schema, "allOf"):
        yield from _errors(value, each, root, path)
    for choices in (_schemas(schema, "anyOf"), _schemas(schema, "oneOf")):
        if choices and all(any(_errors(value, choice, root, path)) for choice in choices):
            yield f"{path} fits none of {len(choices)} alternatives"
    if isinstance(value, dict):
        yield from _member_errors(cast("Mapping[str, object]", value), schema, root, path)
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _errors(item, schema.get("items"), root, f"{path}[{number}]")


def _value_errors(value: object, schema: Schema, path: str) -> Iterator[str]:
    kinds = schema.get("type")
    names = [str(kind) for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind in _TYPES]
    if names and not any(_TYPES[name](value) for name in names):
        yield f"{path} is not of type {' or '.join(names)}"
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        yield f"{path} is none of {', '.join(map(repr, choices))}"
    if "const" in schema and value != schema["const"]:
        yield f"{path} is not {schema['const']!r}"


def _member_errors(value: Mapping[str, object], schema: Schema, root: Schema, path: str) -> Iterator[str]:
    required, known = schema.get("required"), schema.get("properties")
    properties = cast("Schema", known) if isinstance(known, dict) else {}
    for name in required if isinstance(required, list) else ():
        if name not in value:
            yield f"{path}.{name} is missing"
    for name, member in value.items():
        yield from _errors(member, properties.get(name, schema.get("additionalProperties")), root, f"{path}.{name}")


def _schemas(schema: Schema, name: str) -> list[object]:
    found = schema.get(name)
    return list(found) if isinstance(found, list) else []


def _follow(reference: str, root: Schema) -> object:
    """The schema that a reference points to; ``None``, which accepts any value, for a circular reference."""
    found = first = _look_up(reference, root)
    followed = {reference}
    while isinstance(found, dict) and "$ref" in found:
        following = str(found["$ref"])
        if following in followed:
            return None
        followed.add(following)
        found = _look_up(following, root)
    return first


def _look_up(reference: str, root: Schema) -> object:
    found: object = root
    for step in reference.lstrip("#/").split("/") if reference != "#" else ():
        found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
    return found


_NO_TEXT = ("object", "array", "number", "integer", "boolean")
_SCALARS: Mapping[str, object] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": None,
    "object": dict[str, Any],
    "array": list[Any],
}


class SchemaModel(BaseModel):
    """A model made of a JSON schema, which it returns unchanged; its validator is built at its first use."""

    model_config = ConfigDict(populate_by_name=True, defer_build=True)
    _schema: ClassVar[Schema] = {}

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:  # pydantic's options are ignored
        return deepcopy(dict(cls._schema))


def convert_to_model(name: str, schema: Schema) -> type[BaseModel]:
    """A pydantic model for an object's schema; ``model_json_schema`` returns exactly `schema`.

    A member whose name pydantic does not allow gets another field name, and its own name as alias. Recursive parts
    accept any JSON.
    """
    model = _object(name, schema, schema)
    model._schema = schema
    return model


def describe_as_model(name: str, schema: Schema, *, absent: object) -> type[SchemaModel]:
    """A pydantic model for an object's schema that keeps each value as it is given, without validation.

    ``model_json_schema`` returns exactly `schema`. A member that is not given has the value `absent`, whatever its
    default in the schema. Names are as in ``convert_to_model``.
    """
    properties = cast("Mapping[str, Schema]", schema.get("properties") or {})
    names = _field_names(properties)
    fields = {names[member]: _unvalidated(member, inner, schema, absent) for member, inner in properties.items()}
    model: type[SchemaModel] = create_model(name, __base__=SchemaModel, **cast("dict[str, Any]", fields))
    model._schema = schema
    return model


def _unvalidated(member: str, inner: Schema, root: Schema, absent: object) -> tuple[object, object]:
    default = ... if member in cast("list[str]", root.get("required") or []) else absent
    # MCP servers parse texts as JSON where the annotation is not `str`.
    kind: Any = Any if resolve_schema(inner, root).get("type") in _NO_TEXT else str
    return Annotated[kind, SkipValidation], Field(
        default, alias=member, description=cast("str | None", inner.get("description"))
    )


def _object(name: str, schema: Schema, root: Schema) -> type[SchemaModel]:
    properties = cast("Schema", schema.get("properties") or {})
    required = cast("list[str]", schema.get("required") or [])
    names = _field_names(properties)
    fields = {
        names[member]: _field(member, names[member], cast("Schema", inner), root, needed=member in required)
        for member, inner in properties.items()
    }
    model: type[SchemaModel] = create_model(name, __base__=SchemaModel, **cast("dict[str, Any]", fields))
    for member, inner in properties.items():  # set here, since Field(description=…) would double the total time
        model.model_fields[names[member]].description = cast("dict[str, str | None]", inner).get("description")
    return model


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
    """`root` without the definition that is being followed, so that a recursive schema ends there."""
    definitions = cast("Schema", root.get("$defs") or {})
    return {**root, "$defs": {name: each for name, each in definitions.items() if reference != f"#/$defs/{name}"}}


def _field_names(members: Iterable[str]) -> dict[str, str]:
    """A unique field name for each member."""
    names = {member: member for member in members if _field_name(member) == member}
    for member in members:
        name = _field_name(member)
        while member not in names and name in names.values():
            name += "_"
        names.setdefault(member, name)
    return names


def _field_name(name: str) -> str:
    """A name that pydantic allows: no leading underscore, and not the name of one of its own methods."""
    plain = name.lstrip("_") or "field"
    return f"{plain}_field" if plain != name or hasattr(BaseModel, plain) or plain.startswith("model_") else plain
