"""Documents of a dataset: create, list, update, delete."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

from .backend import Backend
from .chunking import MANUAL_CAPTION, SYSTEM_CAPTION, read_strategy
from .dataset_records import BUSY, CUSTOM, IMAGE, LOCAL_FILE, UPLOADED, WEB_PAGE, Dataset, StoredDocument
from .datasets import MANY, dataset_of, uploaded
from .endpoint import Endpoint
from .processing import Source, UpdateRule, add_documents, delete_document, look_at
from .records import File
from .refusal import Refusal
from .reply import Payload, Reply
from .request import Fields, Request

MOST_CREATED, MOST_DELETED = 10, 100
LARGEST_BODY = 15 * 1024 * 1024
FILE_TYPES = ("pdf", "txt", "doc", "docx")
IMAGE_TYPES = frozenset({"jpg", "jpeg", "png", "gif", "webp", "heic", "heif", "bmp", "tiff"})
SHORTEST_INTERVAL = 24  # hours
WAYS = {"file_base64": LOCAL_FILE, "web_url": WEB_PAGE, "source_file_id": UPLOADED}


async def create(backend: Backend, request: Request) -> Reply:
    body = request.body
    _check_length(request)
    dataset = dataset_of(backend, request, body.identity("dataset_id"))
    if not {"format_type", "chunk_strategy"} <= body.values.keys():
        raise Refusal(4000, "format_type and chunk_strategy are required")
    if body.number("format_type", dataset.format_type, 0, IMAGE) != dataset.format_type:
        raise Refusal(4000, f"format_type of this dataset is {dataset.format_type}")
    bases = body.objects("document_bases")
    if not 1 <= len(bases) <= MOST_CREATED:
        raise Refusal(4000, f"document_bases has 1 to {MOST_CREATED} documents")
    strategy = Fields(body.mapping("chunk_strategy"))
    read = Reading(backend, request, dataset, strategy)
    documents = await add_documents(backend, dataset, read.sources(bases), read_strategy(strategy))
    return Payload([_created(backend, request, document) for document in documents], key="document_infos")


def _check_length(request: Request) -> None:
    length = Fields(request.headers).number("content-length", 0, 0, 2**63)
    if length > LARGEST_BODY:
        raise Refusal(4000, f"the body has {length} bytes, at most {LARGEST_BODY} are taken; base64 adds a third")


class Reading:
    """What a request wants to be made into documents, each of its rules a 4000."""

    def __init__(self, backend: Backend, request: Request, dataset: Dataset, strategy: Fields) -> None:
        self.backend, self.request, self.dataset, self.strategy = backend, request, dataset, strategy

    def sources(self, bases: list[Fields]) -> list[Source]:
        if not self.backend.dialect.file_sources:
            return [_custom(base) for base in bases]
        if len({_way(base) for base in bases}) > 1:
            raise Refusal(4000, "all documents of a request come in one way: file_base64, web_url or source_file_id")
        read = {LOCAL_FILE: self._file, WEB_PAGE: self._web_page, UPLOADED: self._image}[_way(bases[0])]
        return [read(base.text("name"), base, Fields(base.mapping("source_info"))) for base in bases]

    def _file(self, name: str, base: Fields, source: Fields) -> Source:
        self._expect_text()
        kind = source.choice("file_type", FILE_TYPES, "")
        try:
            content = base64.b64decode(source.text("file_base64"), validate=True)
        except binascii.Error as error:
            raise Refusal(4000, f"file_base64 is no base64: {error}") from None
        return Source(name, kind, LOCAL_FILE, content, rule=_never_updated(base))

    def _web_page(self, name: str, base: Fields, source: Fields) -> Source:
        self._expect_text()
        url = source.text("web_url")
        if not url.startswith(("http://", "https://")):
            raise Refusal(4000, "web_url must begin with http:// or https://")
        return Source(name, "html", WEB_PAGE, url=url, rule=read_rule(base))

    def _image(self, name: str, base: Fields, source: Fields) -> Source:
        if self.dataset.format_type != IMAGE:
            raise Refusal(4000, "source_file_id is for images, and this dataset takes texts")
        file_id = source.identity("source_file_id")
        file = uploaded(self.backend, self.request, file_id)
        if file is None:
            raise Refusal(4000, f"source_file_id {file_id} is no file of yours")
        kind = file.file_name.rpartition(".")[2].lower()
        if kind not in IMAGE_TYPES:
            raise Refusal(4000, f"{file.file_name} is no image")
        url = f"http://127.0.0.1/FileBizType.BIZ_BOT_DATASET/{file.id}.{kind}"
        caption = base.optional("caption") or self._caption(file, kind)
        return Source(name, kind, UPLOADED, url=url, size=file.bytes, caption=caption, rule=_never_updated(base))

    def _caption(self, file: File, kind: str) -> str:
        """What the system says of an image: nobody looks at it here, so only what is known without looking."""
        if "caption_type" not in self.strategy.values and not self.backend.state.count(StoredDocument, self.dataset.id):
            raise Refusal(4000, "caption_type is required for the first images of a dataset")
        if self.strategy.number("caption_type", SYSTEM_CAPTION, SYSTEM_CAPTION, MANUAL_CAPTION) == MANUAL_CAPTION:
            return ""
        return f"{file.file_name}: an image of type {kind} with {file.bytes} bytes"

    def _expect_text(self) -> None:
        if self.dataset.format_type == IMAGE:
            raise Refusal(4000, "this dataset takes images by source_file_id alone")


def _way(base: Fields) -> int:
    """How a document comes; 4000 if it comes in none or in several, or says that it comes in another."""
    source = Fields(base.mapping("source_info"))
    ways = [way for name, way in WAYS.items() if name in source.values]
    if len(ways) != 1:
        raise Refusal(4000, f"source_info needs one of {', '.join(WAYS)}")
    if source.number("document_source", LOCAL_FILE, 0, MANY) != ways[0]:
        raise Refusal(4000, f"document_source must be {ways[0]} for what source_info holds")
    return ways[0]


def _custom(base: Fields) -> Source:
    """The studio's: nothing but custom_content counts."""
    text = Fields(base.mapping("source_info")).optional("custom_content") or ""
    return Source(base.text("name"), "txt", CUSTOM, text.encode())


def _never_updated(base: Fields) -> UpdateRule:
    rule = read_rule(base)
    if rule.type:
        raise Refusal(4000, "only web pages can be updated automatically")
    return rule


def read_rule(fields: Fields) -> UpdateRule:
    """The `update_rule`; 4000 for an interval under 24 hours."""
    rule = Fields(fields.mapping("update_rule"))
    kind, interval = rule.number("update_type", 0, 0, 1), rule.number("update_interval", 0, 0, MANY)
    if kind and interval < SHORTEST_INTERVAL:
        raise Refusal(4000, f"update_interval has at least {SHORTEST_INTERVAL} hours")
    return UpdateRule(kind, interval)


def _created(backend: Backend, request: Request, document: StoredDocument) -> dict[str, object]:
    """As creating tells it: at work, whatever has become of it since.

    The page's sample has null for source_type and update_type, with which cozepy could create nothing.
    """
    fresh = {"status": BUSY, "char_count": 0, "slice_count": 0}
    uri = f"FileBizType.BIZ_BOT_DATASET/{document.account}_{document.id}.{document.type}"
    return {**described(backend, request, document), **fresh, "tos_uri": uri}


async def list_(backend: Backend, request: Request) -> Reply:
    """Oldest first. Every look brings the documents of the page nearer to their end."""
    body, dialect = request.body, backend.dialect
    dataset = dataset_of(backend, request, body.identity("dataset_id"))
    size = body.number("size", dialect.document_page_size, 1, MANY)
    page = body.number("page", dialect.first_document_page, 0, MANY)
    start = max(page - dialect.first_document_page, 0) * size
    documents = backend.state.page(StoredDocument, dataset.id, start, size)
    items = [described(backend, request, document) for document in documents]
    for document in documents:
        look_at(backend, document)
    return Payload(items, key="document_infos", beside={"total": backend.state.count(StoredDocument, dataset.id)})


async def update(backend: Backend, request: Request) -> Reply:
    document = document_of(backend, request, request.body.identity("document_id"))
    name = request.body.optional("document_name") or document.name
    if "update_rule" in request.body.values:
        rule = read_rule(request.body) if document.source_type == WEB_PAGE else _never_updated(request.body)
        document = replace(document, update_type=rule.type, update_interval=rule.interval)
    backend.state.save(replace(document, name=name, updated_at=backend.now))
    return Payload()


async def delete(backend: Backend, request: Request) -> Reply:
    """All or none."""
    ids = request.body.identities("document_ids", MOST_DELETED)
    for document in [document_of(backend, request, document_id) for document_id in dict.fromkeys(ids)]:
        delete_document(backend, document)
    return Payload()


def document_of(backend: Backend, request: Request, document_id: str) -> StoredDocument:
    """The caller's own document; 4200 if there is none of this id, 4101 if it is somebody else's."""
    document = backend.state.get(StoredDocument, document_id)
    if document is None:
        raise Refusal(4200, f"there is no document {document_id}")
    if document.account != request.account:
        raise Refusal(4101, f"document {document_id} belongs to another account")
    return document


def described(backend: Backend, request: Request, document: StoredDocument) -> dict[str, object]:
    """The cloud tells ids as numbers unless the request has `Agw-Js-Conv: str` (page list_knowledge_files)."""
    now = backend.clock()
    busy = document.busy(now)
    as_text = not backend.dialect.numeric_ids or request.headers.get("agw-js-conv") == "str"
    return {
        "document_id": document.id if as_text else int(document.id),
        "name": document.name,
        "type": document.type,
        "size": document.size,
        "status": document.status(now),
        "format_type": document.format_type,
        "source_type": document.source_type,
        "create_time": document.created_at,
        "update_time": document.updated_at,
        "update_type": document.update_type,
        "update_interval": document.update_interval,
        "char_count": 0 if busy else document.char_count,
        "slice_count": 0 if busy else document.slice_count,
        "hit_count": document.hit_count,
        "chunk_strategy": document.chunk_strategy,
    }


ENDPOINTS = (
    Endpoint("POST", "/open_api/knowledge/document/create", ("createDocument",), create),
    Endpoint("POST", "/open_api/knowledge/document/list", ("listDocument",), list_),
    Endpoint("POST", "/open_api/knowledge/document/update", ("updateDocument",), update),
    Endpoint("POST", "/open_api/knowledge/document/delete", ("deleteDocument",), delete),
)
