"""A parsed request; its fields are validated strictly, as the cloud does, and an invalid one is error 4000."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from coze_client.emulator.protocol.api_error import ApiError

MANY = 2**31
"""The limit of numbers that Coze limits in no way."""


class Fields:
    """The JSON fields of a body, a part of a body or a query; `null` counts as absent."""

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        self.values = {name: value for name, value in (values or {}).items() if value is not None}

    def optional(self, name: str) -> str | None:
        """Return a string; None if it is absent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise ApiError(4000, f"{name} must be a string")
        return value

    def text(self, name: str) -> str:
        """Return a string; 4000 if it is absent or empty."""
        value = self.optional(name)
        if not value:
            raise ApiError(4000, f"{name} is required")
        return value

    def numeric_id(self, name: str) -> str:
        """Return an id, which some clients send as a number; 4000 if it is absent or has anything but digits."""
        return _numeric_id(name, self.values.get(name))

    def numeric_ids(self, name: str, most: int) -> list[str]:
        """Return a list of 1 to `most` ids."""
        value = self.values.get(name)
        if not isinstance(value, list) or not 1 <= len(value) <= most:
            raise ApiError(4000, f"{name} must be a list of 1 to {most} ids")
        return [_numeric_id(name, each) for each in value]

    def integers(self, name: str) -> list[str]:
        """Return a list of 64-bit numbers as ids; a string is no number, also one of digits."""
        value = self.values.get(name)
        if not isinstance(value, list):
            raise ApiError(4000, f"{name} must be a list of numbers")
        for each in value:
            if type(each) is not int or not -(2**63) <= each < 2**63:
                raise ApiError(4000, f"Mismatch type int64 with value {type(each).__name__} {each!r} in {name}")
        return [str(each) for each in value]

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        """Return one of the allowed strings; an empty one counts as absent."""
        value = self.optional(name) or default
        if value not in allowed:
            raise ApiError(4000, f"{name} must be one of {', '.join(sorted(allowed))}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a boolean."""
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise ApiError(4000, f"{name} must be true or false")
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return an integer between `low` and `high`; it may be given as a string of digits, as in a query."""
        value = self.values.get(name, default)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise ApiError(4000, f"{name} must be a number from {low} to {high}")
        return value

    def decimal(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number between `low` and `high`."""
        value = self.values.get(name, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise ApiError(4000, f"{name} must be a number from {low:g} to {high:g}")
        return float(value)

    def limited(self, name: str, most: int, *, unit: Literal["characters", "bytes"] = "characters") -> str | None:
        """Return a string of at most `most` characters, or bytes in UTF-8; None if it is absent."""
        value = self.optional(name)
        if value is not None and len(value if unit == "characters" else value.encode()) > most:
            raise ApiError(4000, f"{name} has more than {most} {unit}")
        return value

    def page(self, default: int, largest: int, number: str = "page_num") -> slice:
        """Return the part of a list that the page `number`, counted from 1, and `page_size` name."""
        page, size = self.number(number, 1, 1, MANY), self.number("page_size", default, 1, largest)
        return slice((page - 1) * size, page * size)

    def mapping(self, name: str) -> dict[str, object]:
        """Return an object; empty if it is absent."""
        value = self.values.get(name, {})
        if not isinstance(value, dict):
            raise ApiError(4000, f"{name} must be an object")
        return value

    def pairs(self, name: str) -> dict[str, str]:
        """Return an object whose values are all strings; empty if it is absent."""
        pairs = self.mapping(name)
        if not all(isinstance(value, str) for value in pairs.values()):
            raise ApiError(4000, f"every value of {name} must be a string")
        return {key: str(value) for key, value in pairs.items()}

    def meta_data(self, *, limited: bool = True) -> dict[str, str]:
        """Return `meta_data`; 4003 if it exceeds a limit, unless nothing is `limited`."""
        pairs = self.pairs("meta_data")
        if not limited:
            return pairs
        if len(pairs) > 16 or not all(1 <= len(k) <= 64 and 1 <= len(v) <= 512 for k, v in pairs.items()):
            raise ApiError(4003)
        return pairs

    def texts(self, name: str) -> list[str]:
        """Return a list of strings; empty if it is absent."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ApiError(4000, f"{name} must be a list of strings")
        return value

    def objects(self, name: str) -> list[Fields]:
        """Return a list of objects; empty if it is absent."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ApiError(4000, f"{name} must be a list of objects")
        return [Fields(item) for item in value]


def _numeric_id(name: str, value: object) -> str:
    digits = str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]+", digits):
        raise ApiError(4000, f"{name} must be an id of decimal digits")
    return digits


@dataclass(frozen=True)
class UploadedPart:
    """One file of a multipart body: its size in bytes, the name of the part, and the content of up to 10 MB."""

    file_name: str
    size: int
    part: str = "file"
    content: bytes = field(default=b"", repr=False)


class Caller(NamedTuple):
    """The owner of a request's token: an account, and perhaps one of its sessions.

    `bots` are the ids that the token may use; None means all.
    """

    account: str = ""
    session: str = ""
    bots: frozenset[str] | None = None


ANONYMOUS = Caller()


@dataclass(frozen=True)
class IncomingRequest:
    """A request: `body` has the fields of a JSON body, `form` the texts of an HTML form, `uploads` the uploaded files.

    `values` are the parameters of the path. `size` is the length of a JSON body in bytes.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    query: Fields = field(default_factory=Fields)
    body: Fields = field(default_factory=Fields)
    uploads: tuple[UploadedPart, ...] = ()
    form: Fields = field(default_factory=Fields)
    caller: Caller = ANONYMOUS
    size: int = 0

    @property
    def account(self) -> str:
        return self.caller.account

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").partition("Bearer")[2].strip()
