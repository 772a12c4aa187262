"""Callbacks: what Coze sends to the URL of a callback app; check who sent it, read it, and act on it once.

Pure: no network, no framework. ``client.api_apps`` creates the apps. Documented at docs.coze.cn
(dev_how_to_guides_receive_handle_callbacks); the signature is SHA-1 over timestamp, nonce, token and body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from time import time
from typing import Any

from pydantic import Field

from coze_client.core.model import Model, convert_json, parse_json
from coze_client.errors import ConfigurationError, CozeError, ProtocolError

_OLDEST = 300.0  # seconds; the documentation names no limit
_LONGEST_MEMORY = 10_000  # events
_LONGEST_TIMESTAMP = 16  # digits


class CallbackRefused(CozeError):
    """A request that Coze did not send, or not now: no signature, a wrong one, or an old timestamp. Answer with 401."""


class CallbackHeader(Model):
    """Where an event comes from; ``created_at`` is in unix milliseconds, ``event_id`` the same if it is repeated."""

    event_type: str = ""
    event_id: str = ""
    created_at: int | None = None
    coze_account_id: str = ""
    api_app_id: str = ""
    connector_id: str = ""


class CallbackEvent(Model):
    """An event: ``header.event_type`` says what happened, ``event`` has the details.

    bot.published, bot.deleted, bot.unpublished, benefit.usage, benefit.plugin.scale.requested,
    benefit.plugin.scale.expired, or newer ones. Ids inside ``event`` are JSON numbers, exact in Python.
    """

    header: CallbackHeader = Field(default_factory=CallbackHeader)
    event: dict[str, Any] = Field(default_factory=dict)  # JSON, which differs from type to type


class CallbackVerifier:
    """Checks and reads the requests that Coze sends to one callback app.

    `verify_token`: the app's, from ``client.api_apps.create`` or ``list``. `oldest`: how many seconds the timestamp may
    differ from this machine's clock (default 300), so that a recorded request cannot be sent again later. `clock`:
    returns unix seconds. Threads may share it. Raises ConfigurationError for an empty token.
    """

    def __init__(self, verify_token: str, *, oldest: float = _OLDEST, clock: Callable[[], float] = time) -> None:
        if not verify_token:
            raise ConfigurationError("verify_token is empty", cure="client.api_apps.list shows the token of each app")
        self._token = verify_token.encode()
        self._oldest = oldest
        self._clock = clock
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def __repr__(self) -> str:
        return "CallbackVerifier()"

    def read(self, headers: Mapping[str, str], body: bytes) -> CallbackEvent:
        """The event in a request, after its signature is checked; `body` are the bytes as they came.

        Raises CallbackRefused for a signature that is missing, wrong or old, ProtocolError for a body that is no event.
        Answer it within 3 seconds, else Coze sends it again: see ``is_new``. bot.published has 10 seconds, and the
        answer ``{"audit": {"audit_status": 2}}``: 1 still checked, 2 accepted, 3 refused, with a ``reason``.
        """
        self._check({name.lower(): value for name, value in headers.items()}, body)
        event = convert_json(CallbackEvent, body)
        if not (event.header.event_type and event.header.event_id):
            raise ProtocolError("The callback has a signature, but no event_type or no event_id")
        return event

    def is_new(self, event: CallbackEvent) -> bool:
        """True the first time that this verifier is asked about the event, by its ``event_id``.

        It remembers the last 10,000 events, in this process; several processes need a store of their own. Call
        ``forget`` if you could not act on the event, so that you act when Coze sends it again.
        """
        key = event.header.event_id
        with self._lock:
            if key in self._seen:
                return False
            self._seen[key] = None
            while len(self._seen) > _LONGEST_MEMORY:
                self._seen.popitem(last=False)
            return True

    def forget(self, event: CallbackEvent) -> None:
        """Let ``is_new`` be true for this event once more."""
        with self._lock:
            self._seen.pop(event.header.event_id, None)

    def _check(self, headers: Mapping[str, str], body: bytes) -> None:
        timestamp, nonce = headers.get("x-coze-timestamp", ""), headers.get("x-coze-nonce", "")
        signature = headers.get("x-coze-signature", "")
        if not (timestamp and nonce and signature):
            raise CallbackRefused("The request has no signature of Coze")
        signed = hashlib.sha1(_header_bytes(timestamp + nonce) + self._token + body, usedforsecurity=False)
        if not hmac.compare_digest(signed.hexdigest().encode(), _header_bytes(signature.lower())):
            cure = "Check verify_token, and give the body as it came: JSON that was parsed and written again differs"
            raise CallbackRefused("The signature is not the one of this callback app", cure=cure)
        if not self._is_recent(timestamp):
            raise CallbackRefused("The request is too old, or not of this time", cure="Check this machine's clock")

    def _is_recent(self, timestamp: str) -> bool:
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= _LONGEST_TIMESTAMP):
            return False
        return abs(self._clock() - int(timestamp) / 1000) <= self._oldest


def _header_bytes(value: str) -> bytes:
    """A header as it came: some frameworks write bytes that are no UTF-8 as surrogates."""
    return value.encode("utf-8", "surrogateescape")


def answer_challenge(body: bytes) -> dict[str, object] | None:
    """The JSON to answer with if the request only asks whether the URL is yours; ``None`` for an event.

    Coze sends ``{"challenge": …}`` when ``client.api_apps.update`` gives an app its URL, and expects the same back
    within 3 seconds.
    """
    try:
        sent: object = parse_json(body)
    except ProtocolError:
        return None
    if not isinstance(sent, dict) or "challenge" not in sent or "header" in sent:
        return None
    return {"challenge": sent["challenge"]}
