"""Lists the documents of a dataset item by item, page by page, and with several pages at a time on asyncio."""

from __future__ import annotations

import asyncio
import os

from coze_client import AsyncCozeClient, CozeClient

dataset_id = os.environ["COZE_DATASET_ID"]

client = CozeClient()
for document in client.datasets.documents.list(dataset_id=dataset_id):
    print(
        document.name, document.char_count, "characters,", document.slice_count, "slices,", document.hit_count, "hits"
    )

for page in client.datasets.documents.list(dataset_id=dataset_id, page_size=2).pages():
    print("A page of", len(page.items), "of", page.total)


async def main() -> None:
    async with AsyncCozeClient() as client:
        listing = client.datasets.documents.list(dataset_id=dataset_id, page_size=1, concurrency=4)
        print([document.name async for document in listing])


asyncio.run(main())
