"""Finds out which files are the same source as before: by their place, then by their path in the folder given."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.upload_record import SourceEntry


def identify(documents: Sequence[SourceDocument], known: Mapping[str, SourceEntry]) -> list[SourceDocument]:
    """Give each file the source that it has in the record (`known`), or one that no other file has.

    A file that the record has at this place is that source, whichever folder it was given in. Any other file in a
    folder is the source with its path in that folder: the folder may have been moved. A file that was given alone is
    the source with its name, unless the record has that name from another file that still exists. If two files would
    be one source, the folders above the second one are put before it.
    """
    by_location = {entry.location: entry.source for entry in known.values() if entry.location}
    claimed: dict[str, str] = {}
    for each in documents:
        if each.location in by_location:
            claimed[by_location[each.location]] = each.location
    identified: list[SourceDocument] = []
    for each in documents:
        source = by_location.get(each.location) or _source(each, known, claimed) if each.location else each.source
        if each.location:
            claimed[source] = each.location
        identified.append(each if source == each.source else replace(each, source=source))
    return identified


def _source(document: SourceDocument, known: Mapping[str, SourceEntry], claimed: Mapping[str, str]) -> str:
    for source in _longer(document.source, document.location):
        if claimed.get(source, document.location) != document.location:
            continue
        if document.alone and source in known and _is_elsewhere(known[source].location, document.location):
            continue
        return source
    return document.location


def _is_elsewhere(recorded: str, location: str) -> bool:
    return recorded not in ("", location) and Path(recorded).exists()


def _longer(source: str, location: str) -> Iterator[str]:
    """The source, and then the source with one more folder of its location before it each time."""
    yield source
    parts = location.replace(os.sep, "/").split("/")
    for start in range(len(parts) - source.count("/") - 2, 0, -1):
        yield "/".join(parts[start:])
