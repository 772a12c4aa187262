"""Writes LlamaIndex documents and nodes into a dataset on asyncio, prints the progress, and uploads nothing twice."""

from __future__ import annotations

import asyncio
import os

from llama_index.core.schema import Document, TextNode

from coze_client import AsyncCozeClient
from llama_index_coze import CozeDatasetWriter


async def main() -> None:
    async with AsyncCozeClient() as client:
        dataset_id = await client.datasets.create(name="Animals", workspace_id=os.environ["COZE_WORKSPACE_ID"])
        writer = CozeDatasetWriter(client, dataset_id, record="uploads.sqlite")  # it lists the uploads
        sources = [
            Document(text="Owls hunt at night.", metadata={"file_name": "owls.txt"}),
            TextNode(text="Cats sleep all day.", id_="cats"),
        ]
        print(await writer.aadd(sources, on_progress=lambda progress: print(f"{progress.done:.0f}/{progress.total}")))
        print((await writer.aadd(sources)).counts)
        await client.datasets.delete(dataset_id=dataset_id)


asyncio.run(main())
