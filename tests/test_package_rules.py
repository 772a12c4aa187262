"""Rules for every file of the packages; `test_layers.py` has the rules for imports between their own modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import FunctionType

import pytest

import coze_client

ROOT = Path(__file__).parent.parent
PACKAGES = ("coze_client", "langchain_coze", "llama_index_coze")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
LANGCHAIN = {"langchain", "langchain_core", "langgraph"}
SERVERS = {"starlette", "uvicorn", "python_multipart"}
TRANSPORTS = {  # the transport, and the connections that it gives to the HTTP library
    "coze_client/core/transport.py",
    "coze_client/core/http_errors.py",
    "coze_client/core/http_responses.py",
    "coze_client/core/network.py",
    "coze_client/core/asyncio_network.py",
    "coze_client/core/aiohttp_transport.py",
}
TERMINALS = {"typer", "click", "rich", "prompt_toolkit"}
MCP_OVER_HTTP = "coze_client/mcp_server/http_server.py"
HTTP_CLIENTS = {"httpx", "httpx_aiohttp", "httpcore", "aiohttp", "anyio", "requests"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(node: ast.AST) -> Iterator[str]:
    """The packages that a module imports when it runs, at its top or in a function; type-only imports do not count."""
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module.partition(".")[0]
    for child in ast.iter_child_nodes(node):
        yield from imports(child)


def forbidden_imports(file: str) -> set[str]:
    """The other projects' packages that a file must not import."""
    package = file.partition("/")[0]
    forbidden = set() if package == "langchain_coze" else set(LANGCHAIN)
    if package != "llama_index_coze":
        forbidden.add("llama_index")
    if file.startswith("coze_client/emulator/"):
        return forbidden | TERMINALS
    if not file.startswith("coze_client/cli/"):
        forbidden |= TERMINALS
    if file != MCP_OVER_HTTP:
        forbidden |= SERVERS
    return forbidden | (set() if file in TRANSPORTS else HTTP_CLIENTS)


def test_only_adapters_import_frameworks_only_transports_an_http_client_and_only_the_command_a_terminal() -> None:
    imported = {name(path): set(imports(ast.parse(path.read_text(encoding="utf-8")))) for path in FILES}
    assert len(imported) > 250
    assert [file for file, found in imported.items() if found & forbidden_imports(file)] == []


def is_vague(part: str) -> bool:
    """Whether a folder or file has a name for leftovers instead of a noun, such as `utils` or `chat_helpers`."""
    plain = part.strip("_")
    return plain in {"base", "common", "helper", "misc", "shared"} or plain.endswith(("util", "utils", "helpers"))


def test_every_module_and_folder_is_named_by_its_noun() -> None:
    files = [*FILES, *(ROOT / "tests" / "support").rglob("*.py")]
    assert [path for path in files if any(map(is_vague, path.relative_to(ROOT).with_suffix("").parts))] == []
    assert is_vague("chat_helpers")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_marked_as_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists_and_has_a_docstring(package: str) -> None:
    module = import_module(package)
    for public in module.__all__:
        value = getattr(module, public)
        is_described = isinstance(value, (type, FunctionType))  # aliases have their string in the source
        assert value.__doc__ or not is_described, public
        assert public in dir(module), public


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Telepathy'"):
        coze_client.Telepathy  # noqa: B018  # looking is the test
