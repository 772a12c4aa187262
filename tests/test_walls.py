"""The walls of the house: who may import whom, and what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("coze_client", "langchain_coze", "llama_index_coze")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FRAMEWORKS = {"langchain", "langchain_core", "langgraph", "llama_index"}
SERVERS = {"starlette", "uvicorn", "python_multipart"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """The packages that a module imports when it runs, at the top or later; what only type checkers see is left out."""
    return {module.partition(".")[0] for module in _imported(ast.parse(path.read_text()))}


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module
    for child in ast.iter_child_nodes(node):
        yield from _imported(child)


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_module_stays_on_its_side_of_the_walls(path: Path) -> None:
    package, file = path.relative_to(ROOT).parts[0], name(path)
    forbidden = {
        "coze_client": FRAMEWORKS | {"langchain_coze", "llama_index_coze"},
        "langchain_coze": {"llama_index", "llama_index_coze", "httpx"} | SERVERS,
        "llama_index_coze": {"langchain", "langchain_core", "langgraph", "langchain_coze", "httpx"} | SERVERS,
    }[package]
    if package == "coze_client" and "/emulator/" not in file:
        forbidden |= SERVERS
        if file != "coze_client/core/transport.py":
            forbidden |= {"httpx", "httpx_aiohttp", "httpcore", "aiohttp", "anyio", "requests"}
    assert imports(path) & forbidden == set()


@pytest.mark.parametrize("path", sorted((ROOT / "coze_client" / "emulator").rglob("*.py")), ids=name)
def test_the_emulator_knows_nothing_of_the_client_it_tests(path: Path) -> None:
    others = {
        module
        for module in _imported(ast.parse(path.read_text()))
        if module.startswith("coze_client") and not module.startswith("coze_client.emulator")
    }
    assert others <= {"coze_client.version"}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_every_module_is_named_by_its_noun(path: Path) -> None:
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "base", "misc", "shared", "tools_util"}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_tells_type_checkers_that_it_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has after running `code`."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert not done.returncode, done.stderr[-2000:]
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import coze_client", FRAMEWORKS | SERVERS | {"httpx", "pydantic", "tenacity", "jwt", "asyncio"}),
        ("from coze_client import CozeError, Retry, Timeout", FRAMEWORKS | SERVERS | {"httpx", "pydantic", "jwt"}),
        (
            "from coze_client import CozeClient; CozeClient('t').chats",
            FRAMEWORKS
            | SERVERS
            | {"jwt", "cryptography", "aiohttp", "coze_client.auth.grants", "coze_client.api.legacy_chats.resource"},
        ),
        ("import coze_client.emulator", FRAMEWORKS | SERVERS | {"httpx", "sqlite3"}),
        ("import coze_client.emulator.pytest_plugin", FRAMEWORKS | SERVERS | {"httpx", "sqlite3"}),
        ("import langchain_coze", FRAMEWORKS | SERVERS | {"httpx", "pydantic"}),
        ("import llama_index_coze", FRAMEWORKS | SERVERS | {"httpx", "pydantic"}),
        (
            "from langchain_coze import ChatCoze; ChatCoze(bot_id='1', token='t')",
            SERVERS | {"llama_index", "llama_index_coze", "langchain", "langgraph", "transformers"},
        ),
        (
            "from llama_index_coze import CozeLLM; CozeLLM(bot_id='1', token='t')",
            SERVERS | {"langchain_coze", "langchain_core", "transformers"},
        ),
    ],
)
def test_an_import_loads_only_what_it_needs(code: str, absent: set[str]) -> None:
    assert loaded_by(code) & absent == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_told_of(package: str) -> None:
    code = (
        f"import {package} as package\n"
        "for name in package.__all__:\n"
        "    assert getattr(package, name).__doc__ or name == '__version__', name\n"
        "    assert name in dir(package), name\n"
    )
    loaded_by(code)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    import coze_client

    with pytest.raises(AttributeError, match="no attribute 'Telepathy'"):
        coze_client.Telepathy  # noqa: B018  # looking is the test
