"""`cozekit run`: inputs, questions, messages of nodes, and the output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coze_client.api.workflows.failures import WorkflowInterrupted
from coze_client.api.workflows.values import Interrupt, WorkflowParameter
from coze_client.cli.arguments import read_arguments
from coze_client.cli.terminal import Terminal
from coze_client.cli.workflow_answers import WorkflowAnswers, choose
from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Image, Output, Steps, WorkflowError, ask, ask_for
from coze_client.errors import ConfigurationError
from tests.support.command import Command
from tests.support.pty_screen import PtyScreen

SCHEMA = {
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "open": {"type": "boolean"},
        "names": {"type": "array"},
        "any": {},
    }
}


@pytest.mark.parametrize(
    ("pair", "schema", "value"),
    [
        ("text=3", SCHEMA, "3"),
        ("text=a=b", SCHEMA, "a=b"),
        ("text=@@home", SCHEMA, "@home"),
        ("count=3", SCHEMA, 3),
        ("count=three", SCHEMA, "three"),
        ("open=True", SCHEMA, True),
        ('names=["a"]', SCHEMA, ["a"]),
        ("other=3", SCHEMA, "3"),
        ("any=3", SCHEMA, 3),
        ("text=3", None, 3),
        ("text=三", None, "三"),
        ("text=", SCHEMA, ""),
    ],
)
def test_a_value_is_read_as_the_schema_wants_it(pair: str, schema: Any, value: object) -> None:
    assert list(read_arguments([pair], schema).values()) == [value]


@pytest.mark.parametrize(
    ("pairs", "told"),
    [(["city"], "'city' is no key=value"), (["=x"], "no key=value"), (["a=1", "a=2"], "twice"), (["a=@no"], "@@")],
)
def test_a_pair_that_means_nothing_is_refused(pairs: list[str], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_arguments(pairs, SCHEMA)
    assert told in str(caught.value)


def test_wrong_inputs_are_refused_before_anything_runs(cozekit: Command, emulator: Emulator) -> None:
    for inputs, told in ((["guests=many", "city=Bern"], "guests"), ([], "city"), (["city=Bern", "town=x"], "town")):
        done = cozekit("run", "book table", *inputs)
        assert (done.code, done.out) == (1, "")
        assert told in done.err
    assert emulator.runs_started == 0


def test_the_output_is_the_result_and_the_nodes_speak_beside_it(cozekit: Command, emulator: Emulator) -> None:
    @emulator.workflow(title="Tell")
    def tell(name: str) -> Steps[str]:
        yield Output("Greeting", f"Hello, {name} !")
        yield Output("Weather", "It rains.")
        return "The end."

    done = cozekit("run", "Tell", "name=Ann")
    assert done.out == "The end.\n"
    assert done.err.splitlines()[:2] == ["Greeting: Hello, Ann !", "Weather: It rains."]
    assert cozekit("run", emulator.workflows["tell"], "name=Ann", "--json").json["text"] == "The end."


def test_files_are_uploaded_as_inputs(cozekit: Command, emulator: Emulator, tmp_path: Path) -> None:
    @emulator.workflow(title="Look")
    def look(picture: Image) -> str:
        return str(picture)

    (tmp_path / "map.png").write_bytes(b"\x89PNG\r\n\x1a\n0")
    assert "map.png" in cozekit("run", "Look", f"picture=@{tmp_path / 'map.png'}").out


def test_answers_given_beforehand_are_taken_in_order_and_the_run_is_started_once(
    cozekit: Command, emulator: Emulator
) -> None:
    @emulator.workflow(title="Ask")
    def ask_twice() -> Steps[str]:
        first = yield ask("Which time?", options=["18:00", "19:00"])
        second = yield ask("And your name?")
        return f"{first} for {second}"

    assert cozekit("run", "Ask", "--answer", "2", "--answer", "Ann").out == "19:00 for Ann\n"
    assert emulator.runs_started == 1
    unanswered = cozekit("run", "Ask", "--answer", "18:00")
    assert (unanswered.code, unanswered.out) == (1, "")
    assert "The workflow asks: And your name?" in unanswered.err


def test_a_failure_comes_after_what_the_nodes_said(cozekit: Command, emulator: Emulator) -> None:
    @emulator.workflow(title="Fail")
    def fail() -> Steps[str]:
        yield "Begun."
        yield ask("Go on?")
        raise WorkflowError(720701013, "It broke.")

    done = cozekit("run", "Fail", "--answer", "yes")
    assert done.code == 1
    assert "Begun." in done.err
    assert "It broke." in done.err.splitlines()[-1]


def test_on_a_coze_studio_inputs_are_sent_unchecked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator("studio") as studio:
        monkeypatch.setenv("COZE_API_BASE", studio.url)
        monkeypatch.setenv("COZE_API_TOKEN", studio.token)
        workflow = studio.workflows["book_table"]
        done = Command((studio.token,))("run", workflow, "city=Bern", "guests=3", "--answer", "19:00")
    assert json.loads(done.out)["guests"] == 3
    assert "The inputs are not checked" in done.err


@pytest.mark.parametrize(
    ("typed", "options", "answer"),
    [("2", ("a", "b"), "b"), ("3", ("a", "b"), "3"), ("2", ("2", "1"), "2"), (" a ", ("a",), "a"), ("0", ("a",), "0")],
)
def test_an_option_is_chosen_by_its_number_or_text(typed: str, options: tuple[str, ...], answer: str) -> None:
    assert choose(typed, options) == answer


def test_an_answer_that_does_not_fit_is_refused_before_it_is_sent() -> None:
    fields = {"guests": WorkflowParameter(type="integer", required=True)}
    form = WorkflowInterrupted("asked", question="How many?", interrupt=Interrupt(type=5, required_parameters=fields))
    with pytest.raises(ConfigurationError, match="guests"):
        WorkflowAnswers(Terminal(), ['{"guests": "many"}'], None).answer(form, shown=False)
    typed = iter(["", "many", "3"])
    answers = WorkflowAnswers(Terminal(), [], lambda _: next(typed))
    assert json.loads(answers.answer(form, shown=False)) == {"guests": "3"}


@pytest.mark.usefixtures("cozekit")
def test_in_a_terminal_questions_and_forms_are_asked(emulator: Emulator) -> None:
    @emulator.workflow(title="Plan")
    def plan() -> Steps[dict[str, str]]:
        time = yield ask("Which time suits you?", options=["18:00", "19:00"], title="Time")
        form = yield ask_for("Guests", name=str, guests=int)
        return {"time": time, "guest": f"{form['name']} with {form['guests']}"}

    with PtyScreen("run", "Plan") as screen:
        lines = screen.wait_for("answer:")
        assert [line for line in lines if "suits" in line] == ["Time: Which time suits you?"]
        assert "  2. 19:00" in lines
        screen.press("2\r", until="name:")
        screen.press("安娜\r", until="guests:")
        screen.press("many\r", until="must be integer")
        screen.press("小明\r", until="name: 小明")
        screen.press("3\r", until='"guest": "小明 with 3"')
        assert screen.wait_for_end() == 0
