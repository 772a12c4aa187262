"""Documents of LangChain, and files, into a dataset of Coze's."""

from __future__ import annotations

from langchain_core.documents import Document

from coze_client.bridge.writing.sources import Text
from coze_client.bridge.writing.writer import DatasetWriter


class CozeDatasetWriter(DatasetWriter[Document]):
    """Writes LangChain's ``Document``s, files, folders and web pages into a dataset.

    ```python
    from langchain_coze import CozeDatasetWriter

    writer = CozeDatasetWriter(client, "7440000000000000001", record="uploads.sqlite")
    print(writer.add(["handbook/", "https://example.com/faq"], show_progress=True))
    ```

    Settings as ``DatasetWriter``'s. A document goes as text, named by its metadata (``source``, ``file_name``) or id.
    """

    documents = (Document,)

    def convert(self, document: Document) -> Text:
        """The page's content; metadata do not go along."""
        return Text.of(document.page_content, document.metadata, document.id)
