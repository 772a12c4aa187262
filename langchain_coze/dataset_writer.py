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
    print(writer.mirror("handbook/", dry_run=True))  # what is new, changed and gone
    ```

    The settings are those of ``DatasetWriter``. A document is sent as text, named by its metadata (``source`` or
    ``file_name``), else by its id. Documents with the same ``source`` are parts of one, which are replaced together.
    Instead of LangChain's ``index(cleanup="full")``, use ``mirror``; instead of "incremental", ``replace``.
    """

    documents = (Document,)

    def convert(self, document: Document) -> SourceText:
        """Return the document's text and name; metadata is not sent."""
        return SourceText.of(document.page_content, document.metadata, document.id)
