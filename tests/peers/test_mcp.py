"""Our MCP server as others call it: the first major of the official SDK, and the adapters of both frameworks."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.line_process import LineProcess
from benchmarks.peers import ROOT, prepared
from coze_client import AsyncCozeClient
from coze_client.emulator import Emulator
from coze_client.mcp_server.choice import Choice
from coze_client.mcp_server.http_server import HttpSettings, serve_http
from tests.peers.peer import python_peer, skip_if_unavailable

TOKEN = "a-token-of-the-server-itself"
Json = dict[str, Any]


def test_our_tests_of_the_server_pass_on_the_first_major_of_the_sdk() -> None:
    with skip_if_unavailable():
        python = prepared("mcp_first")
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/mcp_server"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 60


class Adapter:
    """An adapter's process, connected to a server of the emulator's bots and workflows."""

    def __init__(self, process: LineProcess, server: Json) -> None:
        self._process = process
        self._server = server

    def __call__(self, *calls: tuple[str, Json], **more: object) -> Json:
        """Load the tools, and call some; the answer has ``tools``, ``answers``, and perhaps ``progress``."""
        line = self._process.ask(json.dumps({"server": self._server, "calls": calls, **more}).encode())
        assert line, self._process.last_words()
        answer: Json = json.loads(line)
        assert "raised" not in answer, answer
        return dict(answer["value"])


@pytest.fixture(scope="module", params=["mcp_langchain", "mcp_llama_index"])
def process(request: pytest.FixtureRequest) -> Iterator[LineProcess]:
    with python_peer(request.param, request.param) as process:
        yield process


def over_pipe(emulator: Emulator, options: list[str]) -> Json:
    environment = {"COZE_API_BASE": emulator.url, "COZE_API_TOKEN": emulator.token, "PYTHONPATH": str(ROOT)}
    arguments = ["-m", "coze_client", "mcp", *options]
    return {"transport": "stdio", "command": sys.executable, "args": arguments, "env": environment}


class http_server:  # noqa: N801 - used like a function
    """Serves on a thread of its own until the block ends."""

    def __init__(self, emulator: Emulator, choice: Json) -> None:
        self._emulator = emulator
        self._choice = Choice.of(choice, "the test")
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        async with AsyncCozeClient(self._emulator.token, base_url=self._emulator.url) as client:
            try:
                await serve_http(client, self._choice, HttpSettings(TOKEN, port=0), self._tell)
            except asyncio.CancelledError:
                return

    def _tell(self, url: str) -> None:
        self.url = url
        self._ready.set()

    def __enter__(self) -> str:
        self._thread.start()
        assert self._ready.wait(20)
        return self.url

    def __exit__(self, *_: object) -> None:
        assert self._task is not None
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(20)


def test_an_adapter_that_starts_the_server_for_each_call_answers_a_question(
    process: LineProcess, emulator: Emulator
) -> None:
    adapter = Adapter(process, over_pipe(emulator, ["--workflow", "Book table"]))
    called = adapter(("book_table", {"city": "Rome"}))
    [asked] = called["answers"]
    answer = {"question_id": asked["facts"]["question_id"], "answer": "19:00"}
    [done] = adapter(("answer_question", answer))["answers"]
    assert called["tools"] == ["answer_question", "book_table"]
    assert done["facts"]["output"]["time"] == "19:00"
    assert emulator.runs_started == 1


def test_an_adapter_calls_bots_and_workflows_over_http(process: LineProcess, emulator: Emulator) -> None:
    chosen = {
        "bots": [emulator.bots[name] for name in ("echo", "failing")],
        "workflows": [*emulator.workflows.values()],
    }
    table = ("book_table", {"city": "Rome"})
    with http_server(emulator, chosen) as url:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        adapter = Adapter(process, {"transport": "streamable_http", "url": url, "headers": headers})
        first = adapter(("ask_echo", {"question": "hello"}), ("ask_failing", {"question": "hello"}), table)
        answer, failed, asked = first["answers"]
        conversation_id = answer["facts"]["conversation_id"]
        [again] = adapter(("ask_echo", {"question": "hello", "conversation_id": conversation_id}))["answers"]
        filled = adapter(table, fill="20:00")
    assert answer["facts"]["answer"] == "hello"
    assert again["facts"]["conversation_id"] == conversation_id
    assert failed["status"] == "error"
    assert "goes well" not in failed["text"]
    assert "Which time suits you?" in asked["text"]
    if "progress" in filled:  # LangChain's adapter tells it, and shows forms
        assert "Looking for a table for 2 in Rome." in "".join(filled["progress"])
        assert filled["answers"][0]["facts"]["output"]["time"] == "20:00"
