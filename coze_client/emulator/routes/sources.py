"""What a request wants to be made into documents (page create_knowledge_files)."""

from __future__ import annotations

import base64

from coze_client.emulator.engine.processing import RefreshRule, Source
from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.request import Fields, IncomingRequest
from coze_client.emulator.routes.datasets import MANY, uploaded
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.dataset_records import (
    CUSTOM,
    IMAGE,
    LOCAL_FILE,
    UPLOADED,
    WEB_PAGE,
    StoredDataset,
    StoredDocument,
)
from coze_client.emulator.state.records import StoredFile
from coze_client.emulator.text.chunking import MANUAL_CAPTION, SYSTEM_CAPTION

FILE_TYPES = ("pdf", "txt", "doc", "docx")
IMAGE_TYPES = frozenset({"jpg", "jpeg", "png", "gif", "webp", "heic", "heif", "bmp", "tiff"})
SHORTEST_INTERVAL = 24  # hours
WAYS = {"file_base64": LOCAL_FILE, "web_url": WEB_PAGE, "source_file_id": UPLOADED}


class SourceReader:
    """Reads document_bases for one dataset; each rule that is not kept is a 4000."""

    def __init__(self, backend: Backend, request: IncomingRequest, dataset: StoredDataset, strategy: Fields) -> None:
        self.backend, self.request, self.dataset, self.strategy = backend, request, dataset, strategy

    def read(self, bases: list[Fields]) -> list[Source]:
        if not self.backend.dialect.file_sources:
            return [_custom(base) for base in bases]
        if len({_way(base) for base in bases}) > 1:
            raise Refusal(4000, "all documents of a request come in one way: file_base64, web_url or source_file_id")
        way = _way(bases[0])
        if (way == UPLOADED) is not (self.dataset.format_type == IMAGE):
            raise Refusal(4000, "images come by source_file_id into datasets for images, and nothing else does")
        read = {LOCAL_FILE: self._file, WEB_PAGE: self._web_page, UPLOADED: self._image}[way]
        return [read(base.text("name"), base, Fields(base.mapping("source_info"))) for base in bases]

    def _file(self, name: str, base: Fields, source: Fields) -> Source:
        kind = source.choice("file_type", FILE_TYPES, "")
        try:
            content = base64.b64decode(source.text("file_base64"), validate=True)
        except ValueError as error:
            raise Refusal(4000, f"file_base64 is no base64: {error}") from None
        return Source(name, kind, LOCAL_FILE, content, rule=rule_for(LOCAL_FILE, base))

    def _web_page(self, name: str, base: Fields, source: Fields) -> Source:
        url = source.text("web_url")
        if not url.startswith(("http://", "https://")):
            raise Refusal(4000, "web_url must begin with http:// or https://")
        return Source(name, "html", WEB_PAGE, url=url, rule=rule_for(WEB_PAGE, base))

    def _image(self, name: str, base: Fields, source: Fields) -> Source:
        file = self._uploaded(source.identity("source_file_id"))
        kind = _suffix(file)
        url = f"http://127.0.0.1/FileBizType.BIZ_BOT_DATASET/{file.id}.{kind}"
        said = _system_caption(file) if self._caption_type() == SYSTEM_CAPTION else ""
        caption = base.optional("caption") or said
        return Source(name, kind, UPLOADED, url=url, size=file.bytes, caption=caption, rule=rule_for(UPLOADED, base))

    def _uploaded(self, file_id: str) -> StoredFile:
        file = uploaded(self.backend, self.request, file_id)
        if file is None:
            raise Refusal(4000, f"source_file_id {file_id} is no file of yours")
        if _suffix(file) not in IMAGE_TYPES:
            raise Refusal(4000, f"{file.file_name} is no image")
        return file

    def _caption_type(self) -> int:
        if "caption_type" not in self.strategy.values and not self.backend.state.count(StoredDocument, self.dataset.id):
            raise Refusal(4000, "caption_type is required for the first images of a dataset")
        return self.strategy.number("caption_type", SYSTEM_CAPTION, SYSTEM_CAPTION, MANUAL_CAPTION)


def _suffix(file: StoredFile) -> str:
    return file.file_name.rpartition(".")[2].lower()


def _system_caption(file: StoredFile) -> str:
    """Nobody looks at images here: only what is known without looking."""
    return f"{file.file_name}: an image of type {_suffix(file)} with {file.bytes} bytes"


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


def rule_for(way: int, fields: Fields) -> RefreshRule:
    """The `update_rule`; 4000 for an interval under 24 hours, and for what cannot be fetched again."""
    rule = Fields(fields.mapping("update_rule"))
    kind, interval = rule.number("update_type", 0, 0, 1), rule.number("update_interval", 0, 0, MANY)
    if kind and way != WEB_PAGE:
        raise Refusal(4000, "only web pages can be updated automatically")
    if kind and interval < SHORTEST_INTERVAL:
        raise Refusal(4000, f"update_interval has at least {SHORTEST_INTERVAL} hours")
    return RefreshRule(kind, interval)
