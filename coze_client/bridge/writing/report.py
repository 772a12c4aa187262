"""What became of everything that was to be written into a dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from html import escape
from typing import Literal, NamedTuple

Status = Literal["uploaded", "ready", "failed", "skipped", "unknown"]

_HEADINGS = ("name", "document", "status", "error", "logid")


@dataclass(frozen=True)
class Fate:
    """What became of one file, text or web page.

    ``status``: "ready"; "uploaded" if Coze had not finished processing it; "skipped" if the dataset had this content
    already, in the document that ``document_id`` names; "failed" for the reason in ``error``; "unknown" if the answer
    was lost and the document has not turned up, which a later run finds out. ``name`` is the document's in the dataset.
    """

    name: str
    status: Status
    document_id: str = ""
    error: str = ""
    logid: str = ""


class Progress(NamedTuple):
    """How far a run is: ``done`` of ``total`` have their fate, of which those in process count by their percentage."""

    total: int
    done: float
    doing: str


@dataclass(frozen=True)
class WriteReport:
    """Each item's fate, in the order given; a table as text and in notebooks."""

    fates: tuple[Fate, ...]

    def __iter__(self) -> Iterator[Fate]:
        return iter(self.fates)

    def __len__(self) -> int:
        return len(self.fates)

    @property
    def failed(self) -> tuple[Fate, ...]:
        """What is not in the dataset, or not surely: another run tries these again."""
        return tuple(fate for fate in self.fates if fate.status in ("failed", "unknown"))

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The documents that hold the contents, those that were there before included."""
        return tuple(dict.fromkeys(fate.document_id for fate in self.fates if fate.document_id))

    @property
    def counts(self) -> dict[Status, int]:
        """How many of each status that occurs."""
        return dict(Counter(fate.status for fate in self.fates))

    def __str__(self) -> str:
        rows = [_HEADINGS, *map(_row, self.fates)]
        used = [column for column in zip(*rows, strict=True) if any(column[1:])]
        widths = [max(map(len, column)) for column in used]
        lines = zip(*used, strict=True)
        table = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([*table, self._summary()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
        rows = ("".join(f"<td>{escape(cell)}</td>" for cell in _row(fate)) for fate in self.fates)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(self._summary())}</p>"

    def _summary(self) -> str:
        return ", ".join(f"{count} {status}" for status, count in self.counts.items()) or "nothing to write"


def _row(fate: Fate) -> tuple[str, ...]:
    name, status, document_id, error, logid = astuple(fate)
    return name, document_id, status, " ".join(error.split()), logid
