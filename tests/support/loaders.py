"""A dataset in the emulator, and what a framework without a name would make of it."""

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
from tests.conftest import Connected


@dataclass(frozen=True)
class Page:
    """A document of a framework that is none."""

    text: str


def parse(original: Original) -> Sequence[str | Page]:
    """Text files are one text, files called .pages a document a line."""
    if original.suffix != ".pages":
        return [original.text()]
    with original.path() as path:
        return [Page(line) for line in path.read_text().split("\n")]


FRAMEWORK = Framework(Page, lambda page: not page.text.strip(), parse)


async def exhaust(items: AsyncIterable[object]) -> None:
    async for _ in items:
        pass


class Library:
    """Datasets in the emulator, loaded over one face."""

    def __init__(self, coze: Connected[Any]) -> None:
        self.coze = coze
        self.dataset_id = ""

    def fill(self, *names: str, **texts: str) -> list[str]:
        """A dataset of these documents, each with its name or another text for content; their ids."""
        contents = {name: f"Text of {name}." for name in names} | texts
        self.dataset_id = self.coze.emulator.add_dataset("library", contents)
        return [document.id for document in self.coze.emulator.documents(self.dataset_id)]

    def change(self, document_id: str, **changes: Any) -> None:
        """Makes a record of the emulator what no upload makes it."""
        state = self.coze.emulator._backend.state
        found = state.get(StoredDocument, document_id)
        assert found
        state.save(replace(found, **changes))

    def hang(self, *names: str) -> list[str]:
        """A dataset of these images; their ids."""
        ids = self.fill(*names)
        state = self.coze.emulator._backend.state
        dataset = state.get(StoredDataset, self.dataset_id)
        assert dataset
        state.save(replace(dataset, format_type=IMAGE))
        for document_id, name in zip(ids, names, strict=True):
            self.change(document_id, format_type=IMAGE, type="png", caption=f"Caption of {name}")
        return ids

    def open(self, **settings: Any) -> DatasetLoader[Page]:
        loader = LoaderSettings(dataset_id=self.dataset_id, client=self.coze.client, **settings)
        blocking = isinstance(self.coze.client, CozeClient)
        return loader._blocking_loader(FRAMEWORK) if blocking else loader._asyncio_loader(FRAMEWORK)

    def run(self, coroutine: Any) -> Any:
        """What a coroutine over the client comes to."""
        return Blocking.run(coroutine) if isinstance(self.coze.client, CozeClient) else self.coze.run(coroutine)

    def load(self, **settings: Any) -> list[LoadedDocument[Page]]:
        """All that is loaded."""
        return self.coze.collect(self.open(**settings))

    def skim(self, **settings: Any) -> None:
        """Loads everything and keeps nothing."""
        if isinstance(self.coze.client, CozeClient):
            deque(self.open(**settings), maxlen=0)
        else:
            self.coze.run(exhaust(self.open(**settings)))

    def names(self, **settings: Any) -> list[object]:
        return [loaded.metadata["document_name"] for loaded in self.load(on_missing="metadata", **settings)]


def texts(loaded: Sequence[LoadedDocument[Page]]) -> list[object]:
    return [each.content for each in loaded]


def told(name: str) -> Callable[[Document], str | None]:
    """A function that knows the text of one document."""
    return lambda document: "known" if document.name == name else None
