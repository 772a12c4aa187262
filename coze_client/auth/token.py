"""A token as OAuth gives it, and how long it is good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Literal

Freshness = Literal["fresh", "stale", "expired"]

_MOMENTS_BEGIN = 1_000_000_000  # `expires_in` is a moment in unix seconds, but in some answers a duration
_USUAL_SECONDS = 900.0


@dataclass(frozen=True)
class Token:
    """An access token with its times (unix seconds by this machine's clock), and what renews it, if anything does."""

    access_token: str = field(repr=False)
    issued_at: float
    expires_at: float
    refresh_token: str | None = field(default=None, repr=False)

    @classmethod
    def read(cls, answer: Mapping[str, object], *, now: float, skew: float = 0.0, before: Token | None = None) -> Token:
        """From a token answer; `skew` is by how much the server's clock is ahead of this one.

        An answer without a refresh token leaves the one of `before` in force, one without a lifetime means the usual
        15 minutes (API page: oauth_code). Raises ValueError for a lifetime that is no number.
        """
        told = _finite(answer.get("expires_in") or _USUAL_SECONDS)
        expires_at = told - skew if told >= _MOMENTS_BEGIN else now + told
        refresh = answer.get("refresh_token") or (before.refresh_token if before else None)
        return cls(str(answer.get("access_token") or ""), now, expires_at, str(refresh) if refresh else None)

    @classmethod
    def load(cls, stored: Mapping[str, object]) -> Token:
        """From what ``dump`` gave; raises ValueError or TypeError if it is something else."""
        refresh = stored.get("refresh_token")
        return cls(
            str(stored["access_token"]),
            _finite(stored["issued_at"]),
            _finite(stored["expires_at"]),
            str(refresh) if refresh else None,
        )

    def dump(self) -> dict[str, object]:
        """The token as JSON-able values; secret."""
        return asdict(self)

    def replaces(self, other: Token | None) -> bool:
        """True if it is another token than `other`."""
        return other is None or other.access_token != self.access_token

    def freshness(self, now: float) -> Freshness:
        """Fresh: use it. Stale: use it, and let somebody renew it. Expired: it must be renewed first.

        It counts as expired a thirtieth of its life (30 s at most) before it is, so that no request arrives too late,
        and as stale for the third (5 min at most) before that.
        """
        life = max(self.expires_at - self.issued_at, 0.0)
        left = self.expires_at - now
        if left <= min(30.0, life / 30):
            return "expired"
        return "stale" if left <= min(300.0, life / 3) else "fresh"


def _finite(value: object) -> float:
    number = float(str(value))
    if not isfinite(number):
        raise ValueError("not a finite number")
    return number
