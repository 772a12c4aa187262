"""The envelope that Coze puts around every answer, read into a value or an error.

Neither ``code == 0`` nor the HTTP status alone says that a call went well (transport facts of the API: section 3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isnan
from time import time
from typing import Generic, NamedTuple, NoReturn, TypeVar, cast

from pydantic import ConfigDict, ValidationError

from coze_client.core.error_codes import error_for, oauth_error_for
from coze_client.core.model import Model, convert, excerpt, json_validator, parse_json
from coze_client.errors import APIError, CozeError, ProtocolError

T = TypeVar("T")

# coze-studio puts some payloads under names of its own.
_ALIASES = ("data", "ChatV3ChatDetail", "Messages", "ConversationData", "message")
_LONGEST_WAIT = 60.0
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class RawResponse(NamedTuple):
    """What came over the wire: status, headers (names in lower case) and the whole body."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def logid(self) -> str | None:
        """The log id of the header ``x-tt-logid``."""
        return self.headers.get("x-tt-logid") or None


@dataclass(frozen=True)
class Response(Generic[T]):
    """A successful call's value, with the HTTP status, headers and log id it came with."""

    value: T
    status: int
    headers: Mapping[str, str]
    logid: str | None


@dataclass(frozen=True)
class Payload(Generic[T]):
    """Reads an answer as `kind`, from its envelope's `key`; raises the error that the answer tells of."""

    kind: type[T]
    key: str = "data"

    def __call__(self, answer: RawResponse) -> T:
        return convert(self.kind, self.extract(read_envelope(answer)))

    def extract(self, envelope: Mapping[str, object]) -> object:
        """The payload of a checked envelope; ``null`` and absent are an empty list or object."""
        for key in (self.key, *_ALIASES):
            found = envelope.get(key)
            if found is not None and not (key == "message" and isinstance(found, str)):  # "success", said twice
                return found
        return [] if getattr(self.kind, "__origin__", None) in (list, tuple) else {}


class Envelope(Model):
    """What every answer has around its payload; the listings' own add theirs."""

    model_config = ConfigDict(cache_strings="keys")  # names and ids differ: looking for each costs a tenth of the time

    code: int | None = None


E = TypeVar("E", bound=Envelope)


def read_with_envelope(kind: type[E], answer: RawResponse) -> E:
    """An answer with its envelope, straight from its bytes to models; raises the error that it tells of.

    What does not fit at once is looked at as any other answer is.
    """
    found: E | None
    try:
        found = json_validator(kind)(answer.content)
    except ValidationError:
        found = None
    if found is not None and found.code == 0 and answer.status < 300:
        return found
    return convert(kind, read_envelope(answer))


def read_nothing(answer: RawResponse) -> None:
    """For calls whose success has no payload."""
    read_envelope(answer)


def read_envelope(answer: RawResponse) -> Mapping[str, object]:
    """The JSON object of an answer that tells of no error; else the error, with code, logid and cure."""
    body = _object(answer)
    if error := _failure(answer, body):
        raise error
    return body


def raise_error_in(body: bytes) -> NoReturn:
    """Raises what a body says that stands where a stream was asked for."""
    read_envelope(RawResponse(200, {}, body))
    raise ProtocolError(f"The server answered a stream request with {excerpt(body)}")


def is_stream(answer: RawResponse) -> bool:
    """True if the answer is a stream of events and not a refusal."""
    return answer.status < 300 and answer.headers.get("content-type", "").lower().startswith("text/event-stream")


def _object(answer: RawResponse) -> Mapping[str, object]:
    try:
        body = parse_json(answer.content)
    except ProtocolError:
        body = None
    if isinstance(body, dict):
        return cast("Mapping[str, object]", body)
    raise _not_json(answer)


def _not_json(answer: RawResponse) -> CozeError:
    said = excerpt(answer.content) if answer.content.strip() else "an empty body"
    logid, wait = answer.logid, retry_after(answer)
    if answer.status >= 400:
        return error_for(None, f"The server answered with {said}", status=answer.status, logid=logid, retry_after=wait)
    return ProtocolError(
        f"The server answered with {said} where JSON is due",
        status=answer.status,
        logid=logid,
        cure="Check base_url: a web page or a proxy may stand at that address",
    )


def _failure(answer: RawResponse, body: Mapping[str, object]) -> CozeError | None:
    error = _refusal(answer, body)
    if error is not None:
        error.debug_url = _text(body, "debug_url")
    return error


def _refusal(answer: RawResponse, body: Mapping[str, object]) -> CozeError | None:
    code = parse_code(body.get("code"))
    told = _text(body, "msg", "message", "error_message", "error_description")
    logid, wait = find_logid(body) or answer.logid, retry_after(answer)
    if code not in (None, 0, ""):
        return error_for(code, told, status=answer.status, logid=logid, retry_after=wait)
    without_code = "code" not in body
    if without_code and (name := _text(body, "error_code", "error")):
        return oauth_error_for(name, told, status=answer.status, logid=logid)
    if answer.status >= 400:
        return error_for(None, told or _silent(answer), status=answer.status, logid=logid, retry_after=wait)
    if without_code and _text(body, "error_message"):
        return APIError(told, status=answer.status, logid=logid)
    return None


def _text(body: Mapping[str, object], *keys: str) -> str:
    """The first of these fields that is text and says something, else ""."""
    return next((text for key in keys if isinstance(text := body.get(key), str) and text), "")


def _silent(answer: RawResponse) -> str:
    return f"The server answered with HTTP {answer.status} and no reason"


def parse_code(value: object) -> int | str | None:
    """A code as a number if it is one, in whatever spelling; else as it came."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return int(text) if _NUMBER.fullmatch(text) else text


def find_logid(body: Mapping[str, object]) -> str | None:
    """The log id inside an envelope: ``detail.logid``, or ``error.logid`` of older answers."""
    for key in ("detail", "error"):
        detail = body.get(key)
        if isinstance(detail, dict) and isinstance(found := detail.get("logid"), str) and found:
            return found
    return None


def retry_after(answer: RawResponse) -> float | None:
    """Seconds that a ``Retry-After`` header asks to wait (number or HTTP date), 60 at most; ``None`` without one."""
    told = answer.headers.get("retry-after", "").strip()
    if not told:
        return None
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(told).timestamp() - time()
        except ValueError:
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT) if not isnan(seconds) else None
