"""CozeDatasetWriter: writes LangChain documents, and files, into a Coze dataset."""

from __future__ import annotations

from langchain_core.documents import Document

from coze_client.bridge.writing.sources import SourceText
from coze_client.bridge.writing.writer import DatasetWriter


class CozeDatasetWriter(DatasetWriter[Document]):
    """Writes LangChain's ``Document``s, files, folders and web pages into a dataset.

    ```python
    from langchain_coze import CozeDatasetWriter

    writer = CozeDatasetWriter(client, "7440000000000000001", record="uploads.sqlite")
    print(writer.add(["handbook/", "https://example.com/faq"], show_progress=True))
    ```

    The settings are those of ``DatasetWriter``. A document is sent as text, named by its metadata (``source`` or
    ``file_name``), else by its id.
    """

    documents = (Document,)

    def convert(self, document: Document) -> SourceText:
        """Return the document's text and name; metadata is not sent."""
        return SourceText.of(document.page_content, document.metadata, document.id)
