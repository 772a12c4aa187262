"""The documents of a dataset in LlamaIndex: an ingestion pipeline that skips what it knows.

Without originals, questions recall at least some of the text; ``coverage`` tells how much.
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
    volatile=False,  # hit counts rise with every recall, and are no change of a document
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
