"""Read the sources of new documents from a request (page create_knowledge_files)."""

from __future__ import annotations

import base64

from coze_client.emulator.engine.document_processing import DocumentSource, RefreshRule
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.request import MANY, Fields, IncomingRequest
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
from coze_client.emulator.state.file_records import StoredFile, uploaded_file
from coze_client.emulator.text.chunking import MANUAL_CAPTION, SYSTEM_CAPTION

FILE_TYPES = ("pdf", "txt", "doc", "docx")
IMAGE_TYPES = frozenset({"jpg", "jpeg", "png", "gif", "webp", "heic", "heif", "bmp", "tiff"})
SHORTEST_INTERVAL = 24  # hours
SOURCE_TYPES = {"file_base64": LOCAL_FILE, "web_url": WEB_PAGE, "source_file_id": UPLOADED}


class SourceReader:
    """Reads document_bases for one dataset; 4000 for an invalid one."""

    def __init__(self, backend: Backend, request: IncomingRequest, dataset: StoredDataset, strategy: Fields) -> None:
        self.backend, self.request, self.dataset, self.strategy = backend, request, dataset, strategy

    def read(self, bases: list[Fields]) -> list[DocumentSource]:
        """Read all sources of a request, which must have the same type."""
        if not self.backend.dialect.file_sources:
            return [_custom(base) for base in bases]
        if len({_source_type(base) for base in bases}) > 1:
            raise ApiError(
                4000, "all documents of a request must have the same source: file_base64, web_url or source_file_id"
            )
        source_type = _source_type(bases[0])
        if (source_type == UPLOADED) is not (self.dataset.format_type == IMAGE):
            raise ApiError(4000, "only image datasets take source_file_id, and they take nothing else")
        read = {LOCAL_FILE: self._file, WEB_PAGE: self._web_page, UPLOADED: self._image}[source_type]
        return [read(base.text("name"), base, Fields(base.mapping("source_info"))) for base in bases]

    def _file(self, name: str, base: Fields, source: Fields) -> DocumentSource:
        kind = source.choice("file_type", FILE_TYPES, "")
        try:
            content = base64.b64decode(source.text("file_base64"), validate=True)
        except ValueError as error:
            raise ApiError(4000, f"file_base64 is not valid base64: {error}") from None
        return DocumentSource(name, kind, LOCAL_FILE, content, rule=refresh_rule(LOCAL_FILE, base))

    def _web_page(self, name: str, base: Fields, source: Fields) -> DocumentSource:
        url = source.text("web_url")
        if not url.startswith(("http://", "https://")):
            raise ApiError(4000, "web_url must begin with http:// or https://")
        return DocumentSource(name, "html", WEB_PAGE, url=url, rule=refresh_rule(WEB_PAGE, base))

    def _image(self, name: str, base: Fields, source: Fields) -> DocumentSource:
        file = self._uploaded(source.numeric_id("source_file_id"))
        kind = _suffix(file)
        url = f"http://127.0.0.1/FileBizType.BIZ_BOT_DATASET/{file.id}.{kind}"
        default = _system_caption(file) if self._caption_type() == SYSTEM_CAPTION else ""
        caption = base.optional("caption") or default
        return DocumentSource(
            name, kind, UPLOADED, url=url, size=file.bytes, caption=caption, rule=refresh_rule(UPLOADED, base)
        )

    def _uploaded(self, file_id: str) -> StoredFile:
        file = uploaded_file(self.backend.state, self.request.account, file_id)
        if file is None:
            raise ApiError(4000, f"source_file_id {file_id} is not one of your files")
        if _suffix(file) not in IMAGE_TYPES:
            raise ApiError(4000, f"{file.file_name} is not an image")
        return file

    def _caption_type(self) -> int:
        if "caption_type" not in self.strategy.values and not self.backend.state.count(StoredDocument, self.dataset.id):
            raise ApiError(4000, "caption_type is required for the first images of a dataset")
        return self.strategy.number("caption_type", SYSTEM_CAPTION, SYSTEM_CAPTION, MANUAL_CAPTION)


def _suffix(file: StoredFile) -> str:
    return file.file_name.rpartition(".")[2].lower()


def _system_caption(file: StoredFile) -> str:
    """Describe an image without its content, which the emulator does not look at."""
    return f"{file.file_name}: an image of type {_suffix(file)} with {file.bytes} bytes"


def _source_type(base: Fields) -> int:
    """Return the source type; 4000 unless there is exactly one source, and document_source agrees with it."""
    source = Fields(base.mapping("source_info"))
    types = [number for name, number in SOURCE_TYPES.items() if name in source.values]
    if len(types) != 1:
        raise ApiError(4000, f"source_info needs one of {', '.join(SOURCE_TYPES)}")
    if source.number("document_source", LOCAL_FILE, 0, MANY) != types[0]:
        raise ApiError(4000, f"document_source must be {types[0]} for this source_info")
    return types[0]


def _custom(base: Fields) -> DocumentSource:
    """Read a source as the studio does, which uses only custom_content."""
    text = Fields(base.mapping("source_info")).optional("custom_content") or ""
    return DocumentSource(base.text("name"), "txt", CUSTOM, text.encode())


def refresh_rule(source_type: int, fields: Fields) -> RefreshRule:
    """Read `update_rule`; 4000 for an interval under 24 hours, or for a source that is not a web page."""
    rule = Fields(fields.mapping("update_rule"))
    kind, interval = rule.number("update_type", 0, 0, 1), rule.number("update_interval", 0, 0, MANY)
    if kind and source_type != WEB_PAGE:
        raise ApiError(4000, "only web pages can be updated automatically")
    if kind and interval < SHORTEST_INTERVAL:
        raise ApiError(4000, f"update_interval must be at least {SHORTEST_INTERVAL} hours")
    return RefreshRule(kind, interval)
