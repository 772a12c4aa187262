"""The command as a whole: how it starts, ends, and tells errors."""

from __future__ import annotations

import sys

import pytest

from coze_client import __main__
from coze_client.cli.terminal import Terminal
from coze_client.emulator import Emulator
from coze_client.version import __version__
from tests.support.command import Command


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


def test_the_version_is_told(cozekit: Command) -> None:
    done = cozekit("--version")
    assert (done.code, done.out) == (0, f"cozekit {__version__}\n")


def test_without_arguments_the_commands_are_listed(cozekit: Command) -> None:
    assert "doctor" in cozekit().out + cozekit("--help").out


def test_an_address_on_the_command_line_comes_before_the_environments(
    cozekit: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COZE_API_BASE", "http://127.0.0.1:1")
    assert emulator.url in cozekit("--base-url", emulator.url, "doctor").out
    monkeypatch.delenv("COZE_API_TOKEN")  # nothing is sent there
    assert "https://api.coze.cn" in cozekit("--region", "cn", "doctor").out


def test_a_missing_extra_of_the_emulator_is_one_sentence_and_another_mistake_is_none(
    cozekit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    done = cozekit("emulate", "--port", "0")
    assert (done.code, done.out) == (1, "")
    assert done.err == 'Error: the emulator needs uvicorn; install it with: pip install "coze-adapters[emulator]"\n'
    monkeypatch.setitem(sys.modules, "coze_client.cli.bot_scripts", None)
    monkeypatch.delitem(sys.modules, "uvicorn")
    with pytest.raises(ModuleNotFoundError, match="bot_scripts"):
        cozekit("emulate", "--port", "0", "--script", __file__)


def test_a_reader_that_ends_early_as_head_does_is_no_error_of_the_command(
    cozekit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Terminal, "write_table", end)
    with pytest.raises(BrokenPipeError):
        cozekit("bots", "list")
