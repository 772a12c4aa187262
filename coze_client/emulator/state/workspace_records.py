"""The stored records of workspaces, and of those who joined, were invited or left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class StoredWorkspace:
    """A workspace; `account` owns it."""

    KIND: ClassVar[str] = "Workspace"

    id: str
    account: str
    name: str
    description: str

    @property
    def owner(self) -> str:
        return self.account


@dataclass(frozen=True)
class StoredMember:
    """A user and a workspace; `id` has the ids of both."""

    KIND: ClassVar[str] = "Member"

    id: str
    workspace_id: str
    user_id: str
    role_type: str
    status: Literal["joined", "invited", "left"]

    @property
    def owner(self) -> str:
        return self.workspace_id
