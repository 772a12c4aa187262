"""Values of the files API: an uploaded file, and the types that an upload accepts."""

from __future__ import annotations

from os import PathLike
from typing import IO

from pydantic import AliasChoices, Field

from coze_client.core.model import Model

Source = str | PathLike[str] | bytes | IO[bytes]
"""A path, the content itself, or a file opened in binary mode."""


class File(Model):
    """An uploaded file; ``bytes`` is its size, ``created_at`` is in unix seconds.

    Only coze-studio returns ``url`` and ``uri``.
    """

    id: str = ""
    bytes: int | None = None
    file_name: str = ""
    created_at: int | None = Field(default=None, validation_alias=AliasChoices("created_at", "CreatedAt"))
    url: str = ""
    uri: str = ""
