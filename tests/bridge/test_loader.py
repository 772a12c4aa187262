"""Loading the documents of a dataset with their text, over both clients."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from coze_client import ConfigurationError, CozeClient
from coze_client.api.datasets.values import Document
from coze_client.bridge.loading.loader import LoadedDocument
from coze_client.bridge.loading.settings import LoaderSettings
from coze_client.core.concurrency import Blocking
from coze_client.emulator import Emulator
from tests.support.loaders import FRAMEWORK, LoadedDataset, Page, content_of, texts


def test_a_document_s_metadata_is_all_that_coze_returns(dataset: LoadedDataset) -> None:
    [document_id] = dataset.fill("tea.txt")
    dataset.change(document_id, hit_count=7, created_at=1_700_000_000, updated_at=1_700_000_100)

    [loaded] = dataset.load(content=lambda document: f"All about {document.name}")

    assert loaded == LoadedDocument(
        document_id,
        "All about tea.txt",
        {
            "source": f"coze://datasets/{dataset.dataset_id}/documents/{document_id}",
            "dataset_id": dataset.dataset_id,
            "document_id": document_id,
            "document_name": "tea.txt",
            "type": "txt",
            "size": 16,
            "char_count": 16,
            "slice_count": 1,
            "hit_count": 7,
            "status": "ready",
            "format_type": "text",
            "source_type": "local",
            "create_time": 1_700_000_000,
            "update_time": 1_700_000_100,
            "update_type": 0,
            "update_interval": 0,
            "text_source": "content",
        },
    )


def test_what_changes_though_the_document_does_not_can_be_left_out(dataset: LoadedDataset) -> None:
    dataset.fill("tea.txt")

    [loaded] = dataset.load(content=lambda _: "text", volatile=False)

    assert "hit_count" not in loaded.metadata
    assert loaded.metadata["slice_count"] == 1


async def upper_name(document: Document) -> str:
    return document.name.upper()


class UpperName:
    async def __call__(self, document: Document) -> str:
        return document.name.upper()


@pytest.mark.parametrize("content", [upper_name, UpperName(), lambda document: document.name.upper()])
def test_a_function_gives_the_text_at_once_or_later(dataset: LoadedDataset, content: object) -> None:
    dataset.fill("a.txt", "b.txt")

    assert texts(dataset.load(content=content)) == ["A.TXT", "B.TXT"]


def test_a_function_gives_text_bytes_a_path_or_documents(dataset: LoadedDataset, tmp_path: Path) -> None:
    dataset.fill("str.txt", "bytes.txt", "path.txt", "page.txt", "list.txt")
    (tmp_path / "x.txt").write_text("of a file")
    given: dict[str, object] = {
        "str.txt": "as it is",
        "bytes.txt": "été".encode(),
        "path.txt": tmp_path / "x.txt",
        "page.txt": Page("of the framework"),
        "list.txt": ["one", b"two", Page("three")],
    }

    found = texts(dataset.load(content=lambda document: given[document.name]))

    assert found == ["as it is", "été", "of a file", Page("of the framework"), "one", "two", Page("three")]


def test_what_is_no_content_is_refused_by_its_name(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt")

    with pytest.raises(
        ConfigurationError, match=r"returned a value of type int for 'a.txt'.*str, bytes, a pathlib.Path, a Page"
    ):
        dataset.load(content=lambda _: 7)


def test_text_that_a_function_gives_is_never_a_path(dataset: LoadedDataset, tmp_path: Path) -> None:
    dataset.fill("a.txt")
    (tmp_path / "a.txt").write_text("secret")

    assert texts(dataset.load(content=lambda _: str(tmp_path / "a.txt"))) == [str(tmp_path / "a.txt")]


def test_a_documents_parts_have_ids_of_their_own(dataset: LoadedDataset) -> None:
    [document_id] = dataset.fill("a.pages")

    loaded = dataset.load(content=lambda _: b"first\n\nthird")

    assert [(each.id, each.content, each.metadata["part"]) for each in loaded] == [
        (f"{document_id}_part_0", Page("first"), 0),
        (f"{document_id}_part_1", Page("third"), 1),
    ]
    assert {each.metadata["document_id"] for each in loaded} == {document_id}


def test_several_contents_are_asked_for_at_a_time(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt", "b.txt", "c.txt")
    together = threading.Barrier(3, timeout=20)

    def content(document: Document) -> str:
        together.wait()
        return document.name

    assert texts(dataset.load(content=content, concurrency=3)) == ["a.txt", "b.txt", "c.txt"]


def test_documents_without_text_are_named_page_by_page(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt", "b.txt", "c.txt", "d.txt")

    with pytest.raises(ConfigurationError, match="content=") as caught:
        dataset.load(page_size=3)

    assert "'a.txt', 'b.txt', 'c.txt'" in str(caught.value)
    assert "d.txt" not in str(caught.value)
    assert "recall_workflow_id" in str(caught.value)
    assert "on_missing" in str(caught.value)


def test_no_document_of_a_page_is_returned_if_one_has_no_text(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt", "b.txt")
    loader = dataset.open(content=content_of("a.txt"))

    with pytest.raises(ConfigurationError, match=r"did not find it either: 'b.txt'"):
        dataset.run(loader.next())


@pytest.mark.parametrize("blank", [None, "", " \n", b"", [], [Page(" "), ""]])
def test_blank_text_is_no_text(dataset: LoadedDataset, blank: object) -> None:
    dataset.fill("a.txt")

    with pytest.raises(ConfigurationError, match=r"a\.txt"):
        dataset.load(content=lambda _: blank)


def test_documents_without_text_can_be_metadata_alone(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt", "b.txt")

    known, unknown = dataset.load(content=content_of("a.txt"), on_missing="metadata")

    assert (known.content, known.metadata["text_source"]) == ("known", "content")
    assert (unknown.content, unknown.metadata["text_source"]) == ("", "none")


def test_documents_without_text_can_be_left_out(dataset: LoadedDataset) -> None:
    dataset.fill("a.txt", "b.txt")

    assert texts(dataset.load(content=content_of("b.txt"), on_missing="skip")) == ["known"]


def test_the_text_of_an_image_is_its_caption(dataset: LoadedDataset) -> None:
    ids = dataset.fill_with_images("cat.png", "bare.png")
    dataset.change(ids[0], caption="A cat on a mat", url="http://127.0.0.1/cat.png?sign=1")
    dataset.change(ids[1], caption="")

    cat, bare = dataset.load(on_missing="metadata")

    assert (cat.id, cat.content, cat.metadata["text_source"]) == (ids[0], "A cat on a mat", "caption")
    assert cat.metadata["url"] == "http://127.0.0.1/cat.png?sign=1"
    assert bare.metadata["text_source"] == "none"
    assert "url" not in dataset.load(on_missing="metadata", volatile=False)[0].metadata
    with pytest.raises(ConfigurationError, match=r"'bare\.png'"):
        dataset.load()


def test_an_image_without_caption_may_have_content(dataset: LoadedDataset) -> None:
    ids = dataset.fill_with_images("cat.png", "dog.png")
    dataset.change(ids[0], caption="A cat")
    dataset.change(ids[1], caption="")

    assert texts(dataset.load(content=lambda image: f"Words for {image.name}")) == ["A cat", "Words for dog.png"]


def test_images_come_page_by_page_too(dataset: LoadedDataset) -> None:
    ids = dataset.fill_with_images(*(f"{number}.png" for number in range(5)))

    assert [each.id for each in dataset.load(page_size=2)] == ids


def test_a_function_that_waits_for_a_loop_needs_one(emulator: Emulator) -> None:
    dataset_id = emulator.add_dataset("library", {"a.txt": "text"})

    async def slow(document: Document) -> str:
        await asyncio.sleep(0)
        return document.name

    with CozeClient(emulator.token, base_url=emulator.url) as client:
        loader = LoaderSettings(dataset_id=dataset_id, client=client, content=slow)
        with pytest.raises(ConfigurationError, match="needs an event loop"):
            Blocking.run(loader._blocking_loader(FRAMEWORK).next())
        [loaded] = asyncio.run(first_page(loader)) or ()
    assert loaded.content == "a.txt"


async def first_page(loader: LoaderSettings) -> tuple[LoadedDocument[Page], ...] | None:
    page = await loader._asyncio_loader(FRAMEWORK).next()
    assert loader.client
    await loader.client.aio.close()  # type: ignore[union-attr]  # a CozeClient
    return page
