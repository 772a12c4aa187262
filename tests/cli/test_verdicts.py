"""The verdicts of the doctor, from what was found."""

from __future__ import annotations

import pytest

from coze_client.cli import verdicts
from coze_client.cli.verdicts import check_age, check_clock, check_packages, check_permissions, check_proxy
from coze_client.errors import NotFound, PermissionDenied

DAY = 86400


@pytest.mark.parametrize(
    ("server", "here", "state", "told"),
    [
        (1000.0, 1000.0, "good", "within 5 s"),
        (1000.0, 1005.0, "good", "within 5 s"),
        (1000.0, 1006.0, "bad", "6 s ahead of"),
        (1000.0, 400.0, "bad", "600 s behind"),
        (None, 1000.0, "unknown", "no date"),
    ],
)
def test_a_clock_is_wrong_from_five_seconds_on(server: float | None, here: float, state: str, told: str) -> None:
    verdict = check_clock(server, here)
    assert verdict.state == state
    assert told in verdict.detail


@pytest.mark.parametrize(
    ("days", "state", "told"),
    [(0, "good", "0 days old"), (1, "good", "1 day old"), (179, "good", "179"), (180, "bad", "gone")],
)
def test_a_conversation_is_too_old_once_its_messages_are_gone(days: int, state: str, told: str) -> None:
    verdict = check_age(1000, 1000 + days * DAY + 5)
    assert verdict.state == state
    assert told in verdict.detail


def test_a_conversation_without_a_date_has_no_known_age() -> None:
    assert check_age(None, 1000.0).state == "unknown"


@pytest.mark.parametrize(
    ("found", "state", "shown"),
    [
        (None, "good", "none"),
        ("http://proxy.example:8080", "good", "http://proxy.example:8080"),
        ("http://ann:secret@proxy.example:8080", "good", "http://proxy.example:8080"),
        ("proxy", "bad", "the address of the proxy is none"),
    ],
)
def test_a_proxy_is_shown_without_its_password(found: str | None, state: str, shown: str) -> None:
    assert check_proxy(found)[:2] == (state, shown)


def test_refused_permissions_are_bad_and_calls_that_a_server_lacks_are_unknown() -> None:
    refused, lacking = PermissionDenied("no", code=4101, cure="Give it"), NotFound("no such call")
    assert check_permissions({"bots": None, "datasets": refused}) == ("bad", "may not list: datasets", "Give it")
    assert check_permissions({"bots": None, "voices": lacking})[0] == "unknown"
    assert check_permissions({"bots": None, "voices": None}) == ("good", "lists bots, voices", "")


@pytest.mark.parametrize(
    ("needed", "state", "told"),
    [
        (["httpx<1,>=0.27", "pytest"], "good", "httpx "),
        (["httpx", "no-such-package>=1"], "bad", "not installed: no-such-package"),
        ([], "unknown", "Python 3."),
    ],
)
def test_packages_are_those_that_the_distribution_needs(
    monkeypatch: pytest.MonkeyPatch, needed: list[str], state: str, told: str
) -> None:
    monkeypatch.setattr(verdicts, "requires_of", lambda _: needed)
    verdict = check_packages()
    assert verdict.state == state
    assert told in verdict.detail


def test_a_distribution_needs_nothing_of_its_extras_and_nothing_if_it_is_not_there() -> None:
    assert any(each.startswith("httpx") for each in verdicts.requires_of(verdicts.DISTRIBUTION))
    assert not any(each.startswith("typer") for each in verdicts.requires_of(verdicts.DISTRIBUTION))
    assert verdicts.requires_of("no-such-package") == []


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}, "a: string, b?: any"),
        ({"properties": {}}, ""),
        ({}, ""),
    ],
)
def test_inputs_are_told_with_their_types(schema: dict[str, object], told: str) -> None:
    assert verdicts.describe_inputs(schema) == told
