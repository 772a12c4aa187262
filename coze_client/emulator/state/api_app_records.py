"""The stored record of a callback app."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

FIRST_API_APP_ID = 7521950000000000001


@dataclass(frozen=True)
class StoredApiApp:
    """A callback app of an account, and the types of the events that it shall get."""

    KIND: ClassVar[str] = "ApiApp"

    id: str
    account: str
    app_type: str
    verify_token: str
    name: str = ""
    connector_id: str = ""
    callback_url: str = ""
    event_types: list[str] = field(default_factory=list)

    @property
    def owner(self) -> str:
        return self.account
