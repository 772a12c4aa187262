"""The stored records of enterprises and of the reviews of bots by their channel."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class StoredEnterprise:
    """An enterprise; `account` is its super admin, `members` has the role of each other member by the user id."""

    KIND: ClassVar[str] = "Enterprise"

    id: str
    account: str
    members: dict[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return self.account

    @property
    def admins(self) -> list[str]:
        """The super admin and the admins."""
        return [self.account, *(user for user, role in self.members.items() if role == "enterprise_admin")]


@dataclass(frozen=True)
class StoredReview:
    """What a channel said about the bot with this id: 1 pending, 2 passed, 3 rejected."""

    KIND: ClassVar[str] = "Review"

    id: str
    status: int
    reason: str

    @property
    def owner(self) -> str:
        return ""
