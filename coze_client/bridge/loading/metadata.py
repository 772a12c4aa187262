"""Flat metadata of a document: strings and numbers, which every vector store accepts."""

from __future__ import annotations

from collections.abc import Mapping

from coze_client.api.datasets.values import Document, Image

DocumentInfo = Document | Image
"""What Coze's lists contain about a document or an image; neither its file nor its text."""
MetadataValue = str | int | float | bool

STATUSES: Mapping[int, str] = {0: "processing", 1: "ready", 9: "failed"}
"""Names of ``status`` (API page list_knowledge_files). The name of any other number is its digits."""
_VALUE_NAMES: Mapping[str, Mapping[int, str]] = {
    "status": STATUSES,
    "format_type": {0: "text", 1: "table", 2: "image"},
    "source_type": {0: "local", 1: "web", 2: "custom", 5: "file_id"},
}
_KEYS = {"name": "document_name"}
_VOLATILE = frozenset({"hit_count", "url"})  # each response signs an image's URL anew


def convert_metadata(document: DocumentInfo, dataset_id: str, *, volatile: bool = True) -> dict[str, MetadataValue]:
    """The fields of a document or image under the API's names, except ``document_name``; empty fields are left out.

    Times are unix seconds, sizes are bytes. Status, format and source are words. ``source`` is a URI that is unique for
    each document. Without `volatile`, fields that change while the document stays the same are left out.
    """
    source = f"coze://datasets/{dataset_id}/documents/{document.document_id}"
    metadata: dict[str, MetadataValue] = {"source": source, "dataset_id": dataset_id}
    for name in type(document).model_fields:
        value: object = getattr(document, name)
        if isinstance(value, (str, int, float)) and value != "" and (volatile or name not in _VOLATILE):
            metadata[_KEYS.get(name, name)] = _named_value(name, value)
    return metadata


def status_name(document: DocumentInfo) -> str:
    """The name of a document's status, from ``STATUSES``; "" if Coze returned none."""
    return str(_named_value("status", document.status)) if document.status is not None else ""


def _named_value(field: str, value: MetadataValue) -> MetadataValue:
    return _VALUE_NAMES[field].get(int(value), str(value)) if field in _VALUE_NAMES else value
