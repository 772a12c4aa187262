"""Values of the files API: an uploaded file, and the forms in which a file may be given."""

from __future__ import annotations

from os import PathLike
from typing import IO

from pydantic import AliasChoices, Field

from coze_client.core.model import Model

Source = str | PathLike[str] | bytes | IO[bytes]
"""A path, the content itself, or a file opened for reading bytes."""


class File(Model):
    """An uploaded file; ``bytes`` is its size, ``created_at`` unix seconds. ``url`` and ``uri`` only on coze-studio."""

    id: str = ""
    bytes: int | None = None
    file_name: str = ""
    created_at: int | None = Field(default=None, validation_alias=AliasChoices("created_at", "CreatedAt"))
    url: str = ""
    uri: str = ""
