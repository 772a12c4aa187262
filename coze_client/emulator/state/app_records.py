"""The stored records of apps, of folders, and of who may change what another account owns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from coze_client.emulator.state.storage import Storage

FIRST_APP_ID = 7500000000000000001
FIRST_FOLDER_ID = 7501000000000000001


@dataclass(frozen=True)
class StoredApp:
    """An app; `channels` maps the connector ids in which it is online to the time of publishing, in Unix seconds.

    `changed` is true if its draft is newer than what is online.
    """

    KIND: ClassVar[str] = "App"

    id: str
    account: str
    workspace_id: str
    name: str
    description: str
    folder_id: str
    updated_at: int
    channels: dict[str, int] = field(default_factory=dict)
    changed: bool = False

    @property
    def owner(self) -> str:
        return self.workspace_id


@dataclass(frozen=True)
class StoredFolder:
    """A folder of a workspace; `parent_folder_id` is empty at the root."""

    KIND: ClassVar[str] = "Folder"

    id: str
    account: str
    workspace_id: str
    name: str
    description: str
    parent_folder_id: str
    folder_type: Literal["development", "library"] = "development"

    @property
    def owner(self) -> str:
        return self.workspace_id


@dataclass(frozen=True)
class StoredCollaboration:
    """Who may change a bot, an app or a workflow beside its owner; `id` is that of the bot, app or workflow."""

    KIND: ClassVar[str] = "Collaboration"

    id: str
    mode: str = "single"
    users: list[str] = field(default_factory=list)

    @property
    def owner(self) -> str:
        return ""


def collaboration_of(state: Storage, entity_id: str) -> StoredCollaboration:
    """Return who may change a bot, an app or a workflow beside its owner."""
    return state.get(StoredCollaboration, entity_id) or StoredCollaboration(entity_id)


def may_change(state: Storage, entity_id: str, owner: str, account: str) -> bool:
    """Whether an account owns a bot, an app or a workflow, or is its collaborator."""
    return account == owner or account in collaboration_of(state, entity_id).users
