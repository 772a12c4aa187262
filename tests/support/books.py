"""A dataset that was filled from a folder of text files, and loaders for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, TypeVar

from coze_client import CozeClient
from coze_client.emulator import Emulator

L = TypeVar("L")
NAMES = ("rice.txt", "salt.txt", "tea.txt")
"""The names of the files, in the order of the dataset's documents."""


class BookDataset(Generic[L]):
    """A dataset filled from the files in `folder`; makes loaders of the class `kind`."""

    def __init__(self, emulator: Emulator, client: CozeClient, folder: Path, kind: type[L]) -> None:
        self.emulator = emulator
        self.client = client
        self.folder = folder
        self._kind = kind
        for name in NAMES:
            (folder / name).write_text(f"A book on {name}.\n\n" + "It grows in the field. " * 30)
        self.dataset_id = emulator.add_dataset("library", folder)

    def loader(self, **settings: Any) -> L:
        """Return a loader without `content`: the documents then have no text."""
        return self._kind(**{"dataset_id": self.dataset_id, "client": self.client, **settings})

    def with_texts(self, **settings: Any) -> L:
        """Return a loader that takes the texts from the folder."""
        return self.loader(**{"content": self.folder, **settings})
