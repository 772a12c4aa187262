"""The stored records of sound: voices of accounts, and what the emulator has spoken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class StoredVoice:
    """A voice that an account trained; times are Unix seconds."""

    KIND: ClassVar[str] = "Voice"

    id: str
    account: str
    name: str
    language: str
    preview_text: str
    trainings_left: int
    created_at: int
    updated_at: int

    @property
    def owner(self) -> str:
        return self.account


@dataclass(frozen=True)
class StoredSpeech:
    """The text of a sound that the emulator made; `id` is the SHA-256 of its bytes."""

    KIND: ClassVar[str] = "Speech"

    id: str
    text: str

    @property
    def owner(self) -> str:
        return ""
