"""A framework and its adapter behind one set of methods, so that one test can serve both frameworks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any


class Framework(ABC):
    """What tests call; a "document" is a document or node of the framework."""

    retriever: Any
    loader: Any
    writer: Any
    own_settings: Mapping[str, Any] = {}
    """Settings of a retriever that the other framework lacks."""
    parser_setting: str
    """The loader's setting that maps file suffixes to parsers."""
    parser: Any
    """A parser of the framework that returns a file's text in upper case."""
    error: type[Exception]
    """The class of all errors that the adapter raises for a failed call."""
    not_found: type[Exception]
    """A class of the error for an unknown workflow or bot."""
    workflow_failed: tuple[type[Exception], ...]
    """The classes of the error of a failed workflow."""

    @abstractmethod
    def limit(self, number: int) -> dict[str, Any]:
        """Return the retriever's setting for the number of documents."""

    @abstractmethod
    def document(self, text: str, id: str = "", **metadata: Any) -> Any:  # noqa: A002 - as the frameworks call it
        """Return a new document."""

    @abstractmethod
    def id(self, document: Any) -> str:
        """Return a document's id."""

    @abstractmethod
    def text(self, document: Any) -> str:
        """Return a document's text."""

    @abstractmethod
    def score(self, document: Any) -> float | None:
        """Return the score of a retrieved document."""

    def metadata(self, document: Any) -> dict[str, Any]:
        """Return a document's metadata without its score."""
        return {name: value for name, value in document.metadata.items() if name != "score"}

    def texts(self, documents: Iterable[Any]) -> list[str]:
        """Return the texts of documents."""
        return [self.text(each) for each in documents]

    def ids(self, documents: Iterable[Any]) -> list[str]:
        """Return the ids of documents."""
        return [self.id(each) for each in documents]

    @abstractmethod
    def search(self, retriever: Any, query: str) -> list[Any]:
        """Retrieve documents."""

    @abstractmethod
    async def asearch(self, retriever: Any, query: str) -> list[Any]:
        """Retrieve documents on the event loop."""

    @abstractmethod
    def load(self, loader: Any) -> list[Any]:
        """Load all documents."""

    @abstractmethod
    def lazy_load(self, loader: Any) -> Iterator[Any]:
        """Load documents one by one."""

    @abstractmethod
    async def aload(self, loader: Any) -> list[Any]:
        """Load all documents on the event loop."""

    @abstractmethod
    def alazy_load(self, loader: Any) -> AsyncIterator[Any]:
        """Load documents one by one on the event loop."""

    @abstractmethod
    def serialize(self, retriever: Any) -> list[str]:
        """Return each text form of a retriever that the framework or pydantic makes."""
