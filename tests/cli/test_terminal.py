"""What a command writes into terminals of any width, and into pipes."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from coze_client.cli.checks import CHECKS, Finding, Verdict
from coze_client.cli.findings import show_line
from coze_client.emulator import Emulator
from coze_client.emulator.scripts import Answer, FunctionCall
from coze_client.emulator.workflows import Output, Steps
from coze_client.errors import CozeError
from tests.support.command import Command
from tests.support.terminals import lines, terminal

ROWS = [("7350000000000000001", "翻译助手", "把中文翻译成英文"), ("7350000000000000002", "echo\ttab", "")]


@pytest.mark.parametrize("width", [24, 40, 80])
def test_a_table_fits_the_terminal_and_loses_no_character(width: int) -> None:
    out = terminal(width)
    out.write_table(["id", "name", "use"], ROWS)
    assert max(map(cell_len, lines(out.out))) <= width
    shown = [character for line in lines(out.out)[1:] for character in line]
    assert sorted(filter(str.strip, shown)) == sorted(filter(str.strip, "".join(map("".join, ROWS))))


def test_a_pipe_gets_a_line_for_each_row_with_tabs_between_its_cells() -> None:
    out = terminal(20, is_terminal=False)
    out.write_table(["id", "name", "use"], ROWS)
    assert lines(out.out) == ["\t".join(ROWS[0]), "7350000000000000002\techo tab\t"]


@pytest.mark.parametrize("width", [26, 80])
def test_a_finding_fits_the_terminal_and_its_cure_stands_below(width: int) -> None:
    out, names = terminal(width), max(len(check.name) for check in CHECKS)
    show_line(out, Finding(CHECKS[-1], Verdict("bad", "没有安装: " + "包" * 30, "Begin a new one")), names)
    show_line(out, Finding(CHECKS[1], Verdict("good", "there")), names)
    shown = lines(out.out)
    assert max(map(cell_len, shown)) <= width
    assert shown[0].startswith("✗ conversation 没有")
    assert shown[-1].rstrip() == "✓ server       there"
    assert "→" in "".join(shown[1:-1])


def test_an_error_of_a_run_says_where_the_run_can_be_seen_and_reads_no_markup() -> None:
    error, out = CozeError("[bold]it broke", cure="Read [it]"), terminal(80)
    out.tell_error(error)
    error.debug_url = "https://www.coze.com/work_flow?execute_id=1"
    out.tell_error(error)
    once = "Error: [bold]it broke. Read [it]"
    assert lines(out.err) == [once, once, f"The run in Coze: {error.debug_url}"]


TITLE = "\x1b]0;owned\x07\x9b2J"


def test_what_a_server_sends_cannot_steer_the_terminal(cozekit: Command, emulator: Emulator) -> None:
    @emulator.workflow(title=f"Steer{TITLE}")
    def steer() -> Steps[str]:
        yield Output(f"Node{TITLE}", f"said{TITLE}")
        return f"ended{TITLE}"

    emulator.add_bot("bad", lambda _: [FunctionCall(f"call{TITLE}", {}), Answer(f"answered{TITLE}")])
    for arguments, told in (
        (("chat", "bad", "-m", "x"), "answered"),
        (("workflows", "list"), "Steer"),
        (("run", emulator.workflows["steer"]), "ended"),
        (("doctor", "--bot", f"no{TITLE}"), "No bot"),
    ):
        shown = terminal(200)
        cozekit(*arguments, terminal=shown)
        text = "\n".join([*lines(shown.out), *lines(shown.err)])
        assert told in text
        assert [character for character in ("\x07", "\x9b", "\x1b]") if character in text] == []
