"""`cozekit doctor`: what it finds on a server, in which order, and what it advises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coze_client import CozeClient
from coze_client.cli.checks import CHECKS
from coze_client.cli.functions import names_of_functions
from coze_client.emulator import Emulator
from coze_client.errors import ConfigurationError
from tests.support.command import Command, Done
from tests.support.ports import free_port

PROGRAM = "import json\n\ndef get_weather(city: str) -> str: ...\ndef get_time(): ...\ndef _hidden(): ...\n"


def states(done: Done) -> dict[str, str]:
    """The state of each check that was asked."""
    return {finding["check"]: finding["state"] for finding in done.json}


def cure(done: Done, check: str) -> str:
    [found] = [finding["cure"] for finding in done.json if finding["check"] == check]
    return str(found)


def test_on_a_good_account_all_is_good_and_the_exit_code_is_0(cozekit: Command, emulator: Emulator) -> None:
    dataset = emulator.add_dataset("handbook", {"a.txt": "A table is kept."})
    done = cozekit("doctor", "--bot", "echo", "--workflow", "Book table", "--dataset", dataset, "--json")
    assert set(states(done).values()) == {"good"}
    assert done.code == 0
    assert (emulator.chats_started, emulator.runs_started) == (0, 0)


def test_findings_come_in_the_order_of_the_checks_one_line_each_with_its_cure(cozekit: Command) -> None:
    done = cozekit("doctor", "--bot", "ekho")
    marked = [line.split()[:2] for line in done.out.splitlines() if line[0] in "✓✗?"]
    assert [name for _, name in marked] == [check.name for check in CHECKS if not check.option or check.name == "bot"]
    assert marked[-1] == ["✗", "bot"]
    assert "→ Names like it: echo" in done.out
    assert done.code == 1


def test_without_a_token_the_doctor_says_how_to_get_one_and_asks_nothing_of_the_server(
    cozekit: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COZE_API_TOKEN")
    done = cozekit("doctor", "--json")
    assert states(done) == {
        **dict.fromkeys(["packages", "server", "proxy"], "good"),
        "token": "bad",
        **dict.fromkeys(["connection", "user", "clock", "permissions"], "unasked"),
    }
    assert "cozekit login" in cure(done, "token")
    assert (emulator.calls, done.code) == ([], 1)


def test_a_wrong_token_is_told_apart_from_a_server_that_does_not_answer(
    cozekit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", "pat_of_another_region")
    wrong = cozekit("doctor", "--json")
    assert (states(wrong)["connection"], states(wrong)["user"]) == ("good", "bad")
    assert "region" in cure(wrong, "user")
    assert "pat_of_another_region" not in wrong.out

    monkeypatch.setenv("COZE_API_BASE", f"http://127.0.0.1:{free_port()}")
    silent = cozekit("doctor", "--json")
    assert (states(silent)["connection"], states(silent)["user"]) == ("bad", "unasked")


def test_an_address_that_cannot_work_is_the_first_thing_to_mend(
    cozekit: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COZE_API_BASE", "https://www.coze.cn")
    done = cozekit("doctor", "--json")
    assert (states(done)["server"], states(done)["token"]) == ("bad", "unasked")
    assert "https://api.coze.cn" in cure(done, "server")


def test_a_token_that_may_not_list_something_is_told_what_is_refused(
    cozekit: Command, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COZE_API_TOKEN", emulator.issue_token(["listWorkspace", "listWorkflow", "listVoice"]))
    done = cozekit("doctor", "--json")
    [found] = [finding for finding in done.json if finding["check"] == "permissions"]
    assert (found["state"], found["detail"]) == ("bad", "may not list: bots, datasets")
    assert "permission" in found["cure"]


def test_a_bot_that_is_not_published_is_told_to_be_published(cozekit: Command, emulator: Emulator) -> None:
    done = cozekit("doctor", "--bot", emulator.add_bot("draft", published=False), "--json")
    assert states(done)["bot"] == "bad"
    assert "Publish the bot to the API channel" in cure(done, "bot")


@pytest.mark.parametrize(
    ("bot", "program", "state"),
    [
        ("plugins", PROGRAM, "good"),
        ("plugins", PROGRAM + "def sing(): ...\n", "unknown"),
        ("echo", PROGRAM, "bad"),
        ("plugins", [{"type": "function", "function": {"name": "get_weather"}}], "good"),
        ("plugins", [{"name": "fly"}], "unknown"),
    ],
)
def test_given_functions_are_compared_with_the_plugins_that_the_bot_declares(
    cozekit: Command, tmp_path: Path, bot: str, program: str | list[object], state: str
) -> None:
    file = tmp_path / ("tools.py" if isinstance(program, str) else "tools.json")
    file.write_text(program if isinstance(program, str) else json.dumps(program))
    assert states(cozekit("doctor", "--bot", bot, "--functions", str(file), "--json"))["plugins"] == state


def test_tools_of_frameworks_count_by_their_own_names(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(
        "from types import SimpleNamespace as N\n"
        "langchain = N(name='fly', invoke=print)\n"
        "llama = N(metadata=N(name='swim'), call=print)\n"
        "plain = N(name='no tool')\nnumber = 3\n"
    )
    assert names_of_functions(tmp_path / "tools.py") == ("fly", "swim")
    (tmp_path / "none.json").write_text('[{"type": "function"}, 3]')
    with pytest.raises(ConfigurationError, match="names no function"):
        names_of_functions(tmp_path / "none.json")


def test_functions_are_compared_only_with_a_bot(cozekit: Command, tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(PROGRAM)
    done = cozekit("doctor", "--functions", str(tmp_path / "tools.py"))
    assert "--bot" in done.err
    assert done.code == 2


def test_the_inputs_of_a_workflow_are_shown_with_their_types(cozekit: Command) -> None:
    done = cozekit("doctor", "--workflow", "book table")
    assert "Book table(city: string, guests?: integer)" in done.out


def test_a_conversation_has_an_age(cozekit: Command, client: CozeClient) -> None:
    made = client.conversations.create()
    assert "0 days old" in cozekit("doctor", "--conversation", made.id).out
    assert states(cozekit("doctor", "--conversation", "1", "--json"))["conversation"] == "bad"


def test_on_a_coze_studio_what_it_does_not_tell_is_unknown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator("studio") as studio:
        monkeypatch.setenv("COZE_API_BASE", studio.url)
        monkeypatch.setenv("COZE_API_TOKEN", studio.token)
        done = Command((studio.token,))("doctor", "--bot", studio.bots["echo"], "--json")
        workflow = studio.workflows["book_table"]
        other = Command((studio.token,))("doctor", "--workflow", workflow, "--json")
    assert {name for name, state in states(done).items() if state == "unknown"} == {"user", "clock", "permissions"}
    assert (states(done)["bot"], done.code) == ("good", 0)
    assert "Give a signature" in cure(other, "workflow")
