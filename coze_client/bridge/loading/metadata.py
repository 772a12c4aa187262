"""What Coze tells of a document, as flat metadata that every vector store takes."""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.api.datasets.values import Document, Image

Record = Document | Image
Plain = str | int | float | bool

STATUSES: Mapping[int, str] = {0: "processing", 1: "ready", 9: "failed"}
"""Words of ``status`` (API page list_knowledge_files); any other is its number as text."""
_WORDS: Mapping[str, Mapping[int, str]] = {
    "status": STATUSES,
    "format_type": {0: "text", 1: "table", 2: "image"},
    "source_type": {0: "local", 1: "web", 2: "custom", 5: "file_id"},
}
_NAMES = {"name": "document_name"}
_VOLATILE = frozenset({"hit_count", "url"})  # an image's URL is signed anew with every answer


def convert_metadata(record: Record, dataset_id: str, *, volatile: bool = True) -> dict[str, Plain]:
    """What is known of a document or image by the API's names, but ``document_name``; what Coze left out is absent.

    Times are unix seconds, sizes bytes; status, format and source are words. ``source`` is unique per document. Without
    `volatile`, what changes though the document does not is left out.
    """
    source = f"coze://datasets/{dataset_id}/documents/{record.document_id}"
    known: dict[str, Plain] = {"source": source, "dataset_id": dataset_id}
    for name in type(record).model_fields:
        value: object = getattr(record, name)
        if isinstance(value, (str, int, float)) and value != "" and (volatile or name not in _VOLATILE):
            known[_NAMES.get(name, name)] = _word(name, value)
    return known


def status_of(record: Record) -> str:
    """The word for a document's status."""
    return str(_word("status", record.status)) if record.status is not None else ""


def _word(name: str, value: Plain) -> Plain:
    return _WORDS[name].get(int(value), str(value)) if name in _WORDS else value
