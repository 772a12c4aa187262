"""The command `cozekit mcp`: what it serves, and over what."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client
from typing_extensions import Self

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.command import Command
from tests.support.mcp_clients import Json, over_streams

ROOT = Path(__file__).parents[2]
TOKEN = "a-token-of-the-server-itself"
HELLO: Json = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}
CALL: Json = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "ask_slow", "arguments": {"question": "hello"}, "_meta": {"progressToken": "t"}},
}


@pytest.fixture
def cozekit(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, with the address and the token of a fresh emulator in its environment."""
    monkeypatch.setenv("COZEKIT_HOME", str(tmp_path / "cozekit"))
    monkeypatch.setenv("COZE_API_BASE", emulator.url)
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)
    return Command(secrets=(emulator.token,))


class Server:
    """A server in a process of its own, spoken to line by line or request by request."""

    def __init__(self, emulator: Emulator, home: Path, *options: str) -> None:
        environment = {
            "COZE_API_BASE": emulator.url,
            "COZE_API_TOKEN": emulator.token,
            "COZE_MCP_TOKEN": TOKEN,
            "COZEKIT_HOME": str(home),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "coze_client", "mcp", "--bot", "slow", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environment},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def send(self, message: Json) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(message)}\n")
        self.process.stdin.flush()

    def read(self) -> Json:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_told_to_end_it_cancels_the_chats_that_run(emulator: Emulator, tmp_path: Path) -> None:
    with Server(emulator, tmp_path) as server:
        server.send(HELLO)
        assert server.read()["id"] == 1
        server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        server.send(CALL)
        assert server.read()["method"] == "notifications/progress"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 130
    assert len(emulator.calls_to("/v3/chat/cancel")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_over_http_it_tells_its_address_and_cancels_the_chats_that_run(emulator: Emulator, tmp_path: Path) -> None:
    with Server(emulator, tmp_path, "--http", "--port", "0") as server, httpx.Client(timeout=20) as http:
        assert server.process.stderr is not None
        url = server.process.stderr.readline().removeprefix("MCP server: ").strip()
        http.headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json, text/event-stream"}
        http.headers["mcp-session-id"] = http.post(url, json=HELLO).headers["mcp-session-id"]
        http.post(url, json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        with http.stream("POST", url, json=CALL) as answer:
            assert next(line for line in answer.iter_lines() if "notifications/progress" in line)
            server.process.send_signal(signal.SIGINT)
            assert server.process.wait(20) == 0
    assert len(emulator.calls_to("/v3/chat/cancel")) == 1


async def test_a_client_starts_it_and_talks_through_its_pipe(emulator: Emulator, tmp_path: Path) -> None:
    environment = {
        "COZE_API_BASE": emulator.url,
        "COZE_API_TOKEN": emulator.token,
        "COZEKIT_HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    arguments = ["-m", "coze_client", "mcp", "--bot", "echo", "--workflow", "Book table"]
    started = StdioServerParameters(command=sys.executable, args=arguments, env=environment, cwd=ROOT)
    async with over_streams(stdio_client(started), "legacy", lambda message, schema: {"answer": "19:00"}) as client:
        tools = await client.tools()
        answer = await client.call("ask_echo", {"question": "你好"})
        booked = await client.call("book_table", {"city": "Rome"})
    assert set(tools) == {"ask_echo", "book_table", "answer_question"}
    assert answer.facts["answer"] == "你好"
    assert booked.facts["output"]["time"] == "19:00"
    assert booked.progress


def test_names_options_and_a_file_say_what_becomes_tools(cozekit: Command, emulator: Emulator, tmp_path: Path) -> None:
    dataset = emulator.add_dataset("Owls", {"a.txt": "Owls hunt at night."})
    searcher = emulator.add_knowledge_workflow([dataset])
    options = ("--bot", "echo", "--workflow", "Book table", "--dataset", "Owls", "--search-workflow", searcher)
    file = tmp_path / "tools.json"
    file.write_text(json.dumps({"bots": [{"id": emulator.bots["echo"], "name": "parrot"}]}))
    by_options = cozekit("mcp", *options, "--list").out
    by_file = json.loads(cozekit("mcp", "--file", str(file), "--list", "--json").out)
    by_workspace = cozekit("mcp", "--workspace", WORKSPACE, "--list").out
    assert [line.split("\t")[0] for line in by_options.splitlines()] == [
        "ask_echo",
        "book_table",
        "search_owls",
        "answer_question",
    ]
    assert [tool["name"] for tool in by_file] == ["parrot"]
    assert len(by_workspace.splitlines()) == len(emulator.bots) + len(emulator.workflows) + 1


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (("--list",), 1, "nothing is chosen"),
        (("--bot", "nobody"), 1, "No bot has the name 'nobody'"),
        (("--bot", "7359999999999999999", "--list"), 1, "7359999999999999999|4200|not"),
        (("--bot", "echo", "--http"), 1, "COZE_MCP_TOKEN"),
        (("--bot", "echo", "--file", "x.json"), 2, "--file"),
        (("--file", "nowhere.json"), 1, "nowhere.json cannot be read"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_before_anything_is_served(
    cozekit: Command, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, problem: str
) -> None:
    monkeypatch.delenv("COZE_MCP_TOKEN", raising=False)
    done = cozekit("mcp", *arguments)
    assert done.code == code
    assert done.out == ""
    assert "Traceback" not in done.err
    assert [each for each in problem.split("|") if each in done.err]


def test_without_the_extra_one_sentence_names_it(cozekit: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("coze_client.mcp_server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    done = cozekit("mcp", "--bot", "echo")
    assert done.code == 1
    assert 'pip install "coze-adapters[mcp]"' in done.err
