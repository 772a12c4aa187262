"""Uploads a file from a path, from memory and from an open file, and prints what Coze stores about each."""

from __future__ import annotations

from pathlib import Path

from coze_client import CozeClient

client = CozeClient()
picture = Path(__file__).with_name("picture.png")

from_path = client.files.upload(picture)
from_memory = client.files.upload(picture.read_bytes(), name="from_memory")  # gets the extension .png from its content
with picture.open("rb") as opened:
    from_open_file = client.files.upload(opened)

for file in (from_path, from_memory, from_open_file):
    known = client.files.retrieve(file_id=file.id)
    print(known.id, known.file_name, known.bytes, "bytes")
