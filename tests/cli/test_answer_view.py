"""How an answer looks while it arrives, and when it is complete."""

from __future__ import annotations

from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.markdown import Markdown

from coze_client import Message
from coze_client.api.chats.chat_event import MESSAGE_COMPLETED, MESSAGE_DELTA, ChatEvent
from coze_client.cli.answer_view import LiveAnswer
from tests.support.markdown import documents


def console(height: int = 200) -> Console:
    """A console of 60 columns that draws nothing that is to be erased again."""
    return Console(file=StringIO(), width=60, height=height, force_terminal=False)


def written(output: Console) -> list[str]:
    """The lines that are not empty."""
    assert isinstance(output.file, StringIO)
    return [line.rstrip() for line in output.file.getvalue().splitlines() if line.strip()]


@settings(max_examples=40)  # each starts a thread that draws
@given(documents, st.integers(1, 30))
def test_an_answer_in_pieces_looks_as_if_it_had_come_at_once(text: str, step: int) -> None:
    at_once, in_pieces = console(), console()
    at_once.print(Markdown(text))
    with LiveAnswer(in_pieces) as view:
        for start in range(0, len(text), step):
            view.add(ChatEvent(MESSAGE_DELTA, b"{}", delta=text[start : start + step]))
    assert written(in_pieces) == written(at_once)


def test_blocks_stand_one_empty_line_apart() -> None:
    output = console()
    with LiveAnswer(output) as view:
        for piece in ("One.\n\n", "| a |\n|---|\n| b |\n\n", "Two."):
            view.add(ChatEvent(MESSAGE_DELTA, b"{}", delta=piece))
    assert isinstance(output.file, StringIO)
    shown = [line.strip() for line in output.file.getvalue().splitlines()]
    assert [line for line in shown if not set(line) & set("━─")] == ["One.", "", "a", "b", "", "Two."]


def test_what_is_folded_takes_one_line_however_long_it_is() -> None:
    output = console()
    call = Message.function_call("look", {"for": "something " * 20})
    with LiveAnswer(output) as view:
        view.add(ChatEvent(MESSAGE_DELTA, b"{}", delta="First. "))
        view.add(ChatEvent(MESSAGE_COMPLETED, b"{}", call))
    first, line = written(output)
    assert first == "First."
    assert line.startswith("▸ look(")
    assert line.endswith("…")


def test_a_block_that_outgrows_the_screen_shows_its_end_while_it_grows_and_all_of_it_at_last() -> None:
    code = "```text\n" + "\n".join(f"line{number}" for number in range(50))
    output = Console(file=StringIO(), width=60, height=10, force_terminal=True, color_system=None)
    with LiveAnswer(output) as view:
        view.add(ChatEvent(MESSAGE_DELTA, b"{}", delta=code))
        assert isinstance(output.file, StringIO)
        output.file.truncate(0)
        view.refresh()
        growing = output.file.getvalue()
        assert "line49" in growing
        assert "line30" not in growing
    assert "line30" in output.file.getvalue()
