"""Documents and nodes of LlamaIndex, and files, into a dataset of Coze's."""

from __future__ import annotations

from llama_index.core.schema import BaseNode, MetadataMode

from coze_client.bridge.writing.sources import Text
from coze_client.bridge.writing.writer import DatasetWriter


class CozeDatasetWriter(DatasetWriter[BaseNode]):
    """Writes LlamaIndex's ``Document``s and ``TextNode``s, files, folders and web pages into a dataset.

    ```python
    from llama_index_coze import CozeDatasetWriter

    writer = CozeDatasetWriter(client, "7440000000000000001", record="uploads.sqlite")
    print(writer.add(["handbook/", "https://example.com/faq"], show_progress=True))
    ```

    Settings as ``DatasetWriter``'s. A node goes as text, named by its metadata (``source``, ``file_name``) or id.
    """

    documents = (BaseNode,)

    def convert(self, document: BaseNode) -> Text:
        """The node's text; metadata do not go along."""
        text = document.get_content(metadata_mode=MetadataMode.NONE)
        return Text.of(text, document.metadata, document.node_id)
