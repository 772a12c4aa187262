"""Datasets: make one, list those of a workspace, rename it and keep its description, delete it."""

from __future__ import annotations

import os

from coze_client import CozeClient

client = CozeClient()
workspace_id = os.environ["COZE_WORKSPACE_ID"]

dataset_id = client.datasets.create(name="Field guide", workspace_id=workspace_id, description="Owls and others")
try:
    client.datasets.update(
        dataset_id=dataset_id, name="Birds", workspace_id=workspace_id
    )  # which keeps the description
    for dataset in client.datasets.list(workspace_id=workspace_id, name="Birds"):
        print(dataset.dataset_id, dataset.name, f"({dataset.description})", dataset.doc_count, "documents")
finally:
    client.datasets.delete(dataset_id=dataset_id)
