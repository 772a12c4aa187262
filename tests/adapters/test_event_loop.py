"""Nothing blocks the event loop: servers like ``langgraph dev`` refuse blocking calls in it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coze_client import CozeClient
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import WORKSPACE, Image, Output, Steps, ask
from tests.support.async_tour import PNG

ROOT = Path(__file__).parents[2]


def book_table(city: str, guests: int = 2) -> Steps[str]:
    """Book a table in a restaurant."""
    yield Output("Progress", "", pieces=("Looking ", "around"))
    time = yield ask("Which time suits you?", options=["18:00", "19:00"])
    return f"{guests} in {city} at {time}"


def describe(picture: Image) -> str:
    """Describes a picture."""
    return f"I see {picture}"


def add(first: int, second: int = 2) -> dict[str, int]:
    """Adds two numbers."""
    return {"sum": first + second}


def places(emulator: Emulator, folder: Path) -> dict[str, object]:
    (folder / "a.png").write_bytes(base64.b64decode(PNG))
    emulator.add_variables(emulator.bots["echo"], {"city": "Bonn"})
    voice = "7468512265134799901"
    speech = CozeClient(emulator.token, base_url=emulator.url).audio.speech
    speech.create(input="Hello", voice_id=voice, response_format="wav").to_file(folder / "talk.wav")
    dataset = emulator.add_dataset("notes", {"a.txt": "hello there"})
    return {
        "url": emulator.url,
        "token": emulator.token,
        "bots": dict(emulator.bots),
        "asks": emulator.workflows["book_table"],
        "reads": emulator.workflow(title="Describe")(describe).id,
        "plugin": emulator.plugin("calculator", [add]),
        "dataset": dataset,
        "knows": emulator.add_knowledge_workflow([dataset]),
        "folder": str(folder),
        "workspace": WORKSPACE,
        "voice": voice,
    }


@pytest.mark.parametrize("framework", ["langchain", "llama_index"])
def test_no_asyncio_path_blocks_the_event_loop(framework: str, emulator: Emulator, tmp_path: Path) -> None:
    pytest.importorskip("blockbuster")
    given = [sys.executable, "-m", "tests.support.async_tour", framework, json.dumps(places(emulator, tmp_path))]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(given, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert {path: call for path, call in found.items() if call} == {}
