"""Writes a folder and LangChain documents into a dataset with a progress bar, and uploads nothing twice."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.documents import Document

from coze_client import ChunkStrategy, CozeClient
from langchain_coze import CozeDatasetWriter

client = CozeClient()
dataset_id = client.datasets.create(name="Animals", workspace_id=os.environ["COZE_WORKSPACE_ID"])

with TemporaryDirectory() as folder:
    Path(folder, "owls.md").write_text("# Owls\n\nOwls hunt at night.")
    Path(folder, "cats.txt").write_text("Cats sleep all day.")
    Path(folder, "chart.xls").write_bytes(b"numbers")
    record = Path("uploads.sqlite")  # keep it: it lists the uploads, and lets the next run finish a killed one
    writer = CozeDatasetWriter(client, dataset_id, record=record)
    sources: list[str | Document] = [folder, Document("Dogs bark at both.", metadata={"source": "dogs.txt"})]
    report = writer.add(sources, chunking=ChunkStrategy.custom("\n\n"), show_progress=True)
    print(report)
    print(writer.add(sources).counts)

print(writer.replace(Document("Dogs bark no more.", metadata={"source": "dogs.txt"})).counts)
print(len(writer.delete("owls.md", "nothing.txt")), "deleted")
print(sorted(document.name for document in client.datasets.documents.list(dataset_id=dataset_id)))
client.datasets.delete(dataset_id=dataset_id)
