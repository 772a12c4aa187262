"""Every example, run as its reader runs it: a process of its own, with a server and a bot in the environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.__main__ import add_workflows

EXAMPLES = Path(__file__).parent.parent / "examples"

SHOWN = {
    "auth_token.py": ("echo", "The token is good for"),
    "chat_conversation_stream.py": ("assistant", "Nice to meet you, Ada.\nYour name is Ada."),
    "chat_local_plugin.py": ("plugins", "get_weather says: 14 °C in Zurich. get_time says: half past nine"),
    "chat_multimode_stream.py": ("vision", "I see 2 image(s): picture.png, https://example.com/lake.jpg."),
    "chat_no_stream.py": ("echo", "It ended as completed\nHow are you?\nMessages of type ['answer', 'verbose']"),
    "chat_simple_audio.py": ("echo", "I see 1 audio(s): question.wav.\nSound of the answer: 384 bytes"),
    "chat_stream.py": ("echo", "What did I ask you?\nTokens: 19"),
    "chat_stream_async.py": ("echo", "...\nWho?\nWhere?\nWhen?"),
    "conversation.py": ("echo", "It knows {'customer': '42'}\nNow called Small talk"),
    "conversation_list.py": ("echo", "A page of 2 and more to come\nA page of 1 and no more"),
    "conversation_messages.py": ("echo", "user: Hey, how are you?\nassistant: I am fine, thank you.\nLeft: 1"),
    "exception.py": ("failing", "This goes well until  [5000: model unavailable]\n4006 "),
    "files_upload.py": ("echo", " from_memory.png "),
    "langchain_agent.py": ("plugins", "get_weather says: 14 °C in Zurich."),
    "llama_index_agent.py": ("plugins", "get_weather says: 14 °C in Zurich."),
    "langchain_workflow.py": ("plugins", 'book_table says: {"table":7,"city":"Rome","guests":4,"time":"19:00"}.'),
    "llama_index_workflow.py": ("plugins", 'book_table says: {"table":7,"city":"Rome","guests":4,"time":"19:00"}.'),
    "log.py": ("echo", "DEBUG coze_client: POST /v3/chat: HTTP 200 (logid "),
    "timeout.py": ("echo", "Answered in time: The conversation does not exist"),
    "users_me.py": ("echo", "You are {"),
    "workflow_async.py": ("echo", "It came to {'price': 100, 'currency': 'EUR'}"),
    "workflow_chat_stream.py": ("echo", "Welcome! You said: Hello\nWelcome! You said: A table for two"),
    "workflow_no_stream.py": ("echo", '{"price":100,"currency":"EUR"}\nTokens: '),
    "workflow_retrieve.py": ("echo", "city is missing; guests is not of type integer"),
    "workflow_run_history.py": ("echo", "Seats said Looking for 4 chairs."),
    "workflow_stream.py": ("echo", 'Time: Which time suits you?\nEnd: {"table":7,"city":"Rome"'),
    "workflow_stream_async.py": ("echo", "'city': 'Oslo', 'guests': 2, 'time': '19:00'}"),
    "workflow_stream_events.py": ("echo", "interrupt \nmessage {"),
    "workflow_versions.py": ("echo", "v0.0.1 Books a table"),
}
"""Example -> the bot it is given, and what it prints, on either stream."""

WORKFLOWS = {
    "workflow_async.py": "table_price",
    "workflow_chat_stream.py": "host",
    "workflow_no_stream.py": "table_price",
    "workflow_run_history.py": "seat_guests",
}
"""Example -> the workflow it is given; the others book a table."""

ELSEWHERE = {
    "demo.py",
    "auth_errors.py",
    "auth_oauth_device.py",
    "auth_oauth_jwt.py",
    "auth_oauth_jwt_channel.py",
    "auth_oauth_pkce.py",
    "auth_oauth_web.py",
}
"""Programs that have tests of their own."""


@pytest.mark.parametrize("name", SHOWN)
def test_the_example_runs_and_shows(name: str, emulator: Emulator, tmp_path: Path) -> None:
    add_workflows(emulator)
    bot, told = SHOWN[name]
    account = {
        "COZE_API_BASE": emulator.url,
        "COZE_API_TOKEN": emulator.token,
        "COZE_BOT_ID": emulator.bots[bot],
        "COZE_WORKFLOW_ID": emulator.workflows[WORKFLOWS.get(name, "book_table")],
        "PYTHONPATH": str(EXAMPLES.parent),
    }
    done = subprocess.run(
        [sys.executable, EXAMPLES / name],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={**os.environ, **account},
    )
    assert done.returncode == 0, done.stdout
    assert told in done.stdout
    assert emulator.token not in done.stdout


def test_every_example_is_run_and_listed() -> None:
    files = {path.name for path in EXAMPLES.glob("*.py")}
    assert files == SHOWN.keys() | ELSEWHERE
    assert files == set(re.findall(r"\]\((\w+\.py)\)", (EXAMPLES / "README.md").read_text()))
