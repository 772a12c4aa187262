"""The stored records of voiceprints and their groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

FIRST_GROUP_ID = 7511990000000000001
FIRST_VOICEPRINT_ID = 7511995000000000001


@dataclass(frozen=True)
class StoredVoiceprintGroup:
    """A group of voiceprints, which the whole team sees; `account` made it. Times are Unix seconds."""

    KIND: ClassVar[str] = "VoiceprintGroup"

    id: str
    account: str
    name: str
    desc: str
    created_at: int
    updated_at: int

    @property
    def owner(self) -> str:
        return self.account


@dataclass(frozen=True)
class StoredVoiceprint:
    """A voiceprint of a group; `sound` is the Base64 text of the sound that it was made of."""

    KIND: ClassVar[str] = "Voiceprint"

    id: str
    group_id: str
    account: str
    name: str
    desc: str
    sound: str
    created_at: int
    updated_at: int

    @property
    def owner(self) -> str:
        return self.group_id
