"""The names of the other clients' methods and of ours, as ``docs/coming-from.md`` compares them."""

from __future__ import annotations

import re

from benchmarks.peers import ROOT

PAGE = (ROOT / "docs" / "coming-from.md").read_text(encoding="utf-8")
CLIENTS = ("cozepy", "coze-go", "@coze/api")
_HEAD = "| ours | cozepy | coze-go | @coze/api |\n|---|---|---|---|\n"


def _rows() -> list[list[str]]:
    table = PAGE.partition(_HEAD)[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


OURS = tuple(name for cell, *_ in _rows() for name in re.findall(r"`([\w.]+)`", cell))
"""Our calls that have a row."""


def our_names(client: str) -> dict[str, str]:
    """Return each method that the page names of a client, with the first of our calls beside it.

    A name with an argument (“with `is_async`”) leads to another of our calls, and counts only where it is alone.
    """
    column = CLIENTS.index(client) + 1
    found: dict[str, str] = {}
    for row in _rows():
        for part in row[column].split(","):
            if name := re.match(r"`([\w.]+)`$", part.strip()):
                found.setdefault(name[1], re.findall(r"`([\w.]+)`", row[0])[0])
    return found


def other_names(client: str) -> tuple[str, ...]:
    """Return the names of a client that are no methods and have a row."""
    return tuple(name for theirs, _ in _other_rows(client) for name in re.findall(r"`(\w+)`", theirs))


def others_of_ours() -> set[str]:
    """Return what the rows of all clients' other names call ours."""
    return {name for client in CLIENTS for _, ours in _other_rows(client) for name in re.findall(r"`([^`]+)`", ours)}


def _other_rows(client: str) -> list[list[str]]:
    table = re.search(rf"^\| \w+ of {re.escape(client)} \| ours \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table, client
    return [line.strip("| ").split(" | ") for line in table[1].splitlines()]
