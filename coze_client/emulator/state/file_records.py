"""The stored records of uploaded files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from coze_client.emulator.protocol.dialect import Dialect
from coze_client.emulator.state.storage import Storage


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


def uploaded_file(state: Storage, account: str, file_id: str) -> StoredFile | None:
    """Return a file that the account uploaded; None if there is none."""
    file = state.get(StoredFile, file_id)
    return file if file is not None and file.account == account else None


def uploaded_file_name(state: Storage, account: str, file_id: str) -> str | None:
    """Return the name of a file that the account uploaded; None if there is none."""
    file = uploaded_file(state, account, file_id)
    return file.file_name if file is not None else None
