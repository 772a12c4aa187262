"""A document on its way into a dataset, in one of the ways in which Coze takes it. API page: create_knowledge_files."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePath

from coze_client.api.datasets.values import UpdateRule
from coze_client.api.files.values import Source
from coze_client.core.request import fields
from coze_client.errors import ConfigurationError

FILE_TYPES = ("pdf", "txt", "doc", "docx")
LOCAL, WEB, CUSTOM, UPLOADED = 0, 1, 2, 5


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
        name = name or _file_name(file)
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
        return cls(validate_name(name), {"file_base64": b64encode(text.encode()).decode(), "file_type": "txt"})

    @classmethod
    def from_url(cls, url: str, name: str, update_rule: UpdateRule | None = None) -> DocumentBase:
        """A web page, which Coze fetches; by `update_rule` again and again (default: once)."""
        if not url.startswith(("http://", "https://")):
            raise ConfigurationError(f"url of a web page begins with http:// or https://, not as in {url!r}")
        return cls(validate_name(name), {"web_url": url, "document_source": WEB}, update_rule)

    @classmethod
    def from_image(cls, file_id: str, name: str, caption: str | None = None) -> DocumentBase:
        """An image for a dataset of images, by the id that ``files.upload`` gave it."""
        source: dict[str, str | int] = {"source_file_id": file_id, "document_source": UPLOADED}
        return cls(validate_name(name), source, caption=caption)

    @classmethod
    def from_custom_text(cls, text: str, name: str) -> DocumentBase:
        """Text for coze-studio, which takes no files, pages and images by the API; other servers refuse it."""
        return cls(validate_name(name), {"custom_content": text, "document_source": CUSTOM})

    @property
    def size(self) -> int:
        """Bytes that it takes in the body of a request, base64 counted in."""
        encoded = str(self.source.get("file_base64", ""))
        rest = {**self.source, "file_base64": ""} if encoded else self.source
        return len(encoded) + json_length({**self.wire(), "source_info": rest})

    @property
    def way(self) -> int:
        """How it gets there: 0 in the request, 1 as a web page, 2 as text of the studio, 5 as an uploaded image."""
        return int(self.source.get("document_source", LOCAL))

    def wire(self) -> dict[str, object]:
        """As it is sent; raises ConfigurationError for an update rule that Coze refuses."""
        rule = self.update_rule.wire() if self.update_rule else None
        return fields(name=self.name, source_info=self.source, update_rule=rule, caption=self.caption)


def validate_name(name: str) -> str:
    """The same; raises ConfigurationError if there is none."""
    if not name.strip():
        raise ConfigurationError("name of a document is empty, which Coze refuses")
    return name


def json_length(value: object) -> int:
    """Bytes of a value in the body of a request."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def _file_name(file: Source) -> str:
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
