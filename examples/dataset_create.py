"""Creates a dataset, renames it, lists the datasets of that name and deletes it."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
workspace_id = os.environ["COZE_WORKSPACE_ID"]

dataset_id = client.datasets.create(name="Field guide", workspace_id=workspace_id, description="Owls and others")
try:
    client.datasets.update(dataset_id=dataset_id, name="Birds", workspace_id=workspace_id)  # keeps the description
    for dataset in client.datasets.list(workspace_id=workspace_id, name="Birds"):
        print(dataset.dataset_id, dataset.name, f"({dataset.description})", dataset.doc_count, "documents")
finally:
    client.datasets.delete(dataset_id=dataset_id)
