"""Every example runs as a process of its own, with a server and a bot in its environment."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE
from tests.support.forked_programs import run_program

EXAMPLES = Path(__file__).parents[2] / "examples"

OUTPUTS = {
    "audio.py": ("echo", "It says: How can I help you?"),
    "audio_live.py": ("echo", "interpreter translation"),
    "auth_token.py": ("echo", "The token is good for"),
    "bot_by_name.py": ("echo", "LangChain: Hello\nLlamaIndex: Hello"),
    "bot_variables.py": ("echo", "remembers {'city': 'Rome'}\nIn LlamaIndex, too: {'city': 'Rome'}"),
    "bot_publish.py": ("echo", "Still online: Translator\nNow online: Interpreter"),
    "bot_retrieve.py": ("echo", "echo version 1735689600000"),
    "chat_conversation_stream.py": ("assistant", "Nice to meet you, Ada.\nYour name is Ada."),
    "chat_local_plugin.py": ("plugins", "get_weather says: 14 °C in Zurich. get_time says: half past nine"),
    "chat_multimode_stream.py": ("vision", "I see 2 image(s): picture.png, https://example.com/lake.jpg."),
    "chat_no_stream.py": ("echo", "It ended as completed\nHow are you?\nMessages of type ['answer', 'verbose']"),
    "chat_oneonone_audio.py": ("echo", "answer 2.wav 384 bytes: I see 1 audio(s): question 2.wav."),
    "chat_simple_audio.py": ("echo", "I see 1 audio(s): question.wav.\nSound of the answer: 384 bytes"),
    "chat_stream.py": ("echo", "What did I ask you?\nTokens: 19"),
    "chat_stream_async.py": ("echo", "...\nWho?\nWhere?\nWhen?"),
    "conversation.py": ("echo", "It knows {'customer': '42'}\nNow called Small talk"),
    "conversation_list.py": ("echo", "A page of 2 and more to come\nA page of 1 and no more"),
    "conversation_messages.py": ("echo", "user: Hey, how are you?\nassistant: I am fine, thank you.\nLeft: 1"),
    "dataset_create.py": ("echo", "Birds (Owls and others) 0 documents"),
    "dataset_documents.py": ("echo", "a page is ready\nnight birds.txt 2 slices"),
    "dataset_documents_list.py": ("echo", "A page of 1 of 3\n['reservations.txt', 'kitchen.txt', 'terrace.txt']"),
    "dataset_images.py": ("echo", "['picture.png']\npicture.png: A lake between mountains"),
    "exception.py": ("failing", "This goes well until  [5000: model unavailable]\n4006 "),
    "files_upload.py": ("echo", " from_memory.png "),
    "langchain_agent.py": ("plugins", "get_weather says: 14 °C in Zurich."),
    "llama_index_agent.py": ("plugins", "get_weather says: 14 °C in Zurich."),
    "langchain_loader.py": ("echo", "Dogs are welcome on | coze://datasets/7440000000000000001/documents/"),
    "langchain_retriever.py": ("reader", "A table is kept for 15 minutes. [1]\n[1] reservations.txt, coze://"),
    "langchain_writer.py": ("echo", "{'skipped': 3, 'failed': 1}\n{'ready': 1}\n1 deleted\n['cats.txt', 'dogs.txt']"),
    "llama_index_reader.py": ("echo", "kitchen.txt: 50%\nterrace.txt: 100%\nNodes: 3\nNodes of a second run: 0"),
    "llama_index_retriever.py": ("reader", "A table is kept for 15 minutes.\nreservations.txt None"),
    "llama_index_writer.py": ("echo", "2 ready\n{'skipped': 2}"),
    "legacy_chat.py": ("assistant", "Your name is Ada."),
    "template_duplicate.py": ("echo", "Draft: My copy"),
    "variable_retrieve.py": ("echo", "city = Bonn"),
    "variable_update.py": ("echo", "city is now Zurich"),
    "langchain_workflow.py": ("plugins", 'book_table says: {"table":7,"city":"Rome","guests":4,"time":"19:00"}.'),
    "mcp_workflow.py": (
        "echo",
        'Which time suits you?\nbook_table returns {"table":7,"city":"Rome","guests":4,"time":"19:00"}',
    ),
    "llama_index_workflow.py": ("plugins", 'book_table says: {"table":7,"city":"Rome","guests":4,"time":"19:00"}.'),
    "log.py": ("echo", "DEBUG coze_client: POST /v3/chat: HTTP 200 (logid "),
    "recall.py": ("echo", "table inside.\ndelete bot 'recall 0000000000001'"),
    "sound_documents.py": (
        "echo",
        "LangChain: talk.wav 1.14 Owls hunt at night.\nLlamaIndex: talk.wav Owls hunt at night.",
    ),
    "speech_of_answers.py": ("echo", "The voice is Emulated Ada\nlangchain.mp3: "),
    "timeout.py": ("echo", "Answered in time: The conversation does not exist"),
    "users_me.py": ("echo", "You are emulated\nThe API returns {"),
    "workflow_async.py": ("echo", "It came to {'price': 100, 'currency': 'EUR'}"),
    "workflow_chat_multimode_stream.py": ("echo", "What is on the picture? You show picture.png."),
    "workspaces_list.py": ("echo", "Emulated workspace owner\n2478774393250001001  owner"),
    "workflow_chat_stream.py": ("echo", "Welcome! You said: Hello\nWelcome! You said: A table for two"),
    "workflow_no_stream.py": ("echo", '{"price":100,"currency":"EUR"}\nTokens: '),
    "workflow_retrieve.py": ("echo", "city is missing; guests is not of type integer"),
    "workflow_run_history.py": ("echo", "Seats said Looking for 4 chairs."),
    "workflow_stream.py": ("echo", 'Time: Which time suits you?\nEnd: {"table":7,"city":"Rome"'),
    "workflow_stream_async.py": ("echo", "'city': 'Oslo', 'guests': 2, 'time': '19:00'}"),
    "workflow_stream_events.py": ("echo", "interrupt \nmessage {"),
    "workflow_versions.py": ("echo", "v0.0.1 Books a table"),
}
"""Example -> the bot it gets, and a part of its output (stdout or stderr)."""

WORKFLOWS = {
    "langchain_retriever.py": "search_knowledge",
    "llama_index_reader.py": "search_knowledge",
    "llama_index_retriever.py": "search_knowledge",
    "recall.py": "search_knowledge",
    "workflow_async.py": "table_price",
    "workflow_chat_multimode_stream.py": "host",
    "workflow_chat_stream.py": "host",
    "workflow_no_stream.py": "table_price",
    "workflow_run_history.py": "seat_guests",
}
"""Example -> the workflow it gets; all others get book_table."""

README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
PYTHON_EXAMPLES, GO_EXAMPLES = 36, 26
"""How many examples the READMEs of cozepy (6b0f4cd) and coze-go (f47b4f2) name."""

TESTED_ELSEWHERE = {
    "callbacks.py",
    "demo.py",
    "auth_errors.py",
    "auth_oauth_device.py",
    "auth_oauth_jwt.py",
    "auth_oauth_jwt_channel.py",
    "auth_oauth_pkce.py",
    "auth_oauth_web.py",
}
"""Programs with tests of their own."""


@pytest.fixture
def web_page(tmp_path: Path) -> Iterator[str]:
    """The address of a page about owls."""
    page = tmp_path / "owls.html"
    page.write_text("<p>Owls are birds.</p>")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=tmp_path)) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{page.name}"
        server.shutdown()
        thread.join()


@pytest.fixture
def demo() -> Iterator[Emulator]:
    """What `python -m coze_client.emulator` starts."""
    with Emulator(demo=True) as emulator:
        yield emulator


@pytest.mark.parametrize("name", OUTPUTS)
def test_the_example_runs_and_shows(name: str, demo: Emulator, tmp_path: Path, web_page: str) -> None:
    bot, expected = OUTPUTS[name]
    account = {
        "PYTHONPATH": str(EXAMPLES.parent),  # of processes that the example starts
        "COZE_API_BASE": demo.url,
        "COZE_API_TOKEN": demo.token,
        "COZE_BOT_ID": demo.bots[bot],
        "COZE_LIVE_ID": demo.lives[0],
        "COZE_TEMPLATE_ID": demo.templates["assistant"],
        "COZE_WORKFLOW_ID": demo.workflows[WORKFLOWS.get(name, "book_table")],
        "COZE_WORKSPACE_ID": WORKSPACE,
        "COZE_DATASET_ID": demo.datasets["handbook"],
        "COZE_WEB_PAGE": web_page,
    }
    result = run_program(EXAMPLES / name, cwd=tmp_path, env=account)
    printed = result.stdout + result.stderr
    assert result.returncode == 0, printed
    assert expected in printed
    assert demo.token not in printed


def test_every_example_is_run_and_listed() -> None:
    files = {path.name for path in EXAMPLES.glob("*.py")}
    assert files == OUTPUTS.keys() | TESTED_ELSEWHERE
    assert files == set(re.findall(r"\]\((\w+\.py)\)", README))


def test_each_example_of_the_official_sdks_has_its_counterpart_or_comes_later() -> None:
    tables = README.partition("## The official SDKs' examples")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in tables.splitlines() if line.startswith("| `")]
    assert len(rows) == len({theirs for theirs, _ in rows}) == PYTHON_EXAMPLES + GO_EXAMPLES
    for theirs, ours in rows:
        files = re.findall(r"`([\w/]+\.py)`", ours)
        assert [file for file in files if not (EXAMPLES / file).exists()] == []
        assert files or "websockets" in theirs
