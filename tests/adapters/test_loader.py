"""The loaders of both frameworks: the documents of a dataset with their text."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from coze_client import ConfigurationError, CozeClient
from coze_client.emulator import Emulator
from tests.support.books import NAMES, BookDataset
from tests.support.frameworks import Framework

LISTING = "/open_api/knowledge/document/list"
Books = BookDataset[Any]
Load = Callable[[Any], list[Any]]


@pytest.fixture
def books(emulator: Emulator, framework: Framework, client: CozeClient, tmp_path: Path) -> Books:
    """A dataset filled from files, and the framework's loaders for it."""
    return BookDataset(emulator, client, tmp_path, framework.loader)


@pytest.fixture(params=["load", "lazy_load", "aload", "alazy_load"])
def load(request: pytest.FixtureRequest, framework: Framework) -> Load:
    """Each way to load, one after the other: all must return the same documents."""
    return lambda loader: framework.load(loader, request.param)


def test_every_way_of_loading_gives_the_same_documents(framework: Framework, load: Load, books: Books) -> None:
    documents = load(books.with_texts(page_size=2))

    assert framework.ids(documents) == [each.id for each in books.emulator.documents(books.dataset_id)]
    assert [document.metadata["document_name"] for document in documents] == list(NAMES)
    assert framework.texts(documents) == [(books.folder / name).read_text() for name in NAMES]
    assert documents[2].metadata["size"] == (books.folder / "tea.txt").stat().st_size
    assert {type(value) for document in documents for value in document.metadata.values()} <= {str, int, float}


def test_a_loader_asks_for_nothing_before_its_documents_are_wanted(framework: Framework, books: Books) -> None:
    documents = getattr(books.with_texts(page_size=1), f"lazy_load{framework.load_suffix}")()
    assert books.emulator.calls_to(LISTING) == []

    next(iter(documents))

    assert len(books.emulator.calls_to(LISTING)) == 1


def test_documents_without_text_raise_and_are_named(load: Load, books: Books) -> None:
    with pytest.raises(ConfigurationError, match=r"'rice.txt', 'salt.txt', 'tea.txt'.*content="):
        load(books.loader())


def test_a_function_may_return_the_frameworks_documents(framework: Framework, load: Load, books: Books) -> None:
    given = framework.page("one", "a.txt", 1)
    parts = [given, framework.document(" ", None), framework.document("two", None)]

    first, second = load(books.loader(content=lambda _: parts))[:2]

    assert framework.texts([first, second]) == ["one", "two"]
    own = {name: value for name, value in given.metadata.items() if name != "source"}  # which Coze has, too
    assert own.items() <= first.metadata.items()
    document_id = first.metadata["document_id"]
    assert framework.ids([first, second]) == [f"{document_id}_part_{number}" for number in (0, 1)]
    assert given.metadata == framework.page("one", "a.txt", 1).metadata


def test_originals_are_parsed_by_the_parser_of_choice(framework: Framework, load: Load, books: Books) -> None:
    documents = load(books.with_texts(**framework.parsers))

    assert framework.text(documents[2]).startswith("A BOOK ON TEA.TXT.")


def test_bytes_are_parsed_by_the_kind_of_the_document(framework: Framework, load: Load, books: Books) -> None:
    documents = load(books.loader(content=lambda _: b"whisper", **framework.parsers))

    assert framework.texts(documents) == ["WHISPER"] * 3


def test_loading_goes_on_where_it_stopped(framework: Framework, load: Load, books: Books) -> None:
    first, *rest = framework.load(books.with_texts())

    assert load(books.with_texts(start_after=framework.id(first))) == rest


def test_a_setting_that_is_not_there_is_refused(books: Books) -> None:
    with pytest.raises(ValidationError, match="foldr"):
        books.loader(foldr="x")


def test_a_loader_can_be_pickled_and_its_repr_lacks_the_token(framework: Framework, books: Books) -> None:
    loader = books.with_texts()

    again = pickle.loads(pickle.dumps(loader))

    assert framework.load(again) == framework.load(loader)
    assert books.emulator.token not in repr(loader)
    again.client.close()


def test_a_loader_of_the_asyncio_client_loads_in_both_ways(framework: Framework, load: Load, books: Books) -> None:
    assert load(books.with_texts(client=books.client.aio)) == framework.load(books.with_texts())
