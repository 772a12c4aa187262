"""The stored record of an uploaded file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from coze_client.emulator.protocol.dialect import Dialect


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file; only its name and its size in bytes are kept."""

    KIND: ClassVar[str] = "File"

    id: str
    account: str
    file_name: str
    bytes: int
    created_at: int

    @property
    def owner(self) -> str:
        return self.account

    def describe(self, dialect: Dialect) -> dict[str, object]:
        file: dict[str, object] = {"id": self.id, "bytes": self.bytes, "file_name": self.file_name}
        if dialect.has_logid:
            return {**file, "created_at": self.created_at}
        uri = f"bot_files/{self.id}/{self.file_name}"
        return {**file, "CreatedAt": self.created_at, "uri": uri, "url": f"http://127.0.0.1/{uri}"}
