"""The id and the flat metadata that a recalled slice has in both frameworks."""

from __future__ import annotations

from uuid import NAMESPACE_URL, uuid5

from coze_client.api.recall.values import Recall, Slice

_RUN_FIELDS = ("workflow_id", "bot_id", "execute_id", "debug_url", "chat_id", "conversation_id", "logid")


def slice_id(slice_: Slice) -> str:
    """A UUID of the document id and the text: the same slice has the same id in every recall."""
    key = f"coze:{slice_.document_id}:{slice_.text}"
    encodable = key.encode("utf-8", "backslashreplace").decode("utf-8")  # JSON may contain lone surrogates
    return str(uuid5(NAMESPACE_URL, encodable))


def slice_metadata(slice_: Slice, recall: Recall, *, run: bool) -> dict[str, str | int | float]:
    """What the recall returned about the slice's document, without the score; empty values are left out.

    With `run`, it also contains ``rank``, ``recalled_by`` and the ids of the workflow run or chat. ``source`` is the
    URI that the document loaders give the same document, if the recall returned the document's and the dataset's id.
    """
    metadata: dict[str, str | int | float | None] = {
        "source": _source(slice_, recall),
        "dataset_id": slice_.dataset_id,
        "dataset_name": slice_.dataset_name,
        "document_id": slice_.document_id,
        "document_name": slice_.document_name,
        "title": slice_.title,
        "url": slice_.url,
    }
    if run:
        metadata |= {"rank": slice_.rank, "recalled_by": slice_.source}
        metadata |= {name: getattr(recall, name) for name in _RUN_FIELDS}
    return {name: value for name, value in metadata.items() if value not in (None, "")}


def _source(slice_: Slice, recall: Recall) -> str:
    if slice_.document_id:
        dataset = f"datasets/{slice_.dataset_id}/" if slice_.dataset_id else ""
        return f"coze://{dataset}documents/{slice_.document_id}"
    kind, identity = ("workflows", recall.workflow_id) if recall.workflow_id else ("bots", recall.bot_id)
    return slice_.url or f"coze://{kind}/{identity}"
