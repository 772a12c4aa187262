"""The report of a run: the result for every source."""

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
    """The result for one file, text or web page.

    ``status`` is "ready"; "uploaded" if Coze has not finished processing it; "skipped" if the dataset already had this
    content, in the document ``document_id``; "failed" for the reason in ``error``; or "unknown" if the reply was lost
    and the dataset does not list the document; the next run checks again. ``name`` is the document's name in the
    dataset.
    """

    name: str
    status: Status
    document_id: str = ""
    error: str = ""
    logid: str = ""


class Progress(NamedTuple):
    """The progress of a run: ``done`` of ``total`` sources are finished; one in processing counts as a fraction.

    ``doing`` is "uploading" or "processing".
    """

    total: int
    done: float
    doing: str


@dataclass(frozen=True)
class WriteReport:
    """The result for each source, in the order given; shown as a table in text and in notebooks."""

    fates: tuple[Fate, ...]

    def __iter__(self) -> Iterator[Fate]:
        return iter(self.fates)

    def __len__(self) -> int:
        return len(self.fates)

    @property
    def failed(self) -> tuple[Fate, ...]:
        """The results "failed" and "unknown"; another run tries these sources again."""
        return tuple(fate for fate in self.fates if fate.status in ("failed", "unknown"))

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The ids of the documents with these contents, including those that existed before the run."""
        return tuple(dict.fromkeys(fate.document_id for fate in self.fates if fate.document_id))

    @property
    def counts(self) -> dict[Status, int]:
        """The number of results for each status that occurs."""
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
