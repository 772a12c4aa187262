"""CozeDatasetWriter: writes LlamaIndex documents and nodes, and files, into a Coze dataset."""

from __future__ import annotations

from llama_index.core.schema import BaseNode, MetadataMode

from coze_client.bridge.writing.sources import SourceText
from coze_client.bridge.writing.writer import DatasetWriter


class CozeDatasetWriter(DatasetWriter[BaseNode]):
    """Writes LlamaIndex's ``Document``s and ``TextNode``s, files, folders and web pages into a dataset.

    ```python
    from llama_index_coze import CozeDatasetWriter

    writer = CozeDatasetWriter(client, "7440000000000000001", record="uploads.sqlite")
    print(writer.add(["handbook/", "https://example.com/faq"], show_progress=True))
    print(writer.mirror("handbook/", dry_run=True))  # what is new, changed and gone
    ```

    The settings are those of ``DatasetWriter``. A node is sent as text, named by its metadata (``source`` or
    ``file_name``), else by its id. Nodes with the same ``source``, ``file_path`` or ``ref_doc_id`` are parts of one
    document, which are replaced together. An ``IngestionPipeline`` without docstore feeds ``mirror``; one with a
    docstore returns only what changed, for ``replace``.
    """

    documents = (BaseNode,)

    def convert(self, document: BaseNode) -> SourceText:
        """Return the node's text and name; metadata is not sent."""
        text = document.get_content(metadata_mode=MetadataMode.NONE)
        return SourceText.of(text, document.metadata, document.node_id, document.ref_doc_id)
