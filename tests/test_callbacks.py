"""Callbacks: only what Coze signed, lately, is read, and each event is new once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any

import httpx
import pytest

from coze_client import CallbackRefused, CallbackVerifier, ConfigurationError, ProtocolError, answer_challenge

EXAMPLE = Path(__file__).parents[1] / "examples" / "callbacks.py"
NOW = 1_764_500_000.0
TOKEN = "verify-é"
HEADER = {
    "event_type": "bot.published",
    "event_id": "e1",
    "created_at": 1764500000000,
    "api_app_id": 7350000000000000001,
}
BODY = json.dumps(
    {"header": HEADER, "event": {"bot_id": 7350000000000000002, "name": "é"}}, ensure_ascii=False
).encode()


def signed(body: bytes, at: float = NOW, token: str = TOKEN) -> dict[str, str]:
    timestamp, nonce = str(int(at * 1000)), "n0nce"
    signature = hashlib.sha1(timestamp.encode() + nonce.encode() + token.encode() + body).hexdigest()
    return {"X-Coze-Timestamp": timestamp, "X-Coze-Nonce": nonce, "X-Coze-Signature": signature}


def verifier(**options: Any) -> CallbackVerifier:
    return CallbackVerifier(TOKEN, clock=lambda: NOW, **options)


@pytest.mark.parametrize("case", [str, str.lower, str.upper])
@pytest.mark.parametrize("age", [-299, 0, 299])
def test_a_signed_event_is_read_with_exact_ids(age: float, case: Callable[[str], str]) -> None:
    headers = {case(name): value for name, value in signed(BODY, NOW - age).items()}
    event = verifier().read(headers, BODY)
    assert (event.header.event_type, event.header.event_id) == ("bot.published", "e1")
    assert event.header.api_app_id == "7350000000000000001"
    assert event.event == {"bot_id": 7350000000000000002, "name": "é"}


def test_a_recorded_request_is_refused_later_and_one_of_the_future_too() -> None:
    for age in (301, 86400, -301):
        with pytest.raises(CallbackRefused, match="too old"):
            verifier().read(signed(BODY, NOW - age), BODY)
    assert verifier(oldest=500).read(signed(BODY, NOW - 301), BODY).header.event_id == "e1"


def test_nothing_can_be_changed_in_a_signed_request() -> None:
    good = signed(BODY)
    for name in good:
        for wrong in ("", "0", "é", "\udcff", good[name] + "0"):
            with pytest.raises(CallbackRefused):
                verifier().read({**good, name: wrong}, BODY)
    for body in (b"", BODY + b" ", BODY.replace(b"e1", b"e2")):
        with pytest.raises(CallbackRefused, match="not the one"):
            verifier().read(good, body)
    with pytest.raises(CallbackRefused, match="no signature"):
        verifier().read({}, BODY)
    with pytest.raises(CallbackRefused, match="not the one"):
        verifier().read(signed(BODY, token="another"), BODY)


@pytest.mark.parametrize("timestamp", ["-1", "1e12", "١٢٣", "9" * 5000, " 1764500000000", "1764500000"])
def test_a_timestamp_that_is_none_is_refused_even_if_it_is_signed(timestamp: str) -> None:
    signature = hashlib.sha1(f"{timestamp}n{TOKEN}".encode() + BODY).hexdigest()
    with pytest.raises(CallbackRefused, match="too old"):
        verifier().read({"X-Coze-Timestamp": timestamp, "X-Coze-Nonce": "n", "X-Coze-Signature": signature}, BODY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"header": {}}',
        b'{"header": {"event_type": "bot.published"}}',
        b'{"header": {"event_id": "1"}}',
        b'"text"',
    ],
)
def test_a_signed_body_that_is_no_event_is_an_error(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        verifier().read(signed(body), body)


def test_an_event_that_is_sent_again_is_not_new_until_it_is_forgotten() -> None:
    checks = verifier()
    event = checks.read(signed(BODY), BODY)
    assert [checks.is_new(event), checks.is_new(event)] == [True, False]
    checks.forget(event)
    assert checks.is_new(event)
    other = event.model_copy(update={"header": event.header.model_copy(update={"event_id": "e2"})})
    assert checks.is_new(other)


def test_the_memory_of_events_is_bounded() -> None:
    checks = verifier()
    event = checks.read(signed(BODY), BODY)
    assert checks.is_new(event)
    for number in range(10_000):
        assert checks.is_new(
            event.model_copy(update={"header": event.header.model_copy(update={"event_id": f"x{number}"})})
        )
    assert checks.is_new(event)


def test_no_text_shows_the_token() -> None:
    assert TOKEN not in repr(verifier())
    with pytest.raises(CallbackRefused) as caught:
        verifier().read({**signed(BODY), "X-Coze-Signature": "0"}, BODY)
    assert TOKEN not in f"{caught.value!r} {caught.value}"
    with pytest.raises(ConfigurationError, match="verify_token is empty"):
        CallbackVerifier("")


def test_a_challenge_is_answered_and_an_event_is_none() -> None:
    assert answer_challenge(b'{"challenge": "c-1", "type": "x"}') == {"challenge": "c-1"}
    assert [answer_challenge(body) for body in (BODY, b"", b"[]", b'{"header": {}, "challenge": 1}')] == [None] * 4


def test_the_example_answers_challenges_and_acts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COZE_VERIFY_TOKEN", TOKEN)
    example = runpy.run_path(str(EXAMPLE))

    async def call() -> list[int]:
        transport = httpx.ASGITransport(example["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as http:
            challenge = await http.post("/coze", json={"challenge": "c-1"})
            assert challenge.json() == {"challenge": "c-1"}
            sent = [signed(BODY, time()), signed(BODY, time()), {}]
            return [(await http.post("/coze", content=BODY, headers=headers)).status_code for headers in sent]

    assert asyncio.run(call()) == [200, 200, 401]
    assert example["published"] == ["e1"]


@pytest.mark.parametrize("added", [b"", b" ", b"\x80" + bytes(60), b'{"event":{}}'])
def test_a_signed_body_that_was_made_longer_is_no_event(added: bytes) -> None:
    """SHA-1 can be continued by whoever knows the length of the token: then only the JSON tells."""
    body = BODY + b"\x80" + bytes(40) + added
    with pytest.raises(ProtocolError):
        verifier().read(signed(body), body)
