"""Reads the documents of a dataset into a LlamaIndex ingestion pipeline, which skips documents that it knows.

Without the original files, questions recall some of the text; ``coverage`` is the share of the slices found.
"""

from __future__ import annotations

import os

from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.storage.docstore import SimpleDocumentStore

from llama_index_coze import CozeReader

reader = CozeReader(
    dataset_id=os.environ["COZE_DATASET_ID"],
    recall_workflow_id=os.environ["COZE_WORKFLOW_ID"],
    queries=("How long is a table kept?", "Is there a deposit for parties?", "When does the kitchen close?"),
    on_missing="skip",
    volatile=False,  # leaves out hit counts: they rise with every recall, although the document does not change
)
pipeline = IngestionPipeline(
    transformations=[SentenceSplitter(chunk_size=64, chunk_overlap=0)],
    docstore=SimpleDocumentStore(),
    docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY,
)

for document in reader.lazy_load_data():
    print(f"{document.metadata['document_name']}: {document.metadata['coverage']:.0%}")
print("Nodes:", len(pipeline.run(documents=reader.load_data())))
print("Nodes of a second run:", len(pipeline.run(documents=reader.load_data())))
