"""Values of the datasets API: datasets, documents, images, their processing, and how Coze splits and refreshes them.

API pages: create_knowledge_files, list_knowledge_files, modify_knowledge_files, list_dataset, get_dataset_progress,
get_images.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator

from coze_client.core.model import Model
from coze_client.errors import ConfigurationError

_SHORTEST_INTERVAL = 24  # hours
_TOKENS = range(100, 2001)
_READY, _FAILED = 1, 9
_BUSY = frozenset({None, 0, 4, 5})  # 0 processing; 4 and 5 are coze-studio's, for splitting again and refreshing


class Processed(Model):
    """The processing status of a document or image: ``status`` 0 busy, 1 ready, 9 failed.

    For other values (2 disabled, 3 deleted, 1000), all three properties are false.
    """

    status: int | None = None

    @property
    def ready(self) -> bool:
        """True if it is processed and can be recalled."""
        return self.status == _READY

    @property
    def failed(self) -> bool:
        """True if Coze could not process it; it must be uploaded again."""
        return self.status == _FAILED

    @property
    def busy(self) -> bool:
        """True while Coze processes it, so that the status will change."""
        return self.status in _BUSY


class ChunkStrategy(Model):
    """How Coze splits documents into slices, or captions images.

    ``chunk_type``: 0 automatic, 1 custom. ``max_tokens``: 100 to 2000. ``caption_type``: 0 Coze writes the captions of
    images, 1 you do. In responses, each field may be missing.
    """

    chunk_type: int | None = None
    separator: str | None = None
    max_tokens: int | None = None
    remove_extra_spaces: bool | None = None
    remove_urls_emails: bool | None = None
    caption_type: int | None = None

    @classmethod
    def automatic(cls) -> ChunkStrategy:
        """Coze chooses where to split."""
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
        """Split at `separator`, into slices of at most `max_tokens` (100 to 2000).

        Raises ConfigurationError for an empty separator, or for `max_tokens` outside that range.
        """
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
        """For a dataset of images, whose first upload needs it.

        `caption_type`: 0 Coze writes the captions, 1 you do with ``images.update``.
        """
        return cls(chunk_type=0, caption_type=caption_type)

    def wire(self) -> dict[str, object]:
        """Convert to the JSON that the API accepts; raises ConfigurationError for values that Coze rejects."""
        if self.chunk_type == 1 and not self.separator:
            raise ConfigurationError("separator of a custom ChunkStrategy is empty", cure="Use '\\n' to split at lines")
        if self.chunk_type == 1 and self.max_tokens not in _TOKENS:
            raise ConfigurationError(f"max_tokens of a ChunkStrategy must be 100 to 2000, not {self.max_tokens}")
        return self.model_dump(exclude_none=True)


class UpdateRule(Model):
    """Whether Coze fetches a web page again: with ``update_type`` 1, every ``update_interval`` hours (at least 24)."""

    update_type: int = 0
    update_interval: int = 0

    @classmethod
    def never(cls) -> UpdateRule:
        """Coze fetches the page only once."""
        return cls()

    @classmethod
    def every(cls, hours: int) -> UpdateRule:
        """Coze fetches the page again every `hours`; raises ConfigurationError for less than 24."""
        value = cls(update_type=1, update_interval=hours)
        value.wire()
        return value

    def wire(self) -> dict[str, object]:
        """Convert to the JSON that the API accepts; raises ConfigurationError for an interval that Coze rejects."""
        if self.update_type == 1 and self.update_interval < _SHORTEST_INTERVAL:
            cure = "Coze fetches a page at most once a day"
            raise ConfigurationError(f"update_interval must be 24 hours or more, not {self.update_interval}", cure=cure)
        return self.model_dump(exclude_none=True)


class Document(Processed):
    """A document of a dataset; times are unix seconds, ``size`` is in bytes, ``update_interval`` in hours.

    ``format_type`` 0 text, 1 table, 2 image; ``source_type`` 0 file, 1 web page, 5 uploaded image; ``type`` is the
    file extension. The server may send other values.
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
    """A dataset (knowledge base); times are unix seconds, ``all_file_size`` is in bytes.

    ``status`` 1 enabled, 3 disabled; ``format_type`` 0 text, 1 table, 2 image; the server may send other values.
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
    """The progress of processing a document: ``progress`` in percent, ``remaining_time`` in seconds, ``size`` in bytes.

    ``status_descript`` describes why it failed; ``update_interval`` is in hours.
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
    """An image of a dataset; recall searches its ``caption``. ``url`` is signed in each response and soon expires.

    Times are unix seconds, ``size`` is in bytes; ``type`` is the file extension.
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
