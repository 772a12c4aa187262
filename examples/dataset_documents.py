"""Creates documents from a text, a file and a web page, shows their progress, renames one and deletes the others.

``COZE_WEB_PAGE`` is the URL of the web page.
"""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import ChunkStrategy, CozeClient, DocumentBase, DocumentProgress, UpdateRule

client = CozeClient()
documents = client.datasets.documents


def show(progress: tuple[DocumentProgress, ...]) -> None:
    """Prints the progress of each document."""
    print(*(f"{each.document_name} {each.progress} %" for each in progress), sep=", ")


dataset_id = client.datasets.create(name="Owls", workspace_id=os.environ["COZE_WORKSPACE_ID"])
try:
    here = documents.create(  # one request takes at most ten documents and 15 MB
        dataset_id=dataset_id,
        documents=[
            DocumentBase.from_text("Owls hunt at night.\nThey turn their heads.", "owls.txt"),
            DocumentBase.from_file(Path(__file__).read_bytes(), name="program.txt"),
        ],
        chunk_strategy=ChunkStrategy.custom(separator="\n", max_tokens=200),
    )
    page = DocumentBase.from_url(os.environ["COZE_WEB_PAGE"], "a page", UpdateRule.every(hours=24))
    fetched = documents.create(dataset_id=dataset_id, documents=[page])  # web pages need a separate request

    ids = [document.document_id for document in here + fetched]
    for done in client.datasets.wait(dataset_id=dataset_id, document_ids=ids, on_progress=show):
        print(done.document_name, "is ready" if done.ready else f"failed: {done.status_descript}")

    documents.update(document_id=ids[0], name="night birds.txt")
    documents.delete(document_ids=ids[1:])
    for document in documents.list(dataset_id=dataset_id):
        print(document.name, document.slice_count, "slices")
finally:
    client.datasets.delete(dataset_id=dataset_id)
