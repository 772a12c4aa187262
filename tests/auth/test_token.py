"""A token's times: converted to this machine's clock, and what they mean for its use."""

from __future__ import annotations

import json
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_client import Token
from coze_client.auth.token import Freshness

NOW = 1_800_000_000.0
MOMENTS = st.floats(min_value=0, max_value=4e9)


def token(life: float = 900, refresh: str | None = None) -> Token:
    return Token("czu_1", NOW, NOW + life, refresh)


@pytest.mark.parametrize(
    ("life", "age", "freshness"),
    [
        (900, 0, "fresh"),
        (900, 599, "fresh"),
        (900, 600, "stale"),
        (900, 869, "stale"),
        (900, 870, "expired"),
        (900, 5000, "expired"),
        (86399, 86399 - 301, "fresh"),
        (86399, 86399 - 300, "stale"),
        (86399, 86399 - 30, "expired"),
        (3, 1.9, "fresh"),
        (3, 2.1, "stale"),
        (3, 2.95, "expired"),
        (0, 0, "expired"),
        (-5, 0, "expired"),
        (900, -100, "fresh"),
    ],
)
def test_a_token_is_fresh_then_stale_then_expired(life: float, age: float, freshness: Freshness) -> None:
    assert token(life).freshness(NOW + age) == freshness


@given(issued=MOMENTS, expires=MOMENTS, sooner=MOMENTS, later=MOMENTS)
def test_a_token_never_gets_fresher(issued: float, expires: float, sooner: float, later: float) -> None:
    order: list[Freshness] = ["fresh", "stale", "expired"]
    held = Token("t", issued, expires)
    first, second = sorted((sooner, later))
    assert order.index(held.freshness(first)) <= order.index(held.freshness(second))


@given(issued=MOMENTS, life=st.floats(min_value=0, max_value=1e6), at=MOMENTS)
def test_no_token_is_used_once_its_time_is_over(issued: float, life: float, at: float) -> None:
    assert Token("t", issued, issued + life).freshness(max(at, issued + life)) == "expired"


@pytest.mark.parametrize(
    ("expires_in", "skew", "expires_at"),
    [
        (NOW + 900, 0, NOW + 900),
        (str(int(NOW) + 900), 0, NOW + 900),
        (900, 0, NOW + 900),
        ("900", 0, NOW + 900),
        (NOW + 900, 120, NOW + 780),
        (NOW + 900, -120, NOW + 1020),
        (900, 120, NOW + 900),
        (None, 0, NOW + 900),
        (0, 0, NOW + 900),
    ],
)
def test_a_lifetime_is_a_moment_or_a_duration_and_never_nothing(
    expires_in: Any, skew: float, expires_at: float
) -> None:
    assert Token.read({"access_token": "a", "expires_in": expires_in}, now=NOW, skew=skew).expires_at == expires_at


@pytest.mark.parametrize("expires_in", ["soon", [], {}, nan, inf, "nan"])
def test_a_lifetime_that_is_no_number_is_no_token(expires_in: Any) -> None:
    with pytest.raises(ValueError, match="n"):
        Token.read({"access_token": "a", "expires_in": expires_in or "soon"}, now=NOW)


@pytest.mark.parametrize(
    ("answered", "kept"), [({"refresh_token": "new"}, "new"), ({}, "old"), ({"refresh_token": ""}, "old")]
)
def test_an_answer_without_a_refresh_token_leaves_the_old_one_in_force(answered: dict[str, str], kept: str) -> None:
    assert Token.read({"access_token": "a", **answered}, now=NOW, before=token(refresh="old")).refresh_token == kept


@given(access=st.text(min_size=1), refresh=st.none() | st.text(min_size=1), issued=MOMENTS, life=st.floats(-1e6, 1e6))
def test_a_token_comes_out_of_json_as_it_went_in(access: str, refresh: str | None, issued: float, life: float) -> None:
    held = Token(access, issued, issued + life, refresh)
    assert Token.load(json.loads(json.dumps(held.dump()))) == held


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"access_token": "a", "issued_at": "x", "expires_at": 1},
        {"access_token": "a", "issued_at": 1},
        {"access_token": "a", "issued_at": 1, "expires_at": "nan"},
    ],
)
def test_what_is_no_stored_token_is_not_loaded_as_one(stored: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Token.load(stored)


def test_a_token_replaces_nothing_and_others_but_not_itself() -> None:
    assert token().replaces(None)
    assert token().replaces(Token("czu_2", NOW, NOW))
    assert not token().replaces(token(life=5))


def test_a_token_shows_its_times_and_no_secret() -> None:
    shown = repr(token(refresh="refresh_secret"))
    assert "czu_1" not in shown
    assert "refresh_secret" not in shown
    assert "1800000900" in shown
