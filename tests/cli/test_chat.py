"""`cozekit chat` without a terminal, and what it folds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_client import Chat, CozeClient, CozeError, Usage
from coze_client.cli.chat_session import ChatSession, waiting_calls
from coze_client.cli.folded import describe_usage
from coze_client.emulator import Emulator, faults
from coze_client.emulator.scripts import Answer, AskUser, FunctionCall, Item, Reasoning, ToolResponse, Turn
from tests.support.command import Command
from tests.support.terminals import lines, terminal


def test_a_pipe_gets_the_answers_alone_and_its_lines_are_one_dialogue(cozekit: Command, emulator: Emulator) -> None:
    def count(turn: Turn) -> Iterator[Item]:
        yield Reasoning("Hm.")
        yield FunctionCall("search", {"q": turn.question})
        yield ToolResponse("42")
        yield Answer(f"{turn.question}\tafter {len(turn.history)}")
        yield Answer("Done.\n")

    emulator.add_bot("count", count)
    done = cozekit("chat", "count", typed="one\n\n  two \n")
    assert done.out == "one\tafter 0\nDone.\ntwo\tafter 3\nDone.\n"
    assert done.err.count("tokens (") == 2
    assert done.code == 0


def test_questions_of_the_command_line_are_asked_in_a_conversation_that_goes_on(
    cozekit: Command, emulator: Emulator
) -> None:
    emulator.add_bot("count", lambda turn: [Answer(f"{turn.question} {len(turn.history)}")])
    assert cozekit("chat", "count", "-m", "one", "-m", "two").out == "one 0\ntwo 2\n"
    [first, second] = emulator.calls_to("/v3/chat")
    conversation = second.query["conversation_id"]
    assert cozekit("chat", "count", "-m", "three", "--conversation", conversation).out == "three 4\n"
    assert "conversation_id" not in first.query


def test_the_last_conversation_with_a_bot_goes_on_for_the_same_user_and_is_forgotten_with_its_file(
    cozekit: Command, emulator: Emulator, home: Path
) -> None:
    for name in ("count", "other"):
        emulator.add_bot(name, lambda turn: [Answer(f"{turn.question} {len(turn.history)}")])
    assert "no last conversation" in cozekit("chat", "count", "--continue", "-m", "x").err
    cozekit("chat", "count", "-m", "one")
    cozekit("chat", "other", "-m", "one")
    assert cozekit("chat", "count", "--continue", "-m", "two").out == "two 2\n"
    assert cozekit("chat", "count", "-c", "-m", "three").out == "three 4\n"
    assert "no last conversation" in cozekit("chat", "count", "-c", "--user", "ann", "-m", "x").err
    (home / "conversations.json").write_text("damaged")
    assert "no last conversation" in cozekit("chat", "count", "-c", "-m", "x").err
    assert cozekit("chat", "count", "-m", "new").out == "new 0\n"


def test_a_folder_that_cannot_be_written_to_does_not_stop_a_chat(
    cozekit: Command, emulator: Emulator, home: Path
) -> None:
    home.write_text("no folder")
    emulator.add_bot("yes", lambda _: [Answer("Yes.")])
    assert cozekit("chat", "yes", "-m", "x").out == "Yes.\n"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [("a.png", b"\x89PNG\r\n\x1a\n0", "image"), ("a.mp3", b"ID3\x03000", "audio"), ("a.txt", b"text", "file")],
)
def test_a_file_is_attached_as_what_it_is(
    cozekit: Command, emulator: Emulator, tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    emulator.add_bot("see", lambda turn: [Answer(f"{turn.parts[0].kind} {turn.parts[0].name}")])
    (tmp_path / name).write_bytes(content)
    assert cozekit("chat", "see", "-m", "look", "--attach", str(tmp_path / name)).out.split("\n")[0] == f"{kind} {name}"


def test_a_file_stays_attached_until_a_chat_has_taken_it(
    client: CozeClient, emulator: Emulator, tmp_path: Path
) -> None:
    bot = emulator.add_bot("see", lambda turn: [Answer(str([part.name for part in turn.parts]))])
    (tmp_path / "a.txt").write_text("text")
    shown = terminal(is_terminal=False)
    session = ChatSession(client, shown, bot, "me")
    session.attach(tmp_path / "a.txt")
    emulator.inject(faults.HttpStatus(400))
    with pytest.raises(CozeError):
        session.ask("look")
    for _ in range(2):
        session.ask("look")
    assert lines(shown.out) == ["['a.txt']", "[]"]


def test_a_tool_that_nobody_can_answer_for_ends_the_command(cozekit: Command) -> None:
    done = cozekit("chat", "plugins", "-m", "weather in Bern")
    assert done.code == 1
    assert 'The bot calls get_weather({"city":"Bern"})' in done.err


def test_a_question_of_the_bot_is_answered_by_the_next_line(cozekit: Command, emulator: Emulator) -> None:
    def ask(turn: Turn) -> list[Item]:
        return [Answer(f"Off to {turn.question}.")] if turn.history else [AskUser("Where to?")]

    emulator.add_bot("ask", ask)
    assert cozekit("chat", "ask", typed="go\nBern\n").out == "Where to?\nOff to Bern.\n"


def test_a_bot_that_fails_leaves_what_came_and_ends_with_one_sentence(cozekit: Command) -> None:
    done = cozekit("chat", "failing", "-m", "x")
    assert (done.code, done.out) == (1, "This goes well until \n")
    assert done.err.startswith("Error: model unavailable (code 5000")


def test_only_calls_of_functions_want_an_output() -> None:
    calls = [
        {"id": "1", "type": "function", "function": {"name": "look"}},
        {"id": "2", "type": "reply_message", "function": {"name": "ask"}},
        {"id": "3", "type": "function"},
    ]
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
    chat = Chat.model_validate({"status": "requires_action", "required_action": action})
    assert [call.id for call in waiting_calls(chat)] == ["1"]


def test_only_a_draft_can_be_asked_as_a_draft(cozekit: Command, emulator: Emulator) -> None:
    emulator.add_bot("new", lambda turn: [Answer("I am a draft.")], published=False)
    assert cozekit("chat", "new", "--draft", "-m", "x").out == "I am a draft.\n"
    assert "Publish the bot" in cozekit("chat", "new", "-m", "x").err


@pytest.mark.parametrize(
    ("usage", "told"),
    [
        (None, ""),
        (Usage(), ""),
        (Usage(token_count=7, input_count=3, output_count=4), "7 tokens (3 in, 4 out)"),
        (Usage(token_count=7), "7 tokens"),
        (Usage.model_validate(json.loads('{"input_tokens": 3, "output_tokens": 4}')), "3 in, 4 out"),
    ],
)
def test_usage_is_told_as_far_as_the_server_told_it(usage: Usage | None, told: str) -> None:
    assert describe_usage(usage) == told
