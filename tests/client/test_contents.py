"""What becomes of the documents of a dataset on their way to a framework, on both faces, before the emulator."""

from __future__ import annotations

import asyncio
import gc
import threading
import unicodedata
import weakref
from collections import deque
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from coze_client import ConfigurationError, CozeClient, NotFound
from coze_client.api.documents import Document
from coze_client.bridge.contents import Contents, Framework, Loaded
from coze_client.bridge.dataset_settings import DatasetSettings
from coze_client.bridge.originals import Folder, Original
from coze_client.emulator import Emulator
from coze_client.emulator.dataset_records import IMAGE, Dataset, StoredDocument
from coze_client.face import Blocking
from tests.conftest import Connected, Face


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
        dataset = state.get(Dataset, self.dataset_id)
        assert dataset
        state.save(replace(dataset, format_type=IMAGE))
        for document_id, name in zip(ids, names, strict=True):
            self.change(document_id, format_type=IMAGE, type="png", caption=f"Caption of {name}")
        return ids

    def open(self, **settings: Any) -> Contents[Page]:
        loader = DatasetSettings(dataset_id=self.dataset_id, client=self.coze.client, **settings)
        blocking = isinstance(self.coze.client, CozeClient)
        return loader._blocking_contents(FRAMEWORK) if blocking else loader._asyncio_contents(FRAMEWORK)

    def run(self, coroutine: Any) -> Any:
        """What a coroutine over the client comes to."""
        return Blocking.run(coroutine) if isinstance(self.coze.client, CozeClient) else self.coze.run(coroutine)

    def load(self, **settings: Any) -> list[Loaded[Page]]:
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


@pytest.fixture
def library(coze: Connected[Any]) -> Library:
    return Library(coze)


def texts(loaded: Sequence[Loaded[Page]]) -> list[object]:
    return [each.content for each in loaded]


def told(name: str) -> Callable[[Document], str | None]:
    """A function that knows the text of one document."""
    return lambda document: "known" if document.name == name else None


def test_a_document_tells_all_that_coze_knows_of_it(library: Library) -> None:
    [document_id] = library.fill("tea.txt")
    library.change(document_id, hit_count=7, created_at=1_700_000_000, updated_at=1_700_000_100)

    [loaded] = library.load(content=lambda document: f"All about {document.name}")

    assert loaded == Loaded(
        document_id,
        "All about tea.txt",
        {
            "source": f"coze://datasets/{library.dataset_id}/documents/{document_id}",
            "dataset_id": library.dataset_id,
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


def test_what_changes_though_the_document_does_not_can_be_left_out(library: Library) -> None:
    library.fill("tea.txt")

    [loaded] = library.load(content=lambda _: "text", volatile=False)

    assert "hit_count" not in loaded.metadata
    assert loaded.metadata["slice_count"] == 1


def test_a_page_is_fetched_when_the_one_before_is_done_with(library: Library) -> None:
    library.fill(*(f"{number}.txt" for number in range(5)))
    contents = library.open(content=lambda document: document.name, page_size=2)

    listed = []
    for _ in range(3):
        page = library.run(contents.next())
        listed.append((texts(page), len(library.coze.emulator.calls_to("/open_api/knowledge/document/list"))))

    assert listed == [(["0.txt", "1.txt"], 1), (["2.txt", "3.txt"], 2), (["4.txt"], 3)]
    assert library.run(contents.next()) is None


def test_no_more_than_a_page_is_kept(library: Library) -> None:
    library.fill(*(f"{number}.txt" for number in range(6)))
    alive: weakref.WeakSet[Page] = weakref.WeakSet()
    counts = []

    def content(document: Document) -> Page:
        gc.collect()
        counts.append(len(alive))
        page = Page(document.name)
        alive.add(page)
        return page

    library.skim(content=content, page_size=2)

    assert max(counts) <= 2


async def known_later(document: Document) -> str:
    return document.name.upper()


class KnowsLater:
    async def __call__(self, document: Document) -> str:
        return document.name.upper()


@pytest.mark.parametrize("content", [known_later, KnowsLater(), lambda document: document.name.upper()])
def test_a_function_gives_the_text_at_once_or_later(library: Library, content: object) -> None:
    library.fill("a.txt", "b.txt")

    assert texts(library.load(content=content)) == ["A.TXT", "B.TXT"]


def test_a_function_gives_text_bytes_a_path_or_documents(library: Library, tmp_path: Path) -> None:
    library.fill("str.txt", "bytes.txt", "path.txt", "page.txt", "list.txt")
    (tmp_path / "x.txt").write_text("of a file")
    given: dict[str, object] = {
        "str.txt": "as it is",
        "bytes.txt": "été".encode(),
        "path.txt": tmp_path / "x.txt",
        "page.txt": Page("of the framework"),
        "list.txt": ["one", b"two", Page("three")],
    }

    found = texts(library.load(content=lambda document: given[document.name]))

    assert found == ["as it is", "été", "of a file", Page("of the framework"), "one", "two", Page("three")]


def test_what_is_no_content_is_refused_by_its_name(library: Library) -> None:
    library.fill("a.txt")

    with pytest.raises(ConfigurationError, match=r"gave a int for 'a.txt'.*str, bytes, a pathlib.Path, a Page"):
        library.load(content=lambda _: 7)


def test_text_that_a_function_gives_is_never_a_path(library: Library, tmp_path: Path) -> None:
    library.fill("a.txt")
    (tmp_path / "a.txt").write_text("secret")

    assert texts(library.load(content=lambda _: str(tmp_path / "a.txt"))) == [str(tmp_path / "a.txt")]


def test_a_documents_parts_have_ids_of_their_own(library: Library) -> None:
    [document_id] = library.fill("a.pages")

    loaded = library.load(content=lambda _: b"first\n\nthird")

    assert [(each.id, each.content, each.metadata["part"]) for each in loaded] == [
        (f"{document_id}_part_0", Page("first"), 0),
        (f"{document_id}_part_1", Page("third"), 1),
    ]
    assert {each.metadata["document_id"] for each in loaded} == {document_id}


def test_several_contents_are_asked_for_at_a_time(library: Library) -> None:
    library.fill("a.txt", "b.txt", "c.txt")
    together = threading.Barrier(3, timeout=20)

    def content(document: Document) -> str:
        together.wait()
        return document.name

    assert texts(library.load(content=content, concurrency=3)) == ["a.txt", "b.txt", "c.txt"]


def test_documents_without_text_are_named_page_by_page(library: Library) -> None:
    library.fill("a.txt", "b.txt", "c.txt", "d.txt")

    with pytest.raises(ConfigurationError, match="content=") as caught:
        library.load(page_size=3)

    assert "'a.txt', 'b.txt', 'c.txt'" in str(caught.value)
    assert "d.txt" not in str(caught.value)
    assert "recall_workflow_id" in str(caught.value)
    assert "on_missing" in str(caught.value)


def test_nothing_of_a_page_is_given_if_one_document_has_no_text(library: Library) -> None:
    library.fill("a.txt", "b.txt")
    contents = library.open(content=told("a.txt"))

    with pytest.raises(ConfigurationError, match=r"nor is it .*: 'b.txt'"):
        library.run(contents.next())


@pytest.mark.parametrize("blank", [None, "", " \n", b"", [], [Page(" "), ""]])
def test_blank_text_is_no_text(library: Library, blank: object) -> None:
    library.fill("a.txt")

    with pytest.raises(ConfigurationError, match=r"a\.txt"):
        library.load(content=lambda _: blank)


def test_documents_without_text_can_be_metadata_alone(library: Library) -> None:
    library.fill("a.txt", "b.txt")

    known, unknown = library.load(content=told("a.txt"), on_missing="metadata")

    assert (known.content, known.metadata["text_source"]) == ("known", "content")
    assert (unknown.content, unknown.metadata["text_source"]) == ("", "none")


def test_documents_without_text_can_be_left_out(library: Library) -> None:
    library.fill("a.txt", "b.txt")

    assert texts(library.load(content=told("b.txt"), on_missing="skip")) == ["known"]


def test_originals_are_found_by_name_at_any_depth(library: Library, tmp_path: Path) -> None:
    library.fill("a.txt", "deep.txt", "way/below.txt", "report", "twice.txt.txt", unicodedata.normalize("NFC", "é.txt"))
    for name in (
        "a.txt",
        "x/deep.txt",
        "way/below.txt",
        "report.txt",
        "twice.txt",
        unicodedata.normalize("NFD", "é.txt"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"original {name}")

    found = texts(library.load(content=tmp_path))

    assert found[:-1] == [
        "original a.txt",
        "original x/deep.txt",
        "original way/below.txt",
        "original report.txt",
        "original twice.txt",
    ]
    assert unicodedata.normalize("NFC", str(found[-1])) == "original é.txt"


def test_originals_of_one_name_are_not_guessed_between(library: Library, tmp_path: Path) -> None:
    library.fill("a.txt")
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)

    with pytest.raises(ConfigurationError, match=r"Several files .* 'a.txt': x.a.txt, y.a.txt"):
        library.load(content=tmp_path)


def test_a_folder_that_is_not_there_is_told(library: Library, tmp_path: Path) -> None:
    library.fill("a.txt")

    with pytest.raises(ConfigurationError, match="no folder that exists"):
        library.load(content=str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    "name", ["../secret.txt", "{outside}/secret.txt", "link.txt", "links/secret.txt", ".hidden", "..", "", "a\0b"]
)
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (inside / ".hidden").write_text("hidden")
    (inside / "link.txt").symlink_to(outside / "secret.txt")
    (inside / "links").symlink_to(outside)

    document = Document(document_id="1", name=name.format(outside=outside), type="txt")

    assert Folder(inside).find(document) is None


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")

    assert Folder(tmp_path).find(Document(document_id="1", name="b.txt")) == tmp_path / "b.txt"


@pytest.mark.parametrize(
    ("source", "name", "kind", "suffix"),
    [
        (Path("x/A.PDF"), "b.txt", "txt", ".pdf"),
        (Path("x/A"), "b.md", "txt", ".md"),
        (b"", "b.DOCX", "", ".docx"),
        (b"", "report v1.2", "pdf", ".pdf"),
        (b"", "Dr. Who", "", ""),
        (b"", "a./../b", "", ""),
    ],
)
def test_the_kind_of_an_original_is_told_by_its_names(source: bytes | Path, name: str, kind: str, suffix: str) -> None:
    assert Original.of(Document(document_id="1", name=name, type=kind), source).suffix == suffix


def test_what_a_loader_cannot_read_is_told_by_its_name(library: Library) -> None:
    library.fill("a.pages")

    with pytest.raises(ConfigurationError, match=r"'a\.pages' cannot be read: UnicodeDecodeError"):
        library.load(content=lambda _: b"\xff")


@pytest.mark.parametrize("source", [b"%PDF-1.7\x00", b"\xff\xfe\xfd", b"a\0b"])
def test_what_is_no_text_is_not_read_as_text(source: bytes) -> None:
    original = Original.of(Document(document_id="1", name="a.bin"), source)

    with pytest.raises(ConfigurationError, match=r"'a\.bin' is no text in utf-8.*content= .*, or take it away"):
        original.text(cure="take it away")


def test_text_is_read_in_the_encoding_that_was_given() -> None:
    original = Original.of(Document(document_id="1", name="猫.txt"), "小猫".encode("gb18030"))

    assert original.text("gb18030") == "小猫"
    assert Original("a", "", "\ufeffx".encode()).text() == "x"


def test_bytes_are_a_file_only_while_they_are_read() -> None:
    original = Original.of(Document(document_id="1", name="../../evil.docx"), b"PK")

    with original.path() as path:
        assert (path.name, path.read_bytes()) == ("original.docx", b"PK")

    assert not path.exists()


def test_text_is_what_questions_recall(library: Library) -> None:
    book = "Tea is made of leaves.\n\nRice is a grass.\n\nSalt is of the sea.\n\nHoney is made by bees."
    library.dataset_id = library.coze.emulator.add_dataset(
        "library", {"book.txt": book, "b.txt": "b"}, separator="\n\n"
    )
    workflow_id = library.coze.emulator.add_knowledge_workflow([library.dataset_id], top_k=1)

    [loaded] = library.load(
        recall_workflow_id=workflow_id, queries=["honey bees", "tea leaves", "bees"], on_missing="skip"
    )

    assert loaded.content == "Honey is made by bees.\n\nTea is made of leaves."
    assert [loaded.metadata[name] for name in ("text_source", "slices_found", "slice_count", "coverage")] == [
        "recall",
        2,
        4,
        0.5,
    ]


def test_a_workflow_is_asked_as_it_wants(library: Library) -> None:
    library.fill("tea.txt")

    @library.coze.emulator.workflow()
    def look_up(question: str) -> dict[str, list[dict[str, str]]]:
        document_id = library.coze.emulator.documents(library.dataset_id)[0].id
        return {"odd": [{"output": "wrong"}], "found": [{"output": question.upper(), "documentId": document_id}]}

    [loaded] = library.load(
        recall_workflow_id=look_up.id,
        queries=["tea"],
        recall_options={"query_parameter": "question", "path": "found", "mode": "sync"},
    )

    assert loaded.content == "TEA"


def test_a_server_that_counts_pages_from_0_is_loaded_too(face: Face) -> None:
    with Emulator(dialect="studio") as studio:
        library = Library(Connected(face, studio))
        ids = library.fill(*(f"{number}.txt" for number in range(5)))

        assert sorted(each.id for each in library.load(on_missing="metadata", page_size=2)) == ids


def test_each_question_is_asked_once_whatever_the_pages(library: Library) -> None:
    library.fill(*(f"tea {number}.txt" for number in range(4)))
    workflow_id = library.coze.emulator.add_knowledge_workflow([library.dataset_id], top_k=9)

    loaded = library.load(recall_workflow_id=workflow_id, queries=["text", "tea"], page_size=1)

    assert [each.content for each in loaded] == [f"Text of tea {number}.txt." for number in range(4)]
    assert {each.metadata["coverage"] for each in loaded} == {1.0}
    assert (
        len(library.coze.emulator.calls_to("/v1/workflow/run"))
        + len(library.coze.emulator.calls_to("/v1/workflow/stream_run"))
        == 2
    )


def test_content_goes_before_recall(library: Library) -> None:
    library.fill("a.txt", "b.txt")
    workflow_id = library.coze.emulator.add_knowledge_workflow([library.dataset_id])

    loaded = library.load(content=told("a.txt"), recall_workflow_id=workflow_id, queries=["text"])

    assert [(each.content, each.metadata["text_source"]) for each in loaded] == [
        ("known", "content"),
        ("Text of b.txt.", "recall"),
    ]


def test_a_recall_that_tells_no_documents_is_refused(library: Library) -> None:
    library.fill("a.txt")
    workflow_id = library.coze.emulator.add_knowledge_workflow([library.dataset_id], text=True)

    with pytest.raises(ConfigurationError, match="outputList"):
        library.load(recall_workflow_id=workflow_id, queries=["text"])


def test_questions_need_a_workflow(library: Library) -> None:
    library.fill("a.txt")

    with pytest.raises(ConfigurationError, match="go together"):
        library.load(queries=["text"])


def test_loading_goes_on_after_a_document(library: Library) -> None:
    ids = library.fill("a.txt", "b.txt", "c.txt", "d.txt")

    assert library.names(start_after=ids[1], page_size=1) == ["c.txt", "d.txt"]
    assert library.names(start_after=ids[0]) == ["b.txt", "c.txt", "d.txt"]
    assert library.names(start_after=ids[3]) == []


@pytest.mark.parametrize("gone", [{"start_after": "999"}, {"document_ids": ["999"]}])
def test_a_document_that_is_not_there_is_told(library: Library, gone: dict[str, Any]) -> None:
    library.fill("a.txt")

    with pytest.raises(NotFound, match="no document 999"):
        library.names(**gone)


def test_documents_are_chosen_by_id_and_no_page_more_is_fetched(library: Library) -> None:
    ids = library.fill("a.txt", "b.txt", "c.txt", "d.txt")

    assert library.names(document_ids=[ids[2], ids[0]], page_size=1) == ["a.txt", "c.txt"]
    assert len(library.coze.emulator.calls_to("/open_api/knowledge/document/list")) == 3
    assert library.names(document_ids=[]) == []


def test_documents_are_chosen_by_state(library: Library) -> None:
    ids = library.fill("a.txt", "b.txt", "c.txt")
    library.change(ids[0], failure="it is broken")
    library.change(ids[1], looks=1_000)

    assert library.names(status="ready") == ["c.txt"]
    assert library.names(status=("failed", "processing")) == ["a.txt", "b.txt"]
    with pytest.raises(ConfigurationError, match=r"'done': processing, ready, failed"):
        library.names(status="done")


MOMENT = datetime.fromtimestamp(1_700_000_000, timezone.utc)


@pytest.mark.parametrize("moment", [1_700_000_000, MOMENT, MOMENT.astimezone().replace(tzinfo=None)])
def test_documents_are_chosen_by_when_they_changed(library: Library, moment: object) -> None:
    ids = library.fill("before.txt", "then.txt", "after.txt")
    for document_id, changed in zip(ids, (1_699_999_999, 1_700_000_000, 1_700_000_001), strict=True):
        library.change(document_id, updated_at=changed)

    assert library.names(updated_after=moment) == ["after.txt"]


def test_an_image_says_its_caption(library: Library) -> None:
    ids = library.hang("cat.png", "bare.png")
    library.change(ids[0], caption="A cat on a mat", url="http://127.0.0.1/cat.png?sign=1")
    library.change(ids[1], caption="")

    cat, bare = library.load(on_missing="metadata")

    assert (cat.id, cat.content, cat.metadata["text_source"]) == (ids[0], "A cat on a mat", "caption")
    assert cat.metadata["url"] == "http://127.0.0.1/cat.png?sign=1"
    assert bare.metadata["text_source"] == "none"
    assert "url" not in library.load(on_missing="metadata", volatile=False)[0].metadata
    with pytest.raises(ConfigurationError, match=r"'bare\.png'"):
        library.load()


def test_an_image_without_caption_may_have_content(library: Library) -> None:
    ids = library.hang("cat.png", "dog.png")
    library.change(ids[0], caption="A cat")
    library.change(ids[1], caption="")

    assert texts(library.load(content=lambda image: f"Words for {image.name}")) == ["A cat", "Words for dog.png"]


def test_images_come_page_by_page_too(library: Library) -> None:
    ids = library.hang(*(f"{number}.png" for number in range(5)))

    assert [each.id for each in library.load(page_size=2)] == ids


def test_a_function_that_waits_for_a_loop_needs_one(emulator: Emulator) -> None:
    dataset_id = emulator.add_dataset("library", {"a.txt": "text"})

    async def slow(document: Document) -> str:
        await asyncio.sleep(0)
        return document.name

    with CozeClient(emulator.token, base_url=emulator.url) as client:
        loader = DatasetSettings(dataset_id=dataset_id, client=client, content=slow)
        with pytest.raises(ConfigurationError, match="needs an event loop"):
            Blocking.run(loader._blocking_contents(FRAMEWORK).next())
        [loaded] = asyncio.run(first_page(loader)) or ()
    assert loaded.content == "a.txt"


async def first_page(loader: DatasetSettings) -> tuple[Loaded[Page], ...] | None:
    page = await loader._asyncio_contents(FRAMEWORK).next()
    assert loader.client
    await loader.client.aio.close()  # type: ignore[union-attr]  # a CozeClient, whose twin it is
    return page
