"""Creates a dataset of images, writes a caption for its image and finds the image by this caption."""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import ChunkStrategy, CozeClient, DocumentBase

client = CozeClient()
images = client.datasets.images

dataset_id = client.datasets.create(name="Pictures", workspace_id=os.environ["COZE_WORKSPACE_ID"], format_type=2)
try:
    file = client.files.upload(Path(__file__).with_name("picture.png"))
    made = client.datasets.documents.create(
        dataset_id=dataset_id,
        documents=[DocumentBase.from_image(file.id, "picture.png")],
        chunk_strategy=ChunkStrategy.images(caption_type=1),  # 1: you write the captions; 0: Coze does
        format_type=2,
    )
    ids = [document.document_id for document in made]
    client.datasets.wait(dataset_id=dataset_id, document_ids=ids)
    print("Without a caption:", [image.name for image in images.list(dataset_id=dataset_id, has_caption=False)])

    images.update(dataset_id=dataset_id, document_id=ids[0], caption="A lake between mountains")
    for image in images.list(dataset_id=dataset_id, keyword="lake"):
        print(f"{image.name}: {image.caption}")
finally:
    client.datasets.delete(dataset_id=dataset_id)
