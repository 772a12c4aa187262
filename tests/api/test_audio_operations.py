"""Audio, variables, workspaces and their members: what is refused, repeated, listed, and what only these calls have.

Where each parameter goes and what is read of each answer: ``test_catalogue.py``, but of speech.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from coze_client import (
    AddedMembers,
    ConfigurationError,
    ProtocolError,
    RemovedMembers,
    RoomConfig,
    RoomTranslateConfig,
)
from tests.support.clients import Driver
from tests.support.operations import Sent, call, method_of, sent_of, tries

FEATURE = {"group_id": "5", "feature_id": "6", "name": "Ada", "desc": "d"}
PERSON = {"bot_id": "1", "connector_uid": "ada", "connector_id": "999"}
GIVEN: dict[str, dict[str, Any]] = {
    "audio.speech.create": {"input": "hi", "voice_id": "7"},
    "audio.transcriptions.create": {},
    "audio.voices.list": {},
    "audio.voices.clone": {"voice_name": "Ada", "audio_format": "wav"},
    "audio.rooms.create": {"bot_id": "1"},
    "audio.live.retrieve": {"live_id": "a/b"},
    "audio.voiceprint_groups.create": {"name": "Ada"},
    "audio.voiceprint_groups.update": {"group_id": "5", "name": "Ada", "desc": "d"},
    "audio.voiceprint_groups.list": {},
    "audio.voiceprint_groups.speaker_identify": {"group_id": "5"},
    "audio.voiceprint_groups.features.create": {"group_id": "5", "name": "Ada"},
    "audio.voiceprint_groups.features.update": FEATURE,
    "audio.voiceprint_groups.features.list": {"group_id": "5"},
    "workspaces.create": {"name": "w", "description": "d"},
    "workspaces.update": {"workspace_id": "5", "name": "w", "description": "d"},
    "workspaces.list": {},
    "workspaces.members.list": {"workspace_id": "5"},
    "workspaces.members.create": {"workspace_id": "5", "users": {"8": "admin"}},
    "workspaces.members.delete": {"workspace_id": "5", "user_ids": ["8"]},
    "variables.retrieve": PERSON,
    "variables.update": {**PERSON, "data": {"city": "Bonn"}},
}
"""Operation -> arguments that it takes; those of `SOUNDS` take a sound before them."""

SOUNDS = {
    "audio.transcriptions.create",
    "audio.voices.clone",
    "audio.voiceprint_groups.speaker_identify",
    "audio.voiceprint_groups.features.create",
}
SPEECH = {
    "input": "hi",
    "voice_id": "7",
    "response_format": "wav",
    "speed": 1.5,
    "sample_rate": 16000,
    "loudness_rate": -50,
    "emotion": "happy",
    "emotion_scale": 2.5,
    "context_texts": "slowly",
}


def called(driver: Driver, sent: Sent, name: str, changed: Mapping[str, Any] = {}) -> Any:
    """The result of an operation that is given what it takes, and this."""
    return call(driver, sent.client(driver), name, {**GIVEN[name], **changed}, sends_file=name in SOUNDS)


@pytest.mark.parametrize("given", [SPEECH, GIVEN["audio.speech.create"]], ids=["all", "least"])
def test_speech_is_asked_for_with_what_is_given_and_is_the_bytes_of_the_answer(
    driver: Driver, given: dict[str, Any]
) -> None:
    sent = Sent(b"\xff\xfbsound")
    assert called(driver, sent, "audio.speech.create", given) == b"\xff\xfbsound"
    asked = sent_of(sent.requests[0])
    assert (asked["method"], asked["path"], asked["query"]) == ("POST", "/v1/audio/speech", {})
    assert asked["body"] == given


@pytest.mark.parametrize("name", sorted(SOUNDS | {"audio.speech.create", "audio.voiceprint_groups.features.update"}))
def test_what_takes_or_makes_a_sound_is_billed_and_never_sent_twice(driver: Driver, name: str) -> None:
    sent = Sent(breaks=True)
    assert tries(sent, lambda: called(driver, sent, name)) == 1
    assert sent_of(sent.requests[0])["sends_file"] == (name in SOUNDS)


@pytest.mark.parametrize(
    "name",
    [
        "audio.transcriptions.create",
        "audio.voices.clone",
        "audio.rooms.create",
        "audio.live.retrieve",
        "audio.voiceprint_groups.create",
        "audio.voiceprint_groups.features.create",
        "workspaces.create",
    ],
)
def test_a_success_that_lacks_what_was_asked_for_is_an_error(driver: Driver, name: str) -> None:
    with pytest.raises(ProtocolError, match="reported success"):
        called(driver, Sent({}), name)


def test_what_a_change_of_members_did_is_told_apart(driver: Driver) -> None:
    data = {"added_success_user_ids": ["8"], "already_joined_user_ids": ["9"], "not_exist_user_ids": None}
    added = called(driver, Sent(data), "workspaces.members.create")
    assert added == AddedMembers(added_success_user_ids=("8",), already_joined_user_ids=("9",))
    removed = called(driver, Sent({"owner_not_support_remove_user_ids": ["8"]}), "workspaces.members.delete")
    assert removed == RemovedMembers(owner_not_support_remove_user_ids=("8",))


# --- listings ---


def _by_total(items: list[Any], key: str, total: str, asked: Mapping[str, str]) -> dict[str, Any]:
    start = (int(asked["page_num"]) - 1) * int(asked["page_size"])
    return {key: items[start : start + int(asked["page_size"])], total: len(items)}


def _by_more(items: list[Any], key: str, more: str, asked: Mapping[str, str]) -> dict[str, Any]:
    end = int(asked["page_num"]) * int(asked["page_size"])
    return {key: items[end - int(asked["page_size"]) : end], more: end < len(items)}


LISTINGS: dict[str, tuple[Callable[..., dict[str, Any]], str, str, str]] = {
    "audio.voices.list": (_by_more, "voice_list", "has_more", "voice_id"),
    "audio.voiceprint_groups.list": (_by_total, "items", "total", "id"),
    "audio.voiceprint_groups.features.list": (_by_total, "items", "total", "id"),
    "workspaces.list": (_by_total, "workspaces", "total_count", "id"),
    "workspaces.members.list": (_by_total, "items", "total_count", "user_id"),
}


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize(("count", "size"), [(0, 2), (1, 1), (4, 2), (5, 2), (3, 50)])
def test_a_listing_gives_every_item_once_and_ends(driver: Driver, name: str, count: int, size: int) -> None:
    style, key, end, identity = LISTINGS[name]
    items = [{identity: str(number)} for number in range(count)]

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"code": 0, "data": style(items, key, end, dict(request.url.params))})

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))
    found = call(driver, client, name, {**GIVEN[name], "page_size": size})
    assert [getattr(item, identity) for item in found] == [item[identity] for item in items]


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("audio.voices.list", 100),
        ("audio.voiceprint_groups.list", 200),
        ("audio.voiceprint_groups.features.list", 200),
        ("workspaces.members.list", 50),
    ],
)
def test_the_largest_page_is_the_default_and_the_limit(driver: Driver, name: str, largest: int) -> None:
    _, key, end, _ = LISTINGS[name]
    sent = Sent({key: [], end: 0})
    called(driver, sent, name)
    assert sent.requests[0].url.params["page_size"] == str(largest)
    for size in (0, largest + 1):
        with pytest.raises(ConfigurationError, match="page_size"):
            called(driver, sent, name, {"page_size": size})


# --- refused before anything is sent ---


@pytest.mark.parametrize(
    ("name", "changed", "named"),
    [
        ("audio.speech.create", {"input": ""}, "input"),
        ("audio.speech.create", {"input": "语" * 342}, "1026 bytes"),
        ("audio.speech.create", {"speed": 0.1}, "speed"),
        ("audio.speech.create", {"loudness_rate": 101}, "loudness_rate"),
        ("audio.speech.create", {"emotion_scale": 5.1}, "emotion_scale"),
        ("audio.voices.clone", {"voice_name": "语" * 43}, "voice_name"),
        ("audio.voices.clone", {"text": "x" * 1025}, "text"),
        ("audio.voiceprint_groups.create", {"name": "x" * 21}, "name"),
        ("audio.voiceprint_groups.update", {"desc": "x" * 501}, "desc"),
        ("workspaces.create", {"name": "x" * 51}, "name"),
        ("workspaces.update", {"description": "x" * 2001}, "description"),
        ("workspaces.members.create", {"users": {}}, "1 to 20"),
        ("workspaces.members.create", {"users": dict.fromkeys(map(str, range(21)), "member")}, "1 to 20"),
        ("workspaces.members.delete", {"user_ids": list("123456")}, "1 to 5"),
        ("variables.retrieve", {"bot_id": None}, "either"),
        ("variables.update", {"app_id": "2"}, "either"),
        ("variables.update", {"data": {}}, "at least one"),
        ("variables.update", {"data": {"a": 1}}, "text"),
        ("variables.retrieve", {"keywords": "city"}, "list"),
        ("variables.retrieve", {"keywords": ["a,b"]}, "commas"),
    ],
)
def test_what_coze_would_refuse_is_refused_before_it_is_sent(
    driver: Driver, name: str, changed: Mapping[str, Any], named: str
) -> None:
    sent = Sent()
    with pytest.raises(ConfigurationError, match=named):
        called(driver, sent, name, changed)
    assert sent.requests == []


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("audio.transcriptions.create", 10),
        ("audio.voices.clone", 10),
        ("audio.voiceprint_groups.features.create", 4),
    ],
)
def test_a_sound_over_the_limit_is_refused(driver: Driver, name: str, largest: int) -> None:
    sent = Sent()
    with pytest.raises(ConfigurationError, match=f"{largest} MB"):
        driver.run(method_of(sent.client(driver), name)(bytes(largest * 2**20 + 1), **GIVEN[name]))
    assert sent.requests == []


def test_the_settings_of_a_room_are_sent_under_cozes_names(driver: Driver) -> None:
    sent = Sent({"room_id": "r", "token": "s", "uid": "u", "app_id": "a"})
    config = RoomConfig(room_mode="translate", translate_config=RoomTranslateConfig(from_="en", to="zh"))
    room = driver.run(sent.client(driver).audio.rooms.create(bot_id="1", config=config))
    body = sent_of(sent.requests[0])["body"]
    assert body == {
        "bot_id": "1",
        "config": {"room_mode": "translate", "translate_config": {"from": "en", "to": "zh"}},
    }
    assert "'s'" not in repr(room)
