"""The names of the functions that a program gives to a model as tools, read from a file of it."""

from __future__ import annotations

import json
import runpy
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

from coze_client.errors import ConfigurationError


def names_of_functions(path: Path) -> tuple[str, ...]:
    """The public functions and tools that a Python file defines (it is run), or the names in a JSON list of schemas.

    Raises ConfigurationError for a file that names none.
    """
    names = tuple(_of_schemas(path) if path.suffix == ".json" else _of_program(path))
    if not names:
        raise ConfigurationError(f"{path} names no function", cure="Give a Python file, or a JSON list of schemas")
    return names


def _of_program(path: Path) -> Iterator[str]:
    for name, value in runpy.run_path(str(path), run_name="cozekit_functions").items():
        if name.startswith("_"):
            continue
        if isinstance(value, FunctionType):
            yield from [value.__name__] if value.__module__ == "cozekit_functions" else []
        elif isinstance(tool := _tool_name(value), str) and not isinstance(value, type):
            yield tool


def _tool_name(value: object) -> object:
    """The name of a framework's tool: LangChain has it in ``name``, LlamaIndex in ``metadata.name``."""
    described = getattr(value, "metadata", None) if hasattr(value, "metadata") else value
    is_tool = callable(getattr(value, "call", None)) or callable(getattr(value, "invoke", None))
    return getattr(described, "name", None) or getattr(value, "name", None) if is_tool else None


def _of_schemas(path: Path) -> Iterator[str]:
    """From schemas as OpenAI has them, ``{"function": {"name": …}}`` or ``{"name": …}``."""
    loaded = json.loads(path.read_text(encoding="utf-8"))
    for schema in loaded if isinstance(loaded, list) else [loaded]:
        function = schema.get("function", schema) if isinstance(schema, dict) else {}
        if isinstance(function, dict) and isinstance(function.get("name"), str):
            yield function["name"]
