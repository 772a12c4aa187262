"""An OAuth token and its lifetime."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Literal

Freshness = Literal["fresh", "stale", "expired"]

_SMALLEST_TIMESTAMP = 1_000_000_000  # `expires_in` is a unix time in some responses, and a duration in others
_DEFAULT_LIFETIME = 900.0


@dataclass(frozen=True)
class Token:
    """An access token, its times (unix seconds by this machine's clock), and its refresh token, if it has one."""

    access_token: str = field(repr=False)
    issued_at: float
    expires_at: float
    refresh_token: str | None = field(default=None, repr=False)

    @classmethod
    def read(
        cls, response: Mapping[str, object], *, now: float, skew: float = 0.0, before: Token | None = None
    ) -> Token:
        """Convert the JSON object of a token response.

        `skew`: seconds by which the server's clock is ahead of this machine's. Without a refresh token in the response,
        the one of `before` stays valid. Without a lifetime, it is 15 minutes (API page: oauth_code). Raises ValueError
        for a lifetime that is not a number.
        """
        expires = _finite(response.get("expires_in") or _DEFAULT_LIFETIME)
        expires_at = expires - skew if expires >= _SMALLEST_TIMESTAMP else now + expires
        refresh = response.get("refresh_token") or (before.refresh_token if before else None)
        return cls(str(response.get("access_token") or ""), now, expires_at, str(refresh) if refresh else None)

    @classmethod
    def load(cls, stored: Mapping[str, object]) -> Token:
        """Convert the result of ``dump``; raises KeyError, ValueError or TypeError for anything else."""
        refresh = stored.get("refresh_token")
        return cls(
            str(stored["access_token"]),
            _finite(stored["issued_at"]),
            _finite(stored["expires_at"]),
            str(refresh) if refresh else None,
        )

    def dump(self) -> dict[str, object]:
        """The token as values for JSON. Keep them secret."""
        return asdict(self)

    def replaces(self, other: Token | None) -> bool:
        """True if it is a different token from `other`."""
        return other is None or other.access_token != self.access_token

    def freshness(self, now: float) -> Freshness:
        """How usable the token is. Fresh: use it. Stale: use it, and renew it. Expired: renew it first.

        It counts as expired when a thirtieth of its lifetime is left (at most 30 s), so that no request arrives too
        late. It counts as stale when a third is left (at most 5 min).
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
