"""Fixtures of the command: it runs in this process, on a fresh emulator, with a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_client.emulator import Emulator
from tests.support.command import Command


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the command's own files; no account is set."""
    for name in ("COZE_API_BASE", "COZE_API_TOKEN", "COZE_API_KEY", "COZE_OAUTH_CONFIG", "COZE_WORKSPACE_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COZEKIT_HOME", str(tmp_path / "cozekit"))
    return tmp_path / "cozekit"


@pytest.fixture
def cozekit(home: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, with the address and the token of a fresh emulator in its environment."""
    monkeypatch.setenv("COZE_API_BASE", emulator.url)
    monkeypatch.setenv("COZE_API_TOKEN", emulator.token)
    return Command(secrets=(emulator.token,))
