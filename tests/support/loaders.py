"""A dataset in the emulator, loaded for a small framework of the tests."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coze_client import CozeClient
from coze_client.api.datasets.values import Document
from coze_client.bridge.loading.loader import DatasetLoader, Framework, LoadedDocument
from coze_client.bridge.loading.originals import Original
from coze_client.bridge.loading.settings import LoaderSettings
from coze_client.core.concurrency import Blocking
from coze_client.emulator.state.dataset_records import IMAGE, StoredDataset, StoredDocument
from tests.support.clients import ConnectedClient


@dataclass(frozen=True)
class Page:
    """A document of the tests' framework."""

    text: str


def parse(original: Original) -> Sequence[str | Page]:
    """Return one text for a text file, and one document for each line of a .pages file."""
    if original.suffix != ".pages":
        return [original.text()]
    with original.path() as path:
        return [Page(line) for line in path.read_text().split("\n")]


FRAMEWORK = Framework(Page, lambda page: not page.text.strip(), parse)


async def exhaust(items: AsyncIterable[object]) -> None:
    """Iterate to the end and keep nothing."""
    async for _ in items:
        pass


class LoadedDataset:
    """A dataset in the emulator that one client loads."""

    def __init__(self, coze: ConnectedClient) -> None:
        self.coze = coze
        self.dataset_id = ""

    def fill(self, *names: str, **texts: str) -> list[str]:
        """Create the dataset and return its documents' ids; `names` get a text of their own, `texts` have one."""
        contents = {name: f"Text of {name}." for name in names} | texts
        self.dataset_id = self.coze.emulator.add_dataset("library", contents)
        return [document.id for document in self.coze.emulator.documents(self.dataset_id)]

    def change(self, document_id: str, **changes: Any) -> None:
        """Change a document's record in the emulator, as no upload can."""
        state = self.coze.emulator._backend.state
        found = state.get(StoredDocument, document_id)
        assert found
        state.save(replace(found, **changes))

    def fill_with_images(self, *names: str) -> list[str]:
        """Create the dataset with these images and return their ids."""
        ids = self.fill(*names)
        state = self.coze.emulator._backend.state
        dataset = state.get(StoredDataset, self.dataset_id)
        assert dataset
        state.save(replace(dataset, format_type=IMAGE))
        for document_id, name in zip(ids, names, strict=True):
            self.change(document_id, format_type=IMAGE, type="png", caption=f"Caption of {name}")
        return ids

    def open(self, **settings: Any) -> DatasetLoader[Page]:
        """Return the iterator over the documents."""
        loader = LoaderSettings(dataset_id=self.dataset_id, client=self.coze.client, **settings)
        blocking = isinstance(self.coze.client, CozeClient)
        return loader._blocking_loader(FRAMEWORK) if blocking else loader._asyncio_loader(FRAMEWORK)

    def run(self, coroutine: Any) -> Any:
        """Return the value of a coroutine that uses the client."""
        return Blocking.run(coroutine) if isinstance(self.coze.client, CozeClient) else self.coze.run(coroutine)

    def load(self, **settings: Any) -> list[LoadedDocument[Page]]:
        """Load all documents."""
        return self.coze.collect(self.open(**settings))

    def load_and_discard(self, **settings: Any) -> None:
        """Load all documents and keep none."""
        if isinstance(self.coze.client, CozeClient):
            deque(self.open(**settings), maxlen=0)
        else:
            self.coze.run(exhaust(self.open(**settings)))

    def names(self, **settings: Any) -> list[object]:
        """Load all documents and return their names."""
        return [loaded.metadata["document_name"] for loaded in self.load(on_missing="metadata", **settings)]


def texts(loaded: Sequence[LoadedDocument[Page]]) -> list[object]:
    """Return the texts of loaded documents."""
    return [each.content for each in loaded]


def content_of(name: str) -> Callable[[Document], str | None]:
    """Return a `content` function that returns a text for this document alone."""
    return lambda document: "known" if document.name == name else None
