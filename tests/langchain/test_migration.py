"""Coming from langchain-community: changing the import is the whole migration."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coze_client.emulator import Emulator

SCRIPT = Path(__file__).with_name("migrated.py")


def run(python: Path | str, module: str, emulator: Emulator) -> dict[str, object]:
    """The output of the script, in the environment of the module."""
    command = [python, SCRIPT, module, emulator.url, emulator.token, emulator.bots["echo"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    printed: dict[str, object] = json.loads(done.stdout)
    return printed


@pytest.mark.timeout(600)  # installs langchain-community in a fresh checkout
def test_the_same_script_gives_the_same_answers(emulator: Emulator) -> None:
    peers = pytest.importorskip("benchmarks.peers", reason="the peers' environments are made by the benchmarks")
    try:
        python = peers.prepared("langchain")
    except peers.PeerUnavailable as reason:
        pytest.skip(f"langchain-community cannot be installed here: {reason}")
    theirs = run(python, "langchain_community.chat_models", emulator)
    assert {call.path for call in emulator.calls} == {"/open_api/v2/chat"}
    assert run(sys.executable, "langchain_coze", emulator) == theirs
    assert theirs["chain"] == "Say cheese"
