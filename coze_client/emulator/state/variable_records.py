"""The stored records of the variables of end users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class StoredVariable:
    """A value that was set; `owner` names the account, the bot or app, the channel and the end user."""

    KIND: ClassVar[str] = "Variable"

    id: str
    owner: str
    keyword: str
    value: str
    created_at: int
    updated_at: int
