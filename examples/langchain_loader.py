"""Loads the documents of a dataset into LangChain with text from a function, and splits them with a text splitter."""

from __future__ import annotations

import os

from langchain_text_splitters import RecursiveCharacterTextSplitter

from coze_client import ConfigurationError, Document
from langchain_coze import CozeDatasetLoader

dataset_id = os.environ["COZE_DATASET_ID"]

try:
    CozeDatasetLoader(dataset_id=dataset_id).load()
except ConfigurationError as error:  # names the documents without text
    print(error)

for document in CozeDatasetLoader(dataset_id=dataset_id, on_missing="metadata").lazy_load():
    print(document.metadata["document_name"], document.metadata["status"], document.metadata["size"], "bytes")


def original(document: Document) -> str | None:
    """Returns the text of a document; ``content=`` also takes a folder of the original files."""
    return {"terrace.txt": "Dogs are welcome on the terrace."}.get(document.name)


loader = CozeDatasetLoader(dataset_id=dataset_id, content=original, on_missing="skip")
for piece in RecursiveCharacterTextSplitter(chunk_size=20, chunk_overlap=0).split_documents(loader.load()):
    print(piece.page_content, "|", piece.metadata["source"])
