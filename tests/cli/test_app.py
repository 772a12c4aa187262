"""The command as a whole: how it starts, ends, and tells errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coze_client import __main__
from coze_client.emulator import Emulator
from tests.support.command import Command

ROOT = Path(__file__).parents[2]


@pytest.fixture
def not_imported(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A process that has not imported the command yet, and gives it no arguments."""
    for name in [name for name in sys.modules if name.startswith("coze_client.cli")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "argv", ["cozekit"])
    return monkeypatch


def test_without_the_extra_one_sentence_names_it(not_imported: pytest.MonkeyPatch) -> None:
    not_imported.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit, match=r'^cozekit needs typer; install it with: pip install "coze-adapters\[cli\]"$'):
        __main__.main()


def test_a_broken_installation_of_something_else_is_not_blamed_on_the_extra(
    not_imported: pytest.MonkeyPatch,
) -> None:
    not_imported.setitem(sys.modules, "coze_client.cli.settings", None)
    with pytest.raises(ModuleNotFoundError, match="settings"):
        __main__.main()


def test_it_starts_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "coze_client", "--version"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.startswith("cozekit ")


def test_without_arguments_the_commands_are_listed(cozekit: Command) -> None:
    assert "doctor" in cozekit().out + cozekit("--help").out


def test_an_address_on_the_command_line_comes_before_the_environments(
    cozekit: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COZE_API_BASE", "http://127.0.0.1:1")
    assert emulator.url in cozekit("--base-url", emulator.url, "doctor").out
    assert "https://api.coze.cn" in cozekit("--region", "cn", "doctor").out
