"""Prints the answer of a LlamaIndex query engine that answers from a dataset, and its sources."""

from __future__ import annotations

import os

from llama_index.core.query_engine import RetrieverQueryEngine

from llama_index_coze import CozeLLM, CozeRetriever

retriever = CozeRetriever(
    workflow_id=os.environ["COZE_WORKFLOW_ID"],  # with bot_id in place of it, every query may bill a full answer
    dataset_ids=(os.environ["COZE_DATASET_ID"],),  # the names of documents are looked up there, once
    similarity_top_k=3,
)
engine = RetrieverQueryEngine.from_args(retriever, llm=CozeLLM(bot_id=os.environ["COZE_BOT_ID"]))
response = engine.query("How long is a table kept?")

print(response)
for found in response.source_nodes:
    print(found.metadata["document_name"], found.score, found.text)
