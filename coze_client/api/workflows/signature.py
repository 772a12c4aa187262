"""The signature of a workflow: its inputs as JSON schema and pydantic model, and validation of arguments; no I/O.

It comes from Coze's parameter tree (API page: get_workflow_info). coze-studio returns none; there it comes from the
user's pydantic model, JSON schema or Python function.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import to_jsonable_python

from coze_client.api.files.parameter_files import FileArgument
from coze_client.api.workflows.file_arguments import FILE_FORMATS, FileSources, describe_file, find_file
from coze_client.api.workflows.values import WorkflowInfo, WorkflowParameter
from coze_client.core.json_schema import Schema, resolve_schema, schema_errors
from coze_client.core.json_text import load_json
from coze_client.errors import ConfigurationError, InvalidArguments

_log = logging.getLogger("coze_client")

_JSON_TYPES: Mapping[str, str] = {
    "string": "string",
    "time": "string",
    "integer": "integer",
    "int": "integer",
    "number": "number",
    "float": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "object": "object",
    "array": "array",
    "list": "array",
}
_FILE_TYPES = frozenset(
    ("file", "image", "svg", "audio", "video", "voice", "doc", "ppt", "excel", "txt", "code", "zip", "default")
)
_CHATFLOW_INPUTS = frozenset({"USER_INPUT", "CONVERSATION_NAME"})  # a chatflow's own inputs
_RESERVED_NAMES = frozenset({"config", "run_manager", "self", "cls", "ctx", "runtime"})
_warned_types: set[str] = set()

JsonSchema = dict[str, Any]
"""A JSON schema as a dict."""
SignatureLike = Mapping[str, Any] | type[BaseModel] | Callable[..., object]
"""The forms in which a user gives a signature: a JSON schema, a pydantic model, or a Python function."""


class WorkflowSignature:
    """The inputs of a workflow: a JSON schema, a pydantic model, and the validation of arguments.

    ``schema`` is for language models. Names that frameworks reserve (``config``, ``run_manager``, ``self`` …) end with
    an underscore in it; ``check`` accepts both spellings.
    """

    def __init__(self, schema: Mapping[str, Any], model: type[BaseModel] | None = None) -> None:
        self._schema: JsonSchema = {"type": "object", "properties": {}, **schema}
        self._given_model = model
        properties = self._schema["properties"]
        self._names = {_unreserved_name(name, properties): name for name in properties}

    @classmethod
    def of(cls, given: SignatureLike) -> WorkflowSignature:
        """Build a signature from a JSON schema, a pydantic model, or a Python function with annotations.

        The type of a file is ``bytes`` or ``Path``, in a JSON schema ``{"type": "string", "format": "binary"}``. Raises
        ConfigurationError for anything else, and for a schema that is not of type object.
        """
        if isinstance(given, Mapping):
            if given.get("type", "object") != "object":
                raise ConfigurationError(f"A workflow's JSON schema must have the type 'object', not {given['type']!r}")
            return cls(given)
        if isinstance(given, type) and issubclass(given, BaseModel):
            return cls(given.model_json_schema(), given)
        if callable(given):
            return cls.of(_model_of_function(given))
        raise ConfigurationError(f"A signature must be a JSON schema, a pydantic model or a function, not {given!r}")

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, WorkflowParameter]) -> WorkflowSignature:
        """Build a signature from Coze's parameter tree.

        It omits USER_INPUT and CONVERSATION_NAME, which the dialogue of a chatflow fills in.
        """
        declared = {name: parameter for name, parameter in parameters.items() if name not in _CHATFLOW_INPUTS}
        return cls(_convert_parameters(declared))

    @classmethod
    def of_info(cls, info: WorkflowInfo) -> WorkflowSignature:
        """Build a signature from the response of ``client.workflows.retrieve``.

        Raises ConfigurationError if the server returns no inputs, as coze-studio.
        """
        if not info.workflow_detail.workflow_id:
            raise ConfigurationError(
                "This server, like coze-studio, does not return the inputs of a workflow",
                cure="Give a signature: a pydantic model, a JSON schema, or a Python function with annotations",
            )
        return cls.of_parameters((info.input and info.input.parameters) or {})

    @cached_property
    def schema(self) -> JsonSchema:
        """The JSON schema for language models; files are plain strings with a description."""
        properties = self._schema["properties"]
        renamed = {**self._schema, "properties": {alias: properties[name] for alias, name in self._names.items()}}
        if required := self._schema.get("required"):
            aliases = {name: alias for alias, name in self._names.items()}
            renamed["required"] = [aliases.get(name, name) for name in required]
        return cast("JsonSchema", _without_file_formats(renamed))

    @cached_property
    def model(self) -> type[BaseModel]:
        """The ``schema`` as a pydantic model, for frameworks that need one; built on first use."""
        from coze_client.core.json_schema import convert_to_model

        return convert_to_model("Arguments", self.schema)

    def check(self, arguments: Mapping[str, object], files: FileSources | None = None) -> dict[str, object]:
        """Validate arguments and return them under Coze's names, as JSON, with a FileArgument for each file.

        Missing arguments stay missing; ``None`` counts as missing where the schema does not allow it. Defaults of a
        pydantic model or function are filled in; the server fills in those of a JSON schema. `files`: the files that
        arguments may name. Raises InvalidArguments, which names every invalid argument, or the file that may not be
        read.
        """
        given = self._in_order({self._names.get(name, name): value for name, value in arguments.items()})
        converted = _ArgumentConverter(self._schema, files or FileSources()).convert_members(given, self._schema, "")
        if unknown := [name for name in converted if not self._accepts(name)]:
            raise InvalidArguments(f"{', '.join(unknown)}: unknown; the arguments are {', '.join(self._names)}")
        if self._given_model is not None:
            validated = _validate(self._given_model, _files_as_text(converted))
            return cast("dict[str, object]", _restore_files(validated, converted))
        if problems := schema_errors(_files_as_text(converted), self._schema):
            raise InvalidArguments("; ".join(problem.removeprefix("$.") for problem in problems))
        return converted

    def _in_order(self, arguments: Mapping[str, object]) -> dict[str, object]:
        """In the order of the schema, so that the same arguments are the same bytes."""
        known = {name: arguments[name] for name in self._names.values() if name in arguments}
        return {**known, **arguments}

    def _accepts(self, name: str) -> bool:
        return name in self._schema["properties"] or bool(self._schema.get("additionalProperties"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WorkflowSignature) and other._schema == self._schema

    def __reduce__(self) -> tuple[object, ...]:
        return WorkflowSignature, (self._schema, self._given_model)

    __hash__ = None  # type: ignore[assignment]  # holds a dict

    def __repr__(self) -> str:
        return f"WorkflowSignature({', '.join(self._names.values())})"


class _ArgumentConverter:
    """Converts arguments to JSON, guided by their schema."""

    def __init__(self, root: Schema, files: FileSources) -> None:
        self._root = root
        self._files = files

    def convert_members(self, value: Mapping[str, object], schema: Schema, location: str) -> dict[str, object]:
        """Convert the members of an object; drop null where the schema does not allow it."""
        properties = cast("Schema", schema.get("properties") or {})
        return {
            name: self._convert(member, properties.get(name), f"{location}{name}")
            for name, member in value.items()
            if member is not None or not schema_errors(None, cast("Schema", properties.get(name) or {}), self._root)
        }

    def _convert(self, value: object, schema: object, location: str) -> object:
        known = resolve_schema(schema, self._root)
        if value is not None and _takes_file(known):
            return find_file(value, self._files, location)
        if isinstance(value, BaseModel):
            value = value.model_dump(by_alias=True, exclude_unset=True)
        if isinstance(value, Mapping):
            return self.convert_members(cast("Mapping[str, object]", value), known, f"{location}.")
        if isinstance(value, (list, tuple)):
            return [self._convert(item, known.get("items"), f"{location}[{index}]") for index, item in enumerate(value)]
        try:
            return to_jsonable_python(value)
        except ValueError as error:
            raise InvalidArguments(f"{location} cannot be converted to JSON: {error}") from None


def _takes_file(schema: object) -> bool:
    if not isinstance(schema, dict):
        return False
    return schema.get("format") in FILE_FORMATS or any(map(_takes_file, schema.get("anyOf") or ()))


def _files_as_text(value: object) -> object:
    """Replace each file by "", because a schema expects text."""
    if isinstance(value, FileArgument):
        return ""
    if isinstance(value, dict):
        return {name: _files_as_text(member) for name, member in value.items()}
    return [_files_as_text(item) for item in value] if isinstance(value, list) else value


def _restore_files(value: object, converted: object) -> object:
    """Put the files back into a validated value."""
    if isinstance(converted, FileArgument):
        return converted
    if isinstance(value, dict) and isinstance(converted, dict):
        return {name: _restore_files(member, converted.get(name)) for name, member in value.items()}
    if isinstance(value, list) and isinstance(converted, list):
        return [_restore_files(item, known) for item, known in zip(value, converted, strict=False)]
    return value


def _validate(model: type[BaseModel], given: object) -> object:
    """Validate arguments by the user's own model; return them as JSON."""
    try:
        return model.model_validate(given).model_dump(mode="json", by_alias=True, exclude_none=True)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in error.errors())
        raise InvalidArguments("; ".join(problems)) from None


def _model_of_function(function: Callable[..., object]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}  # (annotation, default), as pydantic takes them
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ConfigurationError(
                f"{name}: a workflow's inputs have names, so the function must not have * arguments"
            )
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    return create_model(getattr(function, "__name__", "Arguments"), __doc__=inspect.getdoc(function), **fields)


def _convert_parameters(parameters: Mapping[str, WorkflowParameter]) -> JsonSchema:
    schema: JsonSchema = {
        "type": "object",
        "properties": {name: _convert_parameter(parameter) for name, parameter in parameters.items()},
    }
    if required := [name for name, parameter in parameters.items() if parameter.required]:
        schema["required"] = required
    return schema


def _convert_parameter(parameter: WorkflowParameter) -> JsonSchema:
    """Convert one of Coze's parameters to JSON schema."""
    coze_type = parameter.type.lower()
    schema: JsonSchema = {"type": _JSON_TYPES.get(coze_type, "string")}
    if coze_type in _FILE_TYPES:
        schema["format"] = "binary"
    elif coze_type not in _JSON_TYPES:
        _warn_unknown_type(coze_type)
    if schema["type"] == "object" and parameter.properties:
        schema = _convert_parameters(parameter.properties)
    elif schema["type"] == "array":
        schema["items"] = _convert_parameter(parameter.items) if parameter.items else {}
    descriptions = [parameter.description, "A time, like 2026-01-31T12:00:00Z." if coze_type == "time" else ""]
    if parameter.default_value:
        try:
            schema["default"] = _parse_default(parameter.default_value, schema)
        except ValueError:
            descriptions.append(f"Default: {parameter.default_value}")
    if description := " ".join(filter(None, descriptions)):
        schema["description"] = description
    return schema


def _parse_default(text: str, schema: JsonSchema) -> object:
    """Convert a default from Coze's text to the type of the schema; raises ValueError if it does not fit."""
    if schema["type"] == "string":
        return text
    value: object = load_json(text.lower() if schema["type"] == "boolean" else text)
    if schema_errors(value, schema):
        raise ValueError(text)
    return value


def _warn_unknown_type(coze_type: str) -> None:
    if coze_type not in _warned_types:
        _warned_types.add(coze_type)
        _log.warning("a workflow's parameter has the unknown type %r: it is sent as a string", coze_type)


def _without_file_formats(schema: object) -> object:
    """Replace the formats of files, which APIs of language models reject, by descriptions."""
    if isinstance(schema, list):
        return [_without_file_formats(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    converted = {name: _without_file_formats(value) for name, value in schema.items()}
    return describe_file(converted) if schema.get("format") in FILE_FORMATS else converted


def _unreserved_name(name: str, names: Mapping[str, object]) -> str:
    """Append underscores to `name` until no framework reserves it and no other argument has it."""
    free = name
    while free in _RESERVED_NAMES or (free != name and free in names):
        free += "_"
    return free
