"""What a command writes into terminals of any width, and into pipes."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.console import Console

from coze_client.cli.checks import CHECKS, Finding, Verdict
from coze_client.cli.doctor import show_line
from coze_client.cli.terminal import Terminal
from coze_client.errors import CozeError

ROWS = [("7350000000000000001", "翻译助手", "把中文翻译成英文"), ("7350000000000000002", "echo\ttab", "")]


def terminal(width: int, *, is_terminal: bool = True) -> Terminal:
    """A terminal that keeps what is written."""
    return Terminal(
        *(Console(file=StringIO(), width=width, force_terminal=is_terminal, color_system=None) for _ in "12")
    )


def lines(console: Console) -> list[str]:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


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


@pytest.mark.parametrize("width", [30, 80])
def test_a_finding_fits_the_terminal_and_its_cure_stands_below(width: int) -> None:
    out = terminal(width)
    show_line(out, Finding(CHECKS[0], Verdict("bad", "没有安装: " + "包" * 30, "Install the packages")), 12)
    assert max(map(cell_len, lines(out.out))) <= width
    assert lines(out.out)[0].startswith("✗ packages")
    assert "→ Install" in " ".join(lines(out.out)[1:])


def test_an_error_of_a_run_says_where_the_run_can_be_seen_and_reads_no_markup() -> None:
    error, out = CozeError("[bold]it broke", cure="Read [it]"), terminal(80)
    out.tell_error(error)
    error.debug_url = "https://www.coze.com/work_flow?execute_id=1"
    out.tell_error(error)
    once = "Error: [bold]it broke. Read [it]"
    assert lines(out.err) == [once, once, f"The run in Coze: {error.debug_url}"]
