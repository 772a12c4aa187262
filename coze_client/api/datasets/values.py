"""A document of a dataset: how Coze keeps it, cuts it, and fetches it again.

API pages: create_knowledge_files, list_knowledge_files, modify_knowledge_files.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from coze_client.core.model import Model
from coze_client.errors import ConfigurationError

_SHORTEST_INTERVAL = 24  # hours
_TOKENS = range(100, 2001)
_READY, _FAILED = 1, 9
_BUSY = frozenset({None, 0, 4, 5})  # processing; cut anew and refreshed by coze-studio


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
        value = cls(
            chunk_type=1,
            separator=separator,
            max_tokens=max_tokens,
            remove_extra_spaces=remove_extra_spaces,
            remove_urls_emails=remove_urls_emails,
        )
        value.wire()
        return value

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
        value = cls(update_type=1, update_interval=hours)
        value.wire()
        return value

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


def _empty_if_null(value: object) -> object:
    return () if value is None else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_empty_if_null)]


class Dataset(Model):
    """A knowledge base; times are unix seconds, ``all_file_size`` bytes.

    ``status`` 1 enabled, 3 disabled; ``format_type`` 0 text, 1 table, 2 image; all enums are open.
    """

    dataset_id: str = ""
    name: str = ""
    description: str = ""
    space_id: str = ""
    status: int | None = None
    format_type: int | None = None
    can_edit: bool | None = None
    icon_uri: str = ""
    icon_url: str = ""
    doc_count: int | None = None
    slice_count: int | None = None
    hit_count: int | None = None
    bot_used_count: int | None = None
    all_file_size: int | None = None
    file_list: Texts = ()
    failed_file_list: Texts = ()
    processing_file_list: Texts = ()
    processing_file_id_list: Texts = ()
    chunk_strategy: ChunkStrategy | None = None
    creator_id: str = ""
    creator_name: str = ""
    avatar_url: str = ""
    create_time: int | None = None
    update_time: int | None = None
    dataset_type: int | None = None


class DocumentProgress(Processed):
    """How far Coze is with a document: ``progress`` in percent, ``remaining_time`` seconds, ``size`` bytes.

    ``status_descript`` tells why it failed.
    """

    document_id: str = ""
    document_name: str = ""
    type: str = ""
    size: int | None = None
    url: str = ""
    progress: int | None = None
    remaining_time: int | None = None
    status_descript: str = ""
    update_type: int | None = None
    update_interval: int | None = None


def _blank_if_null(value: object) -> object:
    return "" if value is None else value


class Image(Processed):
    """An image; ``caption`` is what recall searches, ``url`` is signed anew with every answer and soon expires.

    Times are unix seconds, ``size`` bytes; ``type`` is the extension.
    """

    document_id: str = ""
    name: str = ""
    url: str = ""
    caption: Annotated[str, BeforeValidator(_blank_if_null)] = ""
    type: str = ""
    size: int | None = None
    creator_id: str = ""
    source_type: int | None = None
    format_type: int | None = None
    create_time: int | None = None
    update_time: int | None = None
    char_count: int | None = None
    slice_count: int | None = None
    hit_count: int | None = None
    chunk_strategy: ChunkStrategy | None = None
