"""The command `cozekit mcp`: what it serves, and over what."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.command import Command
from tests.support.mcp_clients import over_streams

ROOT = Path(__file__).parents[2]


@pytest.fixture
def cozekit(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command, with the address and the token of a fresh emulator in its environment."""
    monkeypatch.setenv("COZEKIT_HOME", str(tmp_path / "cozekit"))
    monkeypatch.setenv("COZE_API_BASE", emulator.url)
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)
    return Command(secrets=(emulator.token,))


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
