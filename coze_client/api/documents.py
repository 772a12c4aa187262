"""Documents of a dataset: put in, listed, renamed, deleted. Coze cuts them into slices, which only recall shows.

API pages: create_knowledge_files, list_knowledge_files, modify_knowledge_files, delete_knowdge_files. Only the owner of
a dataset may change what is in it, and only in Coze's own datasets (not Volcano's).
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from os import PathLike
from pathlib import Path, PurePath
from typing import Literal, TypeVar

from coze_client.api.files import Source
from coze_client.errors import ConfigurationError
from coze_client.model import Model
from coze_client.request import Kind, Numbering, Page, Pages, Request, fields, numbered
from coze_client.resource import Face, Resource, call, paged
from coze_client.response import Answer, Envelope, read_nothing, read_whole

T = TypeVar("T")

TEXT, IMAGE = 0, 2
MOST_CREATED, MOST_DELETED = 10, 100
LARGEST_BODY = 15 * 1024 * 1024
FILE_TYPES = ("pdf", "txt", "doc", "docx")
_SHORTEST_INTERVAL = 24  # hours
_TOKENS = range(100, 2001)
LOCAL, WEB, CUSTOM, UPLOADED = 0, 1, 2, 5
_READY, _FAILED = 1, 9
_BUSY = frozenset({None, 0, 4, 5})  # processing; cut anew and refreshed by coze-studio
_IDS_AS_TEXT = {"Agw-Js-Conv": "str"}  # without it ids are numbers, which JSON readers may round


class Processed(Model):
    """Whatever Coze processes: ``status`` 0 busy, 1 ready, 9 failed; others (2 disabled, 3 deleted, 1000) are none."""

    status: int | None = None

    @property
    def ready(self) -> bool:
        """True if it can be recalled."""
        return self.status == _READY

    @property
    def failed(self) -> bool:
        """True if Coze could not process it: it must be put in again."""
        return self.status == _FAILED

    @property
    def busy(self) -> bool:
        """True as long as its status will change by itself."""
        return self.status in _BUSY


class ChunkStrategy(Model):
    """How Coze cuts documents into slices (``chunk_type`` 0: its own way), or captions images.

    In answers each field may be absent. ``max_tokens`` is 100 to 2000.
    """

    chunk_type: int | None = None
    separator: str | None = None
    max_tokens: int | None = None
    remove_extra_spaces: bool | None = None
    remove_urls_emails: bool | None = None
    caption_type: int | None = None

    @classmethod
    def automatic(cls) -> ChunkStrategy:
        """Coze's own way."""
        return cls(chunk_type=0)

    @classmethod
    def custom(
        cls,
        separator: str = "\n",
        max_tokens: int = 800,
        *,
        remove_extra_spaces: bool = False,
        remove_urls_emails: bool = False,
    ) -> ChunkStrategy:
        """Cut at `separator`, into slices of at most `max_tokens` (100 to 2000); raises ConfigurationError."""
        made = cls(
            chunk_type=1,
            separator=separator,
            max_tokens=max_tokens,
            remove_extra_spaces=remove_extra_spaces,
            remove_urls_emails=remove_urls_emails,
        )
        made.wire()
        return made

    @classmethod
    def images(cls, caption_type: Literal[0, 1] = 0) -> ChunkStrategy:
        """For images, whose first upload needs it: 0 Coze writes captions, 1 you do by ``images.update``."""
        return cls(chunk_type=0, caption_type=caption_type)

    def wire(self) -> dict[str, object]:
        """As it is sent; raises ConfigurationError for what Coze refuses."""
        if self.chunk_type == 1 and not self.separator:
            raise ConfigurationError("separator of a custom ChunkStrategy is empty", cure="Cut at lines by '\\n'")
        if self.chunk_type == 1 and self.max_tokens not in _TOKENS:
            raise ConfigurationError(f"max_tokens of a ChunkStrategy is 100 to 2000, not {self.max_tokens}")
        return self.model_dump(exclude_none=True)


class UpdateRule(Model):
    """Whether Coze fetches a web page again: ``update_type`` 1, every ``update_interval`` hours (24 at least)."""

    update_type: int = 0
    update_interval: int = 0

    @classmethod
    def never(cls) -> UpdateRule:
        """The page stays as it was fetched."""
        return cls()

    @classmethod
    def every(cls, hours: int) -> UpdateRule:
        """Fetch it again every so many hours; raises ConfigurationError under 24."""
        made = cls(update_type=1, update_interval=hours)
        made.wire()
        return made

    def wire(self) -> dict[str, object]:
        """As it is sent; raises ConfigurationError for what Coze refuses."""
        if self.update_type == 1 and self.update_interval < _SHORTEST_INTERVAL:
            cure = "Coze fetches a page again once a day at most"
            raise ConfigurationError(f"update_interval is 24 hours or more, not {self.update_interval}", cure=cure)
        return self.model_dump(exclude_none=True)


class Document(Processed):
    """A document as Coze keeps it; times are unix seconds, ``size`` bytes, ``update_interval`` hours.

    ``format_type`` 0 text, 1 table, 2 image; ``source_type`` 0 file, 1 web page, 5 uploaded image; ``type`` is the
    extension. All enums are open.
    """

    document_id: str = ""
    name: str = ""
    type: str = ""
    size: int | None = None
    char_count: int | None = None
    slice_count: int | None = None
    hit_count: int | None = None
    format_type: int | None = None
    source_type: int | None = None
    create_time: int | None = None
    update_time: int | None = None
    update_type: int | None = None
    update_interval: int | None = None
    chunk_strategy: ChunkStrategy | None = None
    tos_uri: str = ""


@dataclass(frozen=True)
class DocumentBase:
    """A document to be put into a dataset, made by one of its ``from_…``; it holds the whole content."""

    name: str
    source: Mapping[str, str | int]
    update_rule: UpdateRule | None = None
    caption: str | None = None

    @classmethod
    def from_file(cls, file: Source, name: str | None = None) -> DocumentBase:
        """A pdf, txt, doc or docx: a path, bytes, or a file opened in binary mode, which is read at once.

        `name` (default: the file's own) tells the format by its extension. Raises ConfigurationError for other formats
        and empty files, OSError for a path that cannot be read.
        """
        name = name or _own_name(file)
        kind = PurePath(name).suffix[1:].lower()
        if kind not in FILE_TYPES:
            raise ConfigurationError(
                f"name of a document file ends in .pdf, .txt, .doc or .docx, not {name!r}",
                cure="Send md, html and the like by DocumentBase.from_text(text, name)",
            )
        content = _read(file)
        if not content:
            raise ConfigurationError(f"The file {name!r} is empty, which Coze refuses")
        return cls(name, {"file_base64": b64encode(content).decode(), "file_type": kind})

    @classmethod
    def from_text(cls, text: str, name: str) -> DocumentBase:
        """Text, sent as a txt file of this name."""
        if not text:
            raise ConfigurationError(f"The text of {name!r} is empty, which Coze refuses")
        return cls(_named(name), {"file_base64": b64encode(text.encode()).decode(), "file_type": "txt"})

    @classmethod
    def from_url(cls, url: str, name: str, update_rule: UpdateRule | None = None) -> DocumentBase:
        """A web page, which Coze fetches; by `update_rule` again and again (default: once)."""
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"url of a web page begins with http:// or https://, not as in {url!r}")
        return cls(_named(name), {"web_url": url, "document_source": WEB}, update_rule)

    @classmethod
    def from_image(cls, file_id: str, name: str, caption: str | None = None) -> DocumentBase:
        """An image for a dataset of images, by the id that ``files.upload`` gave it."""
        source: dict[str, str | int] = {"source_file_id": file_id, "document_source": UPLOADED}
        return cls(_named(name), source, caption=caption)

    @classmethod
    def from_custom_text(cls, text: str, name: str) -> DocumentBase:
        """Text for coze-studio, which takes no files, pages and images by the API; other servers refuse it."""
        return cls(_named(name), {"custom_content": text, "document_source": CUSTOM})

    @property
    def size(self) -> int:
        """Bytes that it takes in the body of a request, base64 counted in."""
        encoded = str(self.source.get("file_base64", ""))
        rest = {**self.source, "file_base64": ""} if encoded else self.source
        return len(encoded) + _length({**self.wire(), "source_info": rest})

    @property
    def way(self) -> int:
        """How it gets there: 0 in the request, 1 as a web page, 2 as text of the studio, 5 as an uploaded image."""
        return int(self.source.get("document_source", LOCAL))

    def wire(self) -> dict[str, object]:
        """As it is sent; raises ConfigurationError for an update rule that Coze refuses."""
        rule = self.update_rule.wire() if self.update_rule else None
        return fields(name=self.name, source_info=self.source, update_rule=rule, caption=self.caption)


class _Listed(Envelope):
    document_infos: tuple[Document, ...] | None = None
    total: int | None = None


class Documents(Resource[Face]):
    """What is in a dataset."""

    @paged
    def list(self, *, dataset_id: str, page_size: int = 100, concurrency: int = 1) -> Pages[Document]:
        """A dataset's documents; after the first page `concurrency` pages at a time.

        Servers that count pages from 0 (coze-studio) are found out: their first page may come last.
        """

        def page(number: int) -> Request[Page[Document]]:
            return _post("list", _read_page, dataset_id=dataset_id, page=number, size=page_size)

        numbering = Numbering(page_size, attrgetter("document_id"), concurrency, maybe_from_zero=True)
        return numbered(page, numbering)

    @call
    def create(
        self,
        *,
        dataset_id: str,
        documents: Sequence[DocumentBase],
        chunk_strategy: ChunkStrategy | None = None,
        format_type: int = TEXT,
    ) -> Request[tuple[Document, ...]]:
        """Put 1 to 10 documents into a dataset; they are busy at first, see ``datasets.wait``. Never sent twice.

        All of one kind (files and texts, web pages, or images), 15 MB a request, base64 included. `chunk_strategy`
        (default: Coze's own way) must be the same for a dataset of images as at its first upload; `format_type` is 2
        there. Raises ConfigurationError for what Coze would refuse.
        """
        _check_count("documents", documents, MOST_CREATED)
        if len({document.way for document in documents}) > 1:
            cure = "Send files and texts, web pages, and images in requests of their own"
            raise ConfigurationError("documents of one request must all come in the same way", cure=cure)
        strategy = chunk_strategy or ChunkStrategy.automatic()
        around = fields(dataset_id=dataset_id, chunk_strategy=strategy.wire(), format_type=format_type)
        size = sum(document.size + 1 for document in documents) + _length({**around, "document_bases": []})
        if size > LARGEST_BODY:
            raise ConfigurationError(
                f"documents take {size} bytes in one request, base64 included; Coze takes {LARGEST_BODY} (15 MB)",
                cure="Send fewer at a time; a file alone has 11 MB at most",
            )
        bases = [document.wire() for document in documents]
        return _post("create", _read_documents, Kind.START, **around, document_bases=bases)

    @call
    def update(
        self, *, document_id: str, name: str | None = None, update_rule: UpdateRule | None = None
    ) -> Request[None]:
        """Rename a document, or change how often its web page is fetched; what is not given stays."""
        if name is None and update_rule is None:
            raise ConfigurationError("Give name or update_rule, or nothing is updated")
        name = name if name is None else _named(name)
        rule = update_rule.wire() if update_rule else None
        return _post("update", read_nothing, document_id=document_id, document_name=name, update_rule=rule)

    @call
    def delete(self, *, document_ids: Sequence[str]) -> Request[None]:
        """Delete 1 to 100 documents with their slices, for good."""
        _check_count("document_ids", document_ids, MOST_DELETED)
        return _post("delete", read_nothing, Kind.START, document_ids=[*document_ids])


def _read_page(answer: Answer) -> Page[Document]:
    found = read_whole(_Listed, answer)
    return Page(found.document_infos or (), has_more=False, total=found.total)


def _read_documents(answer: Answer) -> tuple[Document, ...]:
    return read_whole(_Listed, answer).document_infos or ()


def _post(what: str, read: Callable[[Answer], T], kind: Kind = Kind.READ, **given: object) -> Request[T]:
    path = f"/open_api/knowledge/document/{what}"
    return Request("POST", path, read, body=fields(**given), kind=kind, headers=_IDS_AS_TEXT)


def _check_count(name: str, given: Sequence[object], most: int) -> None:
    if isinstance(given, str) or not 1 <= len(given) <= most:
        told = "a single string" if isinstance(given, str) else str(len(given))
        raise ConfigurationError(f"{name} has 1 to {most} entries a request, not {told}", cure="Send them in batches")


def _named(name: str) -> str:
    if not name.strip():
        raise ConfigurationError("name of a document is empty, which Coze refuses")
    return name


def _length(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _own_name(file: Source) -> str:
    if isinstance(file, (str, PathLike)):
        return Path(file).name
    own_name = getattr(file, "name", "")
    return Path(own_name).name if isinstance(own_name, str) else ""


def _read(file: Source) -> bytes:
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file)
    if isinstance(file, (str, PathLike)):
        return Path(file).read_bytes()
    content = file.read()
    if isinstance(content, str):
        raise ConfigurationError("The file is open as text", cure='Open it in binary mode: open(path, "rb")')
    return content
