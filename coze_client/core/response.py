"""Reads a response: its envelope into a value or an error, its log id, and its ``Retry-After`` header.

Neither ``code == 0`` nor the HTTP status alone proves success: Coze sends errors with HTTP 200, and gateways send error
statuses without a code.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from math import isnan
from operator import attrgetter
from time import time
from typing import Generic, NamedTuple, TypeVar, cast
from urllib.parse import urljoin, urlsplit

from pydantic import ConfigDict, ValidationError

from coze_client.core.error_codes import error_for, is_oauth_code, oauth_error_for
from coze_client.core.model import Model, convert, excerpt, json_validator, parse_json
from coze_client.core.server_text import read_server_text
from coze_client.errors import ConnectionFailed, CozeError, ProtocolError

T = TypeVar("T")

# coze-studio uses other keys than the cloud for some payloads.
_ALIASES = ("data", "ChatV3ChatDetail", "Messages", "ConversationData", "message")
_MAX_WAIT = 60.0
_LONGEST_TEXT = 64 * 1024  # bytes of a body that an error keeps
_LONGEST_CODE = 32
_LONGEST_URL = 200
_MEDIA = re.compile(r"(?i)\s*(?:audio|image|video)/")
_TEXT = re.compile(r"(?i)^\s*text/|json|xml|html|javascript|urlencoded")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class RawResponse(NamedTuple):
    """A complete HTTP response: status, headers (names in lower case) and the whole body.

    ``has_no_end``: the body ends with its connection, so nothing tells a whole one from one that broke off.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    has_no_end: bool = False

    def __repr__(self) -> str:  # the response to a login holds tokens
        return f"RawResponse(HTTP {self.status}, {len(self.content)} bytes)"

    @property
    def logid(self) -> str | None:
        """The log id from the header ``x-tt-logid``, or from ``x-log-id``, which coze-studio sends."""
        return self.headers.get("x-tt-logid") or self.headers.get("x-log-id") or None


@dataclass(frozen=True)
class Response(Generic[T]):
    """The value of a successful call, with the HTTP status, the headers and the log id of its response."""

    value: T
    status: int
    headers: Mapping[str, str]
    logid: str | None


@dataclass(frozen=True)
class Payload(Generic[T]):
    """Converts a response to ``kind``, from the ``key`` of its envelope; raises the error that the response reports.

    Raises ProtocolError if the response reports success but lacks the field ``needed``, without which it is worth
    nothing. ``known``: the fields that follow from the call, for a response that lacks them.
    """

    kind: type[T]
    key: str = "data"
    needed: str = ""
    known: tuple[tuple[str, str], ...] = ()

    def __call__(self, response: RawResponse) -> T:
        value = convert(self.kind, self._completed(self.extract(read_envelope(response))))
        if self.needed and not attrgetter(self.needed)(value):
            raise ProtocolError(f"The server reported success, but sent no {self.needed}", logid=response.logid)
        return value

    def _completed(self, payload: object) -> object:
        if not self.known or not isinstance(payload, dict):
            return payload
        return {**payload, **{name: value for name, value in self.known if not payload.get(name)}}

    def extract(self, envelope: Mapping[str, object]) -> object:
        """The payload of an envelope without error; an empty list or object if it is ``null`` or absent."""
        for key in (self.key, *_ALIASES):
            found = envelope.get(key)
            if found is not None and not (key == "message" and isinstance(found, str)):  # not "success"
                return found
        return [] if getattr(self.kind, "__origin__", None) in (list, tuple) else {}


class Envelope(Model):
    """The fields of every response around its payload; the envelopes of listings add their own."""

    model_config = ConfigDict(cache_strings="keys")  # caching values, too, costs 10 % of the time: names and ids differ

    code: int | None = None


E = TypeVar("E", bound=Envelope)


def read_with_envelope(kind: type[E], response: RawResponse) -> E:
    """Convert a whole response, envelope included; raises the error that the response reports.

    It validates the bytes directly, which is fast. A response that is not valid at once is converted leniently.
    """
    found: E | None
    try:
        found = json_validator(kind)(response.content)
    except ValidationError:
        found = None
    if found is not None and found.code == 0 and response.status < 300:
        return found
    return convert(kind, read_envelope(response))


def redirected(head: RawResponse, url: str) -> ProtocolError:
    """The error for a response that is neither a success nor an error (1xx, 3xx); it names where the server points to.

    The request is not repeated there: it holds the token, and another host must not see it.
    """
    target = _without_secrets(url, head.headers.get("location", ""))
    asked = _without_secrets(url)
    if not head.headers.get("location") or not target:
        reason, cure = "sent neither an answer nor an error", "Check base_url: it may be the address of a proxy"
    elif target == asked:
        reason, cure = "points back to itself", "Check base_url and what stands in front of the server"
    else:
        reason = f"points to {target}"
        cure = "Set base_url to the server that answers there, if you trust it; no request follows a redirect"
    return ProtocolError(f"The server {reason} (HTTP {head.status})", status=head.status, logid=head.logid, cure=cure)


def _without_secrets(url: str, location: str = "") -> str:
    """Scheme, host and path of an absolute URL: no user, password, query or fragment; "" if it is no such URL."""
    try:
        parts = urlsplit(urljoin(url, location))
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = f"[{host}]" if ":" in host else host
    shown = f"{parts.scheme}://{host}{port}{parts.path}"[:_LONGEST_URL]
    return shown if host and parts.scheme in ("http", "https") and shown.isprintable() else ""


def read_nothing(response: RawResponse) -> None:
    """Check the response of a call that returns no payload; raises the error that the response reports."""
    read_envelope(response)


def read_envelope(response: RawResponse) -> Mapping[str, object]:
    """The JSON object of a successful response; raises the reported error with code, logid and cure."""
    body = _object(response)
    if error := _error(response, body):
        raise error
    return body


def read_file(response: RawResponse) -> bytes:
    """The whole body of a response that is a file; raises the error that the response reports in its place."""
    if is_file(response) and response.content and not is_json_object(response.content):
        return response.content
    read_envelope(response)
    raise ProtocolError("The server reported success, but sent JSON in place of the file", logid=response.logid)


def read_anything(response: RawResponse) -> Mapping[str, object]:
    """The JSON object of a successful response; of one that is a file, its ``content`` and ``content_type``.

    Raises the error that the response reports, and ConnectionFailed for a file without an end.
    """
    content_type = response.headers.get("content-type", "")
    if content_type and response.content and is_file(response) and not is_json_object(response.content):
        if response.has_no_end:
            raise no_end(len(response.content))
        return {"content": response.content, "content_type": content_type}
    return read_envelope(response)


def no_end(size: int) -> ConnectionFailed:
    """The error of a file of `size` bytes whose end nothing marks."""
    return ConnectionFailed(f"The server sent no length: nobody can know whether these {size} bytes are the whole file")


def is_file(response: RawResponse) -> bool:
    """True for a success that is not declared as text, a web page, JSON or XML: sound, pictures, any other bytes.

    A part of a file (HTTP 206) is none: nothing here asks for a part.
    """
    content_type = response.headers.get("content-type", "")
    return (
        200 <= response.status < 300
        and response.status != 206
        and (bool(_MEDIA.match(content_type)) or not _TEXT.search(content_type))
    )


def is_json_object(content: bytes) -> bool:
    """True for the text of a JSON object."""
    try:
        return content.removeprefix(BOM_UTF8).lstrip()[:1] == b"{" and isinstance(parse_json(content), dict)
    except ProtocolError:
        return False


def is_silent_refusal(response: RawResponse) -> bool:
    """True if an empty body is told as JSON: so coze-studio refuses a stream of events before its start.

    A response with the cloud's log id is none: whatever lost its body, the run may have started.
    """
    is_json = response.headers.get("content-type", "").lower().startswith("application/json")
    is_studio = "x-tt-logid" not in response.headers
    return response.status == 200 and is_json and is_studio and not response.content.strip()


def is_stream(response: RawResponse) -> bool:
    """True if the response is a stream of events, and not an error."""
    return response.status < 300 and response.headers.get("content-type", "").lower().startswith("text/event-stream")


def _object(response: RawResponse) -> Mapping[str, object]:
    try:
        body = parse_json(response.content)
    except ProtocolError:
        body = None
    if isinstance(body, dict):
        return cast("Mapping[str, object]", body)
    raise _not_json(response)


def _not_json(response: RawResponse) -> CozeError:
    body = _shown(response.content) if response.content.strip() else "an empty body"
    logid, wait = response.logid, retry_after(response)
    if response.status >= 400:
        return _refusal_in_text(response, wait)
    error = ProtocolError(
        f"The server sent {body} instead of JSON",
        status=response.status,
        logid=logid,
        cure="Check base_url: it may be the address of a web page or a proxy",
    )
    error.server_text = _decoded(response.content)
    return error


def _refusal_in_text(response: RawResponse, wait: float | None) -> CozeError:
    """The error in a body that is no JSON: plain text is the reason itself, anything else is shown as an excerpt."""
    text = _decoded(response.content)
    if not text.strip():
        text = _without_reason(response)
    elif not response.headers.get("content-type", "").startswith("text/plain") or text.lstrip()[:1] in ("<", "{", "["):
        text = f"The server sent {_shown(response.content)}"
    error = error_for(None, text, status=response.status, logid=response.logid, retry_after=wait)
    error.server_text = _decoded(response.content)
    return error


def _shown(content: bytes) -> str:
    """The beginning of a body that is no JSON, without a stack trace."""
    text = _decoded(content)
    return excerpt(read_server_text(text).sentence or text)


def _decoded(content: bytes) -> str:
    return content[:_LONGEST_TEXT].decode("utf-8", "replace")


def _error(response: RawResponse, body: Mapping[str, object]) -> CozeError | None:
    error = _refusal(response, body)
    if error is not None:
        error.debug_url = _text(body, "debug_url")
    return error


def _refusal(response: RawResponse, body: Mapping[str, object]) -> CozeError | None:
    code = parse_code(body.get("code"))
    if code == 0 and response.status < 400:
        return None
    message = _text(body, "msg", "message", "error_message", "error_description")
    logid, wait = find_logid(body) or response.logid, retry_after(response)
    if code not in (None, 0, ""):
        return error_for(code, message, status=response.status, logid=logid, retry_after=wait)
    without_code = "code" not in body
    if without_code and (name := _oauth_code(response, body)):
        return oauth_error_for(name, message, status=response.status, logid=logid)
    if response.status >= 400:
        return error_for(
            None,
            message or _text(body, "error") or _without_reason(response),
            status=response.status,
            logid=logid,
            retry_after=wait,
        )
    if without_code and _text(body, "error_message"):
        return error_for(None, message, status=response.status, logid=logid)
    return None


def _oauth_code(response: RawResponse, body: Mapping[str, object]) -> str:
    """The error code of OAuth; "" for the ``error`` of a gateway, which is no word or comes with a server's failure."""
    name = _text(body, "error_code", "error")
    foreign = response.status >= 500 or " " in name or len(name) > _LONGEST_CODE
    return "" if foreign and not is_oauth_code(name) else name


def _text(body: Mapping[str, object], *keys: str) -> str:
    """The first of these fields that is a non-empty text, else ""."""
    return next((text for key in keys if isinstance(text := body.get(key), str) and text), "")


def _without_reason(response: RawResponse) -> str:
    return f"The server sent HTTP {response.status} without a reason"


def parse_code(value: object) -> int | str | None:
    """An error code as ``int`` if it is a number (4000, "4000", 4000.0), else as text; ``None`` for none."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return int(text) if _NUMBER.fullmatch(text) else " ".join(text.split())[:_LONGEST_CODE]


def find_logid(body: Mapping[str, object]) -> str | None:
    """The log id inside an envelope: ``detail.logid``, or ``error.logid`` in older responses."""
    for key in ("detail", "error"):
        detail = body.get(key)
        if isinstance(detail, dict) and isinstance(found := detail.get("logid"), str) and found:
            return found
    return None


def parse_date(text: str) -> float | None:
    """The unix time of an HTTP date; ``None`` if it is no date, or one that no clock shows."""
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def retry_after(response: RawResponse) -> float | None:
    """Seconds to wait by the header ``Retry-After`` (a number or an HTTP date), at most 60; ``None`` without one."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        date = parse_date(value)
        if date is None:
            return None
        seconds = date - time()
    return min(max(seconds, 0.0), _MAX_WAIT) if not isnan(seconds) else None
