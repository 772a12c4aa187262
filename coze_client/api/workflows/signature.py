"""A workflow as a function's signature: what it takes as JSON schema and pydantic model, arguments checked; pure.

From the parameter tree that Coze tells (API page get_workflow_info), or, for servers that tell none (coze-studio), from
a pydantic model, a JSON schema or a Python function of the user's.
"""

from __future__ import annotations

import inspect
import json
import logging
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast, get_type_hints

from pydantic import BaseModel, ValidationError, create_model
from pydantic_core import to_jsonable_python

from coze_client.api.workflows.file_arguments import FILE_FORMATS, FileArgument, FileSources, describe_file
from coze_client.api.workflows.values import Parameter, WorkflowInfo
from coze_client.core.json_schema import Schema, resolve_schema, schema_errors
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
"""JSON of many shapes."""
Given = Mapping[str, Any] | type[BaseModel] | Callable[..., object]
"""What a user tells a signature by: a JSON schema, a pydantic model, or a Python function."""


class WorkflowSignature:
    """What a workflow takes.

    ``schema`` is for language models: a JSON schema with ``properties``, in which arguments that frameworks keep for
    themselves (``config``, ``run_manager``, ``self`` …) end with an underscore. ``check`` knows both spellings.
    """

    def __init__(self, schema: Mapping[str, Any], model: type[BaseModel] | None = None) -> None:
        self._schema: JsonSchema = {"type": "object", "properties": {}, **schema}
        self._given_model = model
        properties = self._schema["properties"]
        self._names = {_unreserved_name(name, properties): name for name in properties}

    @classmethod
    def of(cls, given: Given) -> WorkflowSignature:
        """From what the user has: `given` is a JSON schema, a pydantic model, or a function (its annotations count).

        Files are annotated ``bytes`` or ``Path``, in a JSON schema ``{"type": "string", "format": "binary"}``.
        """
        if isinstance(given, Mapping):
            if given.get("type", "object") != "object":
                raise ConfigurationError(f"A workflow takes an object, not {given['type']!r}: see JSON schema's type")
            return cls(given)
        if isinstance(given, type) and issubclass(given, BaseModel):
            return cls(given.model_json_schema(), given)
        if callable(given):
            return cls.of(_model_of_function(given))
        raise ConfigurationError(f"A signature is a JSON schema, a pydantic model or a function, not {given!r}")

    @classmethod
    def of_parameters(cls, parameters: Mapping[str, Parameter]) -> WorkflowSignature:
        """From Coze's tree, without what a chatflow's dialogue fills in by itself (USER_INPUT, CONVERSATION_NAME)."""
        asked = {name: parameter for name, parameter in parameters.items() if name not in _CHATFLOW_INPUTS}
        return cls(_convert_parameters(asked))

    @classmethod
    def of_info(cls, info: WorkflowInfo) -> WorkflowSignature:
        """From what ``client.workflows.retrieve`` tells; raises ConfigurationError if that is no schema."""
        if not info.workflow_detail.workflow_id:
            raise ConfigurationError(
                "This server tells no workflow's inputs, as coze-studio",
                cure="Give a signature: a pydantic model, a JSON schema, or a Python function with annotations",
            )
        return cls.of_parameters((info.input and info.input.parameters) or {})

    @cached_property
    def schema(self) -> JsonSchema:
        """The JSON schema for language models; file arguments are plain strings in it, told in words."""
        properties = self._schema["properties"]
        renamed = {**self._schema, "properties": {told: properties[name] for told, name in self._names.items()}}
        if required := self._schema.get("required"):
            told_names = {name: told for told, name in self._names.items()}
            renamed["required"] = [told_names.get(name, name) for name in required]
        return cast("JsonSchema", _without_file_formats(renamed))

    @cached_property
    def model(self) -> type[BaseModel]:
        """The same as a pydantic model, for frameworks that ask for one; built when it is first used."""
        from coze_client.core.json_schema import convert_to_model

        return convert_to_model("Arguments", self.schema)

    def check(self, arguments: Mapping[str, object], files: FileSources | None = None) -> dict[str, object]:
        """The arguments by Coze's names, as JSON, with a FileArgument for each file; what is not given is not there.

        ``None`` counts as not given where the schema does not allow it; defaults of a pydantic model or function are
        given, those of a JSON schema are the server's. `files` tells where files may come from. Raises
        InvalidArguments, which names every argument that does not fit, or the file that may not be read.
        """
        given = {self._names.get(name, name): value for name, value in arguments.items()}
        taken = _ArgumentConverter(self._schema, files or FileSources()).convert_members(given, self._schema, "")
        if unknown := [name for name in taken if not self._accepts(name)]:
            raise InvalidArguments(f"{', '.join(unknown)}: not known; the arguments are {', '.join(self._names)}")
        if self._given_model is not None:
            return cast("dict[str, object]", _restore_files(_validate(self._given_model, _files_as_text(taken)), taken))
        if problems := schema_errors(_files_as_text(taken), self._schema):
            raise InvalidArguments("; ".join(problem.removeprefix("$.") for problem in problems))
        return taken

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
    """Arguments on their way to JSON, along their schema."""

    def __init__(self, root: Schema, files: FileSources) -> None:
        self._root = root
        self._files = files

    def convert_members(self, value: Mapping[str, object], schema: Schema, location: str) -> dict[str, object]:
        """The members of an object, without those that are null where null is not allowed."""
        properties = cast("Schema", schema.get("properties") or {})
        return {
            name: self._convert(member, properties.get(name), f"{location}{name}")
            for name, member in value.items()
            if member is not None or not schema_errors(None, cast("Schema", properties.get(name) or {}), self._root)
        }

    def _convert(self, value: object, schema: object, location: str) -> object:
        known = resolve_schema(schema, self._root)
        if value is not None and _takes_file(known):
            return self._files.find(value, location)
        if isinstance(value, BaseModel):
            value = value.model_dump(by_alias=True, exclude_unset=True)
        if isinstance(value, Mapping):
            return self.convert_members(cast("Mapping[str, object]", value), known, f"{location}.")
        if isinstance(value, (list, tuple)):
            return [self._convert(item, known.get("items"), f"{location}[{at}]") for at, item in enumerate(value)]
        try:
            return to_jsonable_python(value)
        except ValueError as error:
            raise InvalidArguments(f"{location} is no JSON: {error}") from None


def _takes_file(schema: object) -> bool:
    if not isinstance(schema, dict):
        return False
    return schema.get("format") in FILE_FORMATS or any(map(_takes_file, schema.get("anyOf") or ()))


def _files_as_text(value: object) -> object:
    """The same with a text for each file, as schemas have it."""
    if isinstance(value, FileArgument):
        return ""
    if isinstance(value, dict):
        return {name: _files_as_text(member) for name, member in value.items()}
    return [_files_as_text(item) for item in value] if isinstance(value, list) else value


def _restore_files(value: object, taken: object) -> object:
    """A validated value with the files that were taken out for it."""
    if isinstance(taken, FileArgument):
        return taken
    if isinstance(value, dict) and isinstance(taken, dict):
        return {name: _restore_files(member, taken.get(name)) for name, member in value.items()}
    if isinstance(value, list) and isinstance(taken, list):
        return [_restore_files(item, known) for item, known in zip(value, taken, strict=False)]
    return value


def _validate(model: type[BaseModel], given: object) -> object:
    """What the user's own model makes of the arguments, as JSON."""
    try:
        return model.model_validate(given).model_dump(mode="json", by_alias=True, exclude_none=True)
    except ValidationError as error:
        told = (f"{'.'.join(map(str, each['loc'])) or 'arguments'}: {each['msg']}" for each in error.errors())
        raise InvalidArguments("; ".join(told)) from None


def _model_of_function(function: Callable[..., object]) -> type[BaseModel]:
    hints = get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}  # (annotation, default), as pydantic takes them
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ConfigurationError(f"{name}: a workflow's inputs have names, so the function takes no * arguments")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    return create_model(getattr(function, "__name__", "Arguments"), __doc__=inspect.getdoc(function), **fields)


def _convert_parameters(parameters: Mapping[str, Parameter]) -> JsonSchema:
    schema: JsonSchema = {
        "type": "object",
        "properties": {name: _convert_parameter(parameter) for name, parameter in parameters.items()},
    }
    if required := [name for name, parameter in parameters.items() if parameter.required]:
        schema["required"] = required
    return schema


def _convert_parameter(parameter: Parameter) -> JsonSchema:
    """One parameter of Coze's as JSON schema."""
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
    said = [parameter.description, "A time, like 2026-01-31T12:00:00Z." if coze_type == "time" else ""]
    if parameter.default_value:
        try:
            schema["default"] = _parse_default(parameter.default_value, schema)
        except ValueError:
            said.append(f"Default: {parameter.default_value}")
    if description := " ".join(filter(None, said)):
        schema["description"] = description
    return schema


def _parse_default(text: str, schema: JsonSchema) -> object:
    """A default, which Coze tells as text, as the type it is of; raises ValueError if it is not."""
    if schema["type"] == "string":
        return text
    value: object = json.loads(text.lower() if schema["type"] == "boolean" else text)
    if schema_errors(value, schema):
        raise ValueError(text)
    return value


def _warn_unknown_type(coze_type: str) -> None:
    if coze_type not in _warned_types:
        _warned_types.add(coze_type)
        _log.warning("a workflow's parameter is of type %r, which is not known here: it is sent as a string", coze_type)


def _without_file_formats(schema: object) -> object:
    """A schema without the marks of files, which language models' APIs refuse, but with words instead."""
    if isinstance(schema, list):
        return [_without_file_formats(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _without_file_formats(value) for name, value in schema.items()}
    return describe_file(told) if schema.get("format") in FILE_FORMATS else told


def _unreserved_name(name: str, taken: Mapping[str, object]) -> str:
    """`name`, or with underscores what no framework keeps for itself and no other argument is called."""
    free = name
    while free in _RESERVED_NAMES or (free != name and free in taken):
        free += "_"
    return free
