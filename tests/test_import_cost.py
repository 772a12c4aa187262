"""What an import loads: frameworks, servers and HTTP clients only when they are used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FRAMEWORKS = {"langchain", "langchain_core", "langgraph", "llama_index"}
FIRST_NEEDED_BY_A_CALL = {
    "coze_client.api.conversations.messages",
    "coze_client.api.recall.values",
    "coze_client.core.paging",
}
TERMINALS = {"typer", "click", "rich", "prompt_toolkit"}
SERVERS = {"starlette", "uvicorn", "python_multipart"}


def loaded_by(code: str) -> set[str]:
    """Return the names of the modules that a fresh interpreter has loaded after `code`."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert not done.returncode, done.stderr[-2000:]
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        (
            "import coze_client",
            FRAMEWORKS
            | SERVERS
            | TERMINALS
            | {"httpx", "pydantic", "tenacity", "jwt", "asyncio", "opentelemetry", "coze_client.core.telemetry"},
        ),
        ("from coze_client import CozeError, Retry, Timeout", FRAMEWORKS | SERVERS | {"httpx", "pydantic", "jwt"}),
        (
            "from coze_client import CozeClient; CozeClient('t').chats",
            FRAMEWORKS
            | SERVERS
            | {"jwt", "cryptography", "aiohttp", "coze_client.auth.grants", "coze_client.api.legacy_chats.resource"}
            | {"coze_client.api.audio.resource", "coze_client.api.files.requests", "coze_client.core.byte_stream"}
            | {"opentelemetry"},
        ),
        ("import coze_client.emulator", FRAMEWORKS | SERVERS | {"httpx", "sqlite3"}),
        ("import coze_client.emulator.pytest_plugin", FRAMEWORKS | SERVERS | {"httpx", "sqlite3"}),
        (
            "import coze_client.cli.app",
            FRAMEWORKS | SERVERS | {"prompt_toolkit", "httpx", "pydantic", "coze_client.emulator"},
        ),
        ("import langchain_coze", FRAMEWORKS | SERVERS | {"httpx", "pydantic"}),
        ("import llama_index_coze", FRAMEWORKS | SERVERS | {"httpx", "pydantic"}),
        (
            "from langchain_coze import ChatCoze; ChatCoze(bot_id='1', token='t')",
            SERVERS
            | {
                "llama_index",
                "llama_index_coze",
                "langchain",
                "langgraph",
                "transformers",
                "langchain_core.tools.structured",
            }
            | FIRST_NEEDED_BY_A_CALL,
        ),
        (
            "from llama_index_coze import CozeLLM; CozeLLM(bot_id='1', token='t')",
            SERVERS | {"langchain_coze", "langchain_core", "transformers"} | FIRST_NEEDED_BY_A_CALL,
        ),
    ],
)
def test_an_import_loads_only_what_it_needs(code: str, absent: set[str]) -> None:
    assert loaded_by(code) & absent == set()
