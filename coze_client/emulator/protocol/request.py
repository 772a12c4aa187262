"""A request as the handlers see it: its fields read strictly, as the cloud does, each surprise a 4000."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from coze_client.emulator.protocol.refusal import Refusal


class Fields:
    """Named JSON values of a body, a query or a part of a body. `null` counts as absent."""

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self.values = {name: value for name, value in (values or {}).items() if value is not None}

    def optional(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise Refusal(4000, f"{name} must be a string")
        return value

    def text(self, name: str) -> str:
        value = self.optional(name)
        if not value:
            raise Refusal(4000, f"{name} is required")
        return value

    def identity(self, name: str) -> str:
        """An id, which some clients send as a number; 4000 if it is missing or has anything but digits."""
        return _identity(name, self.values.get(name))

    def identities(self, name: str, most: int) -> list[str]:
        """One id to `most` of them."""
        value = self.values.get(name)
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            raise Refusal(4000, f"{name} must be a list of 1 to {most} ids")
        return [_identity(name, each) for each in value]

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        value = self.optional(name) or default
        if value not in allowed:
            raise Refusal(4000, f"{name} must be one of {', '.join(sorted(allowed))}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise Refusal(4000, f"{name} must be true or false")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """An integer, or its digits as a query spells it."""
        value = self.values.get(name, default)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise Refusal(4000, f"{name} must be a number from {low} to {high}")
        return value

    def mapping(self, name: str) -> dict[str, object]:
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            raise Refusal(4000, f"{name} must be an object")
        return value

    def pairs(self, name: str) -> dict[str, str]:
        """An object whose values are all strings."""
        pairs = self.mapping(name)
        if not all(isinstance(value, str) for value in pairs.values()):
            raise Refusal(4000, f"every value of {name} must be a string")
        return {key: str(value) for key, value in pairs.items()}

    def meta_data(self) -> dict[str, str]:
        pairs = self.pairs("meta_data")
        if len(pairs) > 16 or not all(1 <= len(k) <= 64 and 1 <= len(v) <= 512 for k, v in pairs.items()):
            raise Refusal(4003)
        return pairs

    def texts(self, name: str) -> list[str]:
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refusal(4000, f"{name} must be a list of strings")
        return value

    def objects(self, name: str) -> list[Fields]:
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise Refusal(4000, f"{name} must be a list of objects")
        return [Fields(item) for item in value]


def _identity(name: str, value: object) -> str:
    digits = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]+", digits):
        raise Refusal(4000, f"{name} must be an id of decimal digits")
    return digits


@dataclass(frozen=True)
class UploadedPart:
    """One file part of a multipart body; its bytes are counted, not kept."""

    file_name: str
    size: int


class Caller(NamedTuple):
    """Whose token a request carries: an account, perhaps one session of it, perhaps for some `bots` only."""

    account: str = ""
    session: str = ""
    bots: frozenset[str] | None = None


NOBODY = Caller()


@dataclass(frozen=True)
class IncomingRequest:
    """`body` holds the fields of JSON, `form` those of an HTML form, `uploads` the files of a multipart body.

    `size` is how many bytes the body has that is JSON.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    query: Fields = field(default_factory=Fields)
    body: Fields = field(default_factory=Fields)
    uploads: tuple[UploadedPart, ...] = ()
    form: Fields = field(default_factory=Fields)
    caller: Caller = NOBODY
    size: int = 0

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").partition("Bearer")[2].strip()
