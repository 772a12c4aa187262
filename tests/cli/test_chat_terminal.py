"""`cozekit chat` in a terminal: keys are typed, the screen is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len

from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, AskClient, FollowUps, FunctionCall, Hold, Item, Reasoning, Turn
from tests.support.pty_screen import PtyScreen

COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3|9|4|10)\d(?:;[\d;]+)?m")
UP, CTRL_C = "\x1b[A", "\x03"


def guide(turn: Turn) -> Iterator[Item]:
    """Answer each kind of question in a way of its own."""
    if turn.question == "slow":
        yield Answer("It begins ")
        yield Hold(lambda: False)
    elif turn.question == "tool":
        yield (
            Answer(f"It is {turn.outputs[0].output}.") if turn.outputs else AskClient((("weather", {"city": "Bern"}),))
        )
    elif turn.parts:
        yield Answer(f"I see {turn.parts[0].kind} {turn.parts[0].name}.")
    else:
        yield Reasoning("First one thing, then another.")
        yield FunctionCall("look_up", {"what": "trains"})
        yield Answer(f"Take the **fast** train ({len(turn.history)} before).\n\n- at `nine`\n- at *ten*")
        yield FollowUps(("And back?",))


@pytest.mark.usefixtures("cozekit")
def test_a_dialogue_in_a_terminal(emulator: Emulator, tmp_path: Path) -> None:
    """One process for all keys, because each takes a second to start."""
    emulator.declare_plugins(emulator.add_bot("guide", guide), [{"name": "weather", "parameters": {"type": "object"}}])
    (tmp_path / "map.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20))
    with PtyScreen("chat", "guide", rows=40) as screen:
        screen.wait_for_prompt(">")
        screen.press("/details\r", until="had no thoughts")
        screen.press("\r/attach\r", until="Give the path of a file")
        screen.press("dropped", until="> dropped")
        screen.press(CTRL_C, until="> dropped")
        screen.wait_for_prompt(">")
        lines = screen.press("How?\r", until="tokens (")
        assert "Take the fast train (0 before)." in lines
        assert [line.strip() for line in lines if "•" in line] == ["• at nine", "• at ten"]
        assert [line for line in lines if line.startswith("▸")][1] == "▸ look_up({'what': 'trains'})"
        assert "→ And back?" in lines
        assert not any("one thing" in line for line in lines)
        assert "First one thing, then another." in screen.press("/details\r", until="First one")

        screen.press("slow\r", until="It begins")
        lines = screen.press(CTRL_C, until="Cancelled.")
        assert lines.count("It begins") == 1
        assert len(emulator.calls_to("/v3/chat/cancel")) == 1

        screen.press(UP, until=">")
        screen.wait_for_prompt("> slow")
        screen.press(UP * 2, until=">")
        screen.wait_for_prompt("> How?")
        screen.press("\r", until="(2 before)")
        screen.press("tool\r", until="its output:")
        screen.press("sunny\r", until="It is sunny.")
        screen.press(f"/attach {tmp_path / 'map.png'}\r", until="[1 attached] >")
        screen.press("What is it?\r", until="I see image map.png.")
        screen.press("/sing\r", until="There is no /sing.")
        screen.press("/new\r", until="begins a new conversation")
        screen.press("How?\r", until="(0 before)")
        screen.press("/attach /nowhere\r", until="Error: ")
        screen.press("\x04", until="To go on: --continue")
        assert screen.wait_for_end() == 0
    asked = [call.query.get("conversation_id") for call in emulator.calls_to("/v3/chat")]
    assert asked[0] is None
    assert asked[-1] is None  # after /new
    assert len(set(asked[1:-1])) == 1


@pytest.mark.usefixtures("cozekit")
def test_a_narrow_terminal_without_colours_shows_chinese_whole(emulator: Emulator) -> None:
    text = "北京的春天很短。风很大。但是花开得很好看。值得去一次。"

    def poet(turn: Turn) -> Iterator[Item]:
        yield Answer(text + f"\n\n**{turn.question}**\n", pieces=(*text, "\n\n", f"**{turn.question}**", "\n"))

    emulator.add_bot("诗人", poet)
    with PtyScreen("chat", "诗人", columns=21, rows=20, NO_COLOR="1") as screen:
        screen.wait_for_prompt(">")
        screen.press("你好吗\r", until="tokens")
        shown = "".join(line for line in screen.lines if re.match("[一-鿿。]", line))
        assert shown.replace(" ", "") == text + "你好吗"
        assert max(map(cell_len, screen.lines)) <= 21
        screen.press("\x04", until="To go on")
    assert COLOUR.findall(screen.written) == []
