"""The report of a run: the result for every source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Literal, NamedTuple

WriteStatus = Literal["uploaded", "ready", "failed", "skipped", "unknown", "gone", "new", "changed"]

_HEADINGS = ("name", "document", "status", "error", "logid")


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The result for one file, text or web page.

    ``status`` is "ready"; "uploaded" if Coze has not finished processing it; "skipped" if the dataset already had this
    content, in the document ``document_id``; "failed" for the reason in ``error``; or "unknown" if the reply was lost
    and the dataset does not list the document; the next run checks again. "gone" is a document that ``mirror`` deletes,
    because its source no longer exists. A dry run also has "new" and "changed": what a run would upload.

    ``name`` is the document's name in the dataset. ``source`` identifies the source: a file's path in the folder that
    was given, a URL, or what the framework's document names as its source. ``error`` may also tell, for a document that
    is ready, that an older version of the source stands beside it.
    """

    name: str
    status: WriteStatus
    document_id: str = ""
    error: str = ""
    logid: str = ""
    source: str = field(default="", repr=False)


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

    results: tuple[WriteResult, ...]

    def __iter__(self) -> Iterator[WriteResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    @property
    def failed(self) -> tuple[WriteResult, ...]:
        """The results "failed" and "unknown"; another run tries these sources again."""
        return tuple(result for result in self.results if result.status in ("failed", "unknown"))

    @property
    def document_ids(self) -> tuple[str, ...]:
        """The ids of the documents with these contents, including those that existed before the run."""
        return tuple(dict.fromkeys(result.document_id for result in self.results if result.document_id))

    @property
    def counts(self) -> dict[WriteStatus, int]:
        """The number of results for each status that occurs."""
        return dict(Counter(result.status for result in self.results))

    def __str__(self) -> str:
        rows = [_HEADINGS, *map(_row, self.results)]
        used = [column for column in zip(*rows, strict=True) if any(column[1:])]
        widths = [max(map(len, column)) for column in used]
        lines = zip(*used, strict=True)
        table = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join([*table, self._summary()])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
        rows = ("".join(f"<td>{escape(cell)}</td>" for cell in _row(result)) for result in self.results)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{escape(self._summary())}</p>"

    def _summary(self) -> str:
        return ", ".join(f"{count} {status}" for status, count in self.counts.items()) or "nothing to write"


def _row(result: WriteResult) -> tuple[str, ...]:
    return result.name, result.document_id, result.status, " ".join(result.error.split()), result.logid
