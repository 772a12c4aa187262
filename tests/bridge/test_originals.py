"""Original files of documents: found by name, never outside their folder, and read by their kind."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from coze_client import ConfigurationError
from coze_client.api.datasets.values import Document
from coze_client.bridge.loading.originals import Original, OriginalFolder
from tests.support.loaders import LoadedDataset, texts


def test_originals_are_found_by_name_at_any_depth(dataset: LoadedDataset, tmp_path: Path) -> None:
    dataset.fill("a.txt", "deep.txt", "way/below.txt", "report", "twice.txt.txt", unicodedata.normalize("NFC", "é.txt"))
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

    found = texts(dataset.load(content=tmp_path))

    assert found[:-1] == [
        "original a.txt",
        "original x/deep.txt",
        "original way/below.txt",
        "original report.txt",
        "original twice.txt",
    ]
    assert unicodedata.normalize("NFC", str(found[-1])) == "original é.txt"


def test_originals_of_one_name_are_not_guessed_between(dataset: LoadedDataset, tmp_path: Path) -> None:
    dataset.fill("a.txt")
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text(folder)

    with pytest.raises(ConfigurationError, match=r"Several files .* 'a.txt': x.a.txt, y.a.txt"):
        dataset.load(content=tmp_path)


def test_a_folder_that_is_not_there_is_an_error(dataset: LoadedDataset, tmp_path: Path) -> None:
    dataset.fill("a.txt")

    with pytest.raises(ConfigurationError, match="not a folder that exists"):
        dataset.load(content=str(tmp_path / "nowhere"))


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

    assert OriginalFolder(inside).find(document) is None


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")

    assert OriginalFolder(tmp_path).find(Document(document_id="1", name="b.txt")) == tmp_path / "b.txt"


def test_a_link_to_itself_is_no_original(tmp_path: Path) -> None:
    (tmp_path / "a.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "b.txt").write_text("b")

    assert OriginalFolder(tmp_path).find(Document(document_id="1", name="a.txt")) is None
    assert OriginalFolder(tmp_path).find(Document(document_id="2", name="b.txt")) == tmp_path / "b.txt"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_is_not_waited_for(dataset: LoadedDataset, tmp_path: Path) -> None:
    dataset.fill("a.txt")
    os.mkfifo(tmp_path / "a.txt")

    with pytest.raises(ConfigurationError, match=r"a\.txt, the original of 'a\.txt', is not a file"):
        dataset.load(content=lambda _: tmp_path / "a.txt")
    with pytest.raises(ConfigurationError, match="did not find it either"):
        dataset.load(content=tmp_path)


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
def test_an_original_s_suffix_comes_from_its_names(source: bytes | Path, name: str, kind: str, suffix: str) -> None:
    assert Original.of(Document(document_id="1", name=name, type=kind), source).suffix == suffix


def test_a_file_that_a_loader_cannot_read_is_named_in_the_error(dataset: LoadedDataset) -> None:
    dataset.fill("a.pages")

    with pytest.raises(ConfigurationError, match=r"'a\.pages' cannot be read: UnicodeDecodeError"):
        dataset.load(content=lambda _: b"\xff")


@pytest.mark.parametrize("source", [b"%PDF-1.7\x00", b"\xff\xfe\xfd", b"a\0b"])
def test_what_is_no_text_is_not_read_as_text(source: bytes) -> None:
    original = Original.of(Document(document_id="1", name="a.bin"), source)

    with pytest.raises(ConfigurationError, match=r"'a\.bin' is not text in utf-8.*content= .*, or take it away"):
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
