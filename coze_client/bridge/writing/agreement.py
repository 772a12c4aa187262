"""What a run changes about sources: which contents they get, and which documents may then be deleted. No network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from coze_client.bridge.writing.naming import hashless_name
from coze_client.bridge.writing.sources import SourceDocument
from coze_client.bridge.writing.upload_record import SourceEntry, UploadEntry

UNKNOWN_SOURCE = ""
"""The source of the documents that a record of an earlier version has, and that no source given explains."""


class Given(NamedTuple):
    """The contents of one source, as a run was given them; not ``whole`` if a part of it could not be read."""

    name: str
    contents: tuple[str, ...]
    location: str
    whole: bool


def group(documents: Iterable[SourceDocument]) -> dict[str, Given]:
    """The contents of each source, in the order given."""
    contents: dict[str, dict[str, None]] = {}
    first: dict[str, SourceDocument] = {}
    broken: set[str] = set()
    for each in documents:
        if not each.source:
            continue
        first.setdefault(each.source, each)
        hashes = contents.setdefault(each.source, {})
        if not each.error:
            hashes[each.content_hash] = None
        elif each.partial:
            broken.add(each.source)
    return {
        source: Given(first[source].name, tuple(hashes), first[source].location, source not in broken)
        for source, hashes in contents.items()
    }


def adopt(
    given: Mapping[str, Given], known: Mapping[str, SourceEntry], uploads: Mapping[str, UploadEntry]
) -> dict[str, SourceEntry]:
    """Sources for the uploads that have none, because an earlier version recorded only their names.

    A content belongs to the source that it is given for. Of the others, those with a source's name belong to it; those
    with that name and a hash do so too, if no more sources could own them than are given.
    """
    orphans = uploads.keys() - {each for entry in known.values() for each in entry.contents}
    orphans -= {each for source in given.values() for each in source.contents}
    if not orphans:
        return {}
    by_name: dict[str, list[UploadEntry]] = {}
    for each in orphans:
        by_name.setdefault(hashless_name(uploads[each].name, each), []).append(uploads[each])
    owners = Counter(source.name for source in given.values())
    adopted: dict[str, SourceEntry] = {}
    for source, one in given.items():
        if source in known:
            continue
        found = by_name.pop(one.name, [])
        exact = [each for each in found if each.name == one.name]
        if kept := found if len(found) <= owners[one.name] else exact:
            adopted[source] = SourceEntry(source, tuple(each.content_hash for each in kept), None, one.location)
    return adopted


def orphans_of(
    given: Mapping[str, Given], entries: Mapping[str, SourceEntry], uploads: Mapping[str, UploadEntry]
) -> tuple[str, ...]:
    """The contents of the uploads that no source has, and that are not given."""
    owned = {each for entry in entries.values() for each in entry.contents}
    owned.update(each for source in given.values() for each in source.contents)
    return tuple(each for each in uploads if each not in owned)


def changes(
    given: Mapping[str, Given],
    known: Mapping[str, SourceEntry],
    uploads: Mapping[str, UploadEntry],
    *,
    replacing: bool,
) -> Iterator[SourceEntry]:
    """The entries that differ once these sources are written, before anything is sent or deleted."""
    for source, one in given.items():
        old = known.get(source)
        entry = SourceEntry(source, one.contents, None, one.location)
        if old is not None and old.contents != one.contents:
            contents = (*(each for each in old.contents if each in uploads), *one.contents)
            entry = entry._replace(contents=tuple(dict.fromkeys(contents)))
        if replacing and one.whole and one.contents:
            wanted: tuple[str, ...] | None = one.contents
        else:
            wanted = None if old is None or old.wanted is None else (*old.wanted, *one.contents)
        if wanted is not None and not set(entry.contents) <= set(wanted):
            entry = entry._replace(wanted=tuple(dict.fromkeys(wanted)))
        if entry != old and entry.contents:
            yield entry


def gone(given: Mapping[str, Given], known: Mapping[str, SourceEntry]) -> Iterator[SourceEntry]:
    """The entries of the sources that are not given, with nothing wanted of them any more."""
    for source, entry in known.items():
        if source not in given:
            yield entry._replace(wanted=())


class Finished(NamedTuple):
    """The entries whose unwanted contents are dropped, and the ids of the documents that nothing else needs."""

    entries: list[SourceEntry]
    delete_later: list[str]


def finish(known: Mapping[str, SourceEntry], uploads: Mapping[str, UploadEntry]) -> Finished:
    """Drop the contents that are not wanted from each source whose wanted contents are all ready.

    A content whose reply was lost is kept for a later run, which may find its document.
    """
    pending = [each for each in known.values() if each.wanted is not None and _is_ready(each.wanted, uploads)]
    finished = Finished([], [])
    if not pending:
        return finished
    needed = Counter(each for entry in known.values() for each in entry.contents)
    for entry in pending:
        dropped = [each for each in entry.contents if each not in entry.staying]
        lost = [each for each in dropped if each in uploads and uploads[each].state == "intended"]
        finished.entries.append(_without(entry, lost))
        for content in set(dropped) - set(lost):
            needed[content] -= 1
            if content in uploads and not needed[content] and uploads[content].document_id:
                finished.delete_later.append(uploads[content].document_id)
    return finished


def _without(entry: SourceEntry, lost: Sequence[str]) -> SourceEntry:
    return entry._replace(contents=(*entry.staying, *lost), wanted=entry.staying if lost else None)


def _is_ready(contents: Iterable[str], uploads: Mapping[str, UploadEntry]) -> bool:
    return all(each in uploads and uploads[each].state == "ready" for each in contents)
