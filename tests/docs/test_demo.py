"""The demo as a newcomer runs it: as a process of its own, without an account or with one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from coze_client.emulator import Emulator
from tests.support.forked_programs import run_program

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def run_demo(**account: str) -> subprocess.CompletedProcess[str]:
    """Run the demo without its pauses between words."""
    return run_program(DEMO, "--pace", "0.001", cwd=DEMO.parent, env={**account, "COLUMNS": "100"})


@pytest.fixture(scope="module")
def printed() -> str:
    """The demo's output without an account, as one line with single spaces."""
    result = run_demo()
    assert result.returncode == 0, result.stdout + result.stderr
    return " ".join(result.stdout.split())


@pytest.mark.parametrize(
    "text",
    [
        "With your own bot, its model writes it. usage: {'input_tokens':",
        "call: get_weather {'city': 'Zurich'} call: get_weather {'city': 'Lisbon'} tool: 14 °C and rain",
        "POST /v3/chat POST /v3/chat/submit_tool_outputs chats started: 1",
        'you: 19:00 ai: book_table says: {"table":7,"city":"Rome","guests":4,"time":"19:00"}.',
        "POST /v1/workflow/stream_resume POST /v3/chat/submit_tool_outputs chats started: 1, runs started: 1",
        "animals.txt 7441000000000000002 ready weather.txt 7441000000000000003 ready 3 ready",
        "Dogs are welcome on the terrace. [1] [1] animals.txt [2] weather.txt POST /v1/datasets",
        "POST /v1/workflow/stream_run POST /open_api/knowledge/document/list POST /v3/chat chats started: 1, runs",
        "I see 1 image(s): image.png. POST /v1/files/upload POST /v3/chat chats started: 1",
        "in LlamaIndex's own types. Query engines and agents can use it. POST /v3/chat chats started: 1",
    ],
    ids=[
        "usage",
        "tools",
        "tools-one-chat",
        "workflow",
        "workflow-one-run",
        "upload",
        "citation",
        "recall-without-a-chat",
        "picture",
        "llama-index",
    ],
)
def test_the_demo_shows(printed: str, text: str) -> None:
    assert text in printed


def test_the_demo_breaks_a_line_and_heals_the_answer_without_a_second_chat(printed: str) -> None:
    last = printed.partition("CutAfterEvents(")[2]
    assert "printed the missing part. Nothing was started twice. POST /v3/chat GET /v3/chat/retrieve" in last
    assert "GET /v3/chat/message/list chats started: 1" in last


def test_the_demo_lets_your_own_bot_play_where_it_can() -> None:
    with Emulator() as account:
        bot = account.bots["echo"]
        result = run_demo(COZE_API_BASE=account.url, COZE_API_TOKEN=account.token, COZE_BOT_ID=bot)
        bots_asked = [call.body["bot_id"] for call in account.calls_to("/v3/chat") if isinstance(call.body, dict)]
    assert result.returncode == 0, result.stdout + result.stderr
    assert bots_asked == [bot] * 3
    assert "Tell me about LlamaIndex." in result.stdout


def test_the_demo_reports_what_your_own_bot_refused_and_goes_on() -> None:
    with Emulator() as account:
        result = run_demo(COZE_API_BASE=account.url, COZE_API_TOKEN=account.token, COZE_BOT_ID="1")
    assert result.returncode == 1
    assert "4006" in result.stdout
    assert "Nothing was started twice." in " ".join(result.stdout.split())
    assert account.token not in result.stdout + result.stderr
