"""The documents of a dataset in LangChain, with the text that Coze does not give back, cut by a text splitter."""

from __future__ import annotations

import os

from langchain_text_splitters import RecursiveCharacterTextSplitter

from coze_client import ConfigurationError, Document
from langchain_coze import CozeDatasetLoader

dataset_id = os.environ["COZE_DATASET_ID"]

try:
    CozeDatasetLoader(dataset_id=dataset_id).load()
except ConfigurationError as error:  # no empty text that looks like content
    print(error)

for document in CozeDatasetLoader(dataset_id=dataset_id, on_missing="metadata").lazy_load():
    print(document.metadata["document_name"], document.metadata["status"], document.metadata["size"], "bytes")


def original(document: Document) -> str | None:
    """The text of a document, from wherever you have it; a folder of the originals would do, too."""
    return {"terrace.txt": "Dogs are welcome on the terrace."}.get(document.name)


loader = CozeDatasetLoader(dataset_id=dataset_id, content=original, on_missing="skip")
for piece in RecursiveCharacterTextSplitter(chunk_size=20, chunk_overlap=0).split_documents(loader.load()):
    print(piece.page_content, "|", piece.metadata["source"])
