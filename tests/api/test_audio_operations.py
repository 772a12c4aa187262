"""Audio, variables, workspaces and their members: what each operation sends, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from coze_client import (
    AddedMembers,
    ConfigurationError,
    Live,
    LiveStream,
    ProtocolError,
    RemovedMembers,
    Room,
    RoomConfig,
    RoomTranslateConfig,
    Transcription,
    Variable,
    Voice,
    Voiceprint,
    VoiceprintGroup,
    VoiceprintScore,
    Workspace,
    WorkspaceMember,
)
from coze_client.core.model import Model
from tests.support.clients import Driver
from tests.support.operations import Operation, Sent, call, sent_of, tries

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
CLONE = {
    "voice_name": "Ada",
    "audio_format": "wav",
    "language": "en",
    "voice_id": "7",
    "preview_text": "hello",
    "text": "what it says",
    "space_id": "3",
    "description": "calm",
}
ROOM = {
    "bot_id": "1",
    "conversation_id": "2",
    "voice_id": "3",
    "uid": "ada",
    "workflow_id": "4",
    "connector_id": "999",
    "config": {"room_mode": "podcast"},
}
WORKSPACE = {"name": "w", "description": "d", "icon_file_id": "1", "coze_account_id": "2", "owner_uid": "3"}
PERSON = {"bot_id": "1", "connector_uid": "ada", "connector_id": "999"}
GROUPS = "/v1/audio/voiceprint_groups"
PCM = {"sample_rate": 8000, "channel": 2}
PCM_FORM = {"sample_rate": "8000", "channel": "2"}
FEATURE = {"name": "Ada", "desc": "d"}
IDS = {"group_id": "5", "feature_id": "6"}

OPERATIONS = [
    Operation(
        "audio.speech.create",
        "POST",
        "/v1/audio/speech",
        SPEECH,
        frozenset({"input", "voice_id"}),
        body=SPEECH,
        data=b"\xff\xfbsound",
        value=b"\xff\xfbsound",
        starts=True,
    ),
    Operation(
        "audio.transcriptions.create",
        "POST",
        "/v1/audio/transcriptions",
        form={},
        sends_file=True,
        data={"text": ""},
        value=Transcription(text=""),
        starts=True,
    ),
    Operation(
        "audio.voices.list",
        "GET",
        "/v1/audio/voices",
        {"filter_system_voice": True, "model_type": "big", "voice_state": "all", "page_size": 9},
        query={
            "filter_system_voice": "true",
            "model_type": "big",
            "voice_state": "all",
            "page_size": "9",
            "page_num": "1",
        },
        data={"voice_list": [{"voice_id": 7, "support_emotions": None}], "has_more": False},
        value=[Voice(voice_id="7")],
    ),
    Operation(
        "audio.voices.clone",
        "POST",
        "/v1/audio/voices/clone",
        CLONE,
        frozenset({"voice_name", "audio_format"}),
        form=CLONE,
        sends_file=True,
        data={"voice_id": "7"},
        value="7",
        starts=True,
    ),
    Operation(
        "audio.rooms.create",
        "POST",
        "/v1/audio/rooms",
        ROOM,
        frozenset({"bot_id"}),
        body=ROOM,
        data={"room_id": "r", "token": "s", "uid": "u", "app_id": "a"},
        value=Room(room_id="r", token="s", uid="u", app_id="a"),
        starts=True,
    ),
    Operation(
        "audio.live.retrieve",
        "GET",
        "/v1/audio/live/a%2Fb",
        {"live_id": "a/b"},
        frozenset({"live_id"}),
        data={"app_id": "a", "stream_infos": [{"stream_id": 1}]},
        value=Live(app_id="a", stream_infos=(LiveStream(stream_id="1"),)),
    ),
    Operation(
        "audio.voiceprint_groups.create",
        "POST",
        GROUPS,
        {**FEATURE, "coze_account_id": "2"},
        frozenset({"name"}),
        body={**FEATURE, "coze_account_id": "2"},
        data={"id": 5},
        value="5",
        starts=True,
    ),
    Operation(
        "audio.voiceprint_groups.update",
        "PUT",
        f"{GROUPS}/5",
        {"group_id": "5", **FEATURE},
        frozenset({"group_id", "name"}),
        body=FEATURE,
    ),
    Operation(
        "audio.voiceprint_groups.delete",
        "DELETE",
        f"{GROUPS}/5",
        {"group_id": "5"},
        frozenset({"group_id"}),
        starts=True,
    ),
    Operation(
        "audio.voiceprint_groups.list",
        "GET",
        GROUPS,
        {"name": "A", "group_id": "5", "user_id": "8", "coze_account_id": "2", "page_size": 9},
        query={"name": "A", "group_id": "5", "user_id": "8", "coze_account_id": "2", "page_size": "9", "page_num": "1"},
        data={"items": [{"id": "5", "user_info": {"id": 8}}], "total": 1},
        value=[VoiceprintGroup.model_validate({"id": "5", "user_info": {"id": "8"}})],
    ),
    Operation(
        "audio.voiceprint_groups.speaker_identify",
        "POST",
        f"{GROUPS}/5/speaker_identify",
        {"group_id": "5", "top_k": 3, **PCM},
        frozenset({"group_id"}),
        form={"top_k": "3", **PCM_FORM},
        sends_file=True,
        data={"feature_score_list": [{"feature_id": "6", "score": 81.5}]},
        value=(VoiceprintScore(feature_id="6", score=81.5),),
        starts=True,
    ),
    Operation(
        "audio.voiceprint_groups.features.create",
        "POST",
        f"{GROUPS}/5/features",
        {"group_id": "5", **FEATURE, **PCM},
        frozenset({"group_id", "name"}),
        form={**FEATURE, **PCM_FORM},
        sends_file=True,
        data={"id": "6"},
        value="6",
        starts=True,
    ),
    Operation(
        "audio.voiceprint_groups.features.update",
        "PUT",
        f"{GROUPS}/5/features/6",
        {**IDS, **FEATURE, **PCM},
        frozenset({"group_id", "feature_id", "desc"}),
        form={**FEATURE, **PCM_FORM},
        starts=True,
    ),
    Operation(
        "audio.voiceprint_groups.features.delete",
        "DELETE",
        f"{GROUPS}/5/features/6",
        IDS,
        frozenset(IDS),
        starts=True,
    ),
    Operation(
        "audio.voiceprint_groups.features.list",
        "GET",
        f"{GROUPS}/5/features",
        {"group_id": "5", "page_size": 9},
        frozenset({"group_id"}),
        query={"page_size": "9", "page_num": "1"},
        data={"items": [{"id": "6", "created_at": None}], "total": 1},
        value=[Voiceprint(id="6")],
    ),
    Operation(
        "workspaces.create",
        "POST",
        "/v1/workspaces",
        WORKSPACE,
        frozenset({"name", "description"}),
        body=WORKSPACE,
        data={"id": "5"},
        value="5",
        starts=True,
    ),
    Operation(
        "workspaces.update",
        "PUT",
        "/v1/workspaces/5",
        {"workspace_id": "5", "name": "w", "description": "d"},
        frozenset({"workspace_id", "name"}),
        body={"name": "w", "description": "d"},
    ),
    Operation(
        "workspaces.list",
        "GET",
        "/v1/workspaces",
        {"enterprise_id": "1", "user_id": "2", "coze_account_id": "3", "page_size": 9},
        query={"enterprise_id": "1", "user_id": "2", "coze_account_id": "3", "page_size": "9", "page_num": "1"},
        data={"workspaces": [{"id": "5"}], "total_count": 1},
        value=[Workspace(id="5")],
    ),
    Operation(
        "workspaces.members.list",
        "GET",
        "/v1/workspaces/5/members",
        {"workspace_id": "5", "page_size": 9},
        frozenset({"workspace_id"}),
        query={"page_size": "9", "page_num": "1"},
        data={"items": [{"user_id": "8", "role_type": "owner"}], "total_count": 1},
        value=[WorkspaceMember(user_id="8", role_type="owner")],
    ),
    Operation(
        "workspaces.members.create",
        "POST",
        "/v1/workspaces/5/members",
        {"workspace_id": "5", "users": {"8": "admin", "9": "member"}},
        frozenset({"workspace_id", "users"}),
        body={"users": [{"user_id": "8", "role_type": "admin"}, {"user_id": "9", "role_type": "member"}]},
        data={"added_success_user_ids": ["8"], "already_joined_user_ids": ["9"], "not_exist_user_ids": None},
        value=AddedMembers(added_success_user_ids=("8",), already_joined_user_ids=("9",)),
        starts=True,
    ),
    Operation(
        "workspaces.members.delete",
        "DELETE",
        "/v1/workspaces/5/members",
        {"workspace_id": "5", "user_ids": ["8"]},
        frozenset({"workspace_id", "user_ids"}),
        body={"user_ids": ["8"]},
        data={"owner_not_support_remove_user_ids": ["8"]},
        value=RemovedMembers(owner_not_support_remove_user_ids=("8",)),
        starts=True,
    ),
    Operation(
        "variables.retrieve",
        "GET",
        "/v1/variables",
        {**PERSON, "keywords": ["city", "名"]},
        frozenset({"bot_id", "connector_uid"}),
        query={**PERSON, "keywords": "city,名"},
        data={"items": [{"keyword": "city", "value": "Bonn", "create_time": 0}]},
        value=(Variable(keyword="city", value="Bonn", create_time=0),),
    ),
    Operation(
        "variables.update",
        "PUT",
        "/v1/variables",
        {**PERSON, "data": {"city": "Bonn"}},
        frozenset({"bot_id", "connector_uid", "data"}),
        body={**PERSON, "data": [{"keyword": "city", "value": "Bonn"}]},
    ),
]
every = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
LISTED = {"page_size": "100", "page_num": "1"}


@every
def test_each_argument_lands_where_it_should(driver: Driver, operation: Operation) -> None:
    sent = Sent(operation.data)
    call(driver, sent.client(driver), operation, operation.given)
    expected = {"method", "path", "query", "body", "form", "sends_file"}
    assert sent_of(sent.requests[0]) == {name: getattr(operation, name) for name in expected}


@every
def test_nothing_that_was_not_given_is_sent(driver: Driver, operation: Operation) -> None:
    sent = Sent(operation.data)
    least = {name: value for name, value in operation.given.items() if name in operation.least}
    call(driver, sent.client(driver), operation, least)
    found = sent_of(sent.requests[0])
    assert found["query"].keys() - {"page_size", "page_num"} == operation.query.keys() & operation.least
    assert (found["body"] or {}).keys() == (operation.body or {}).keys() & operation.least
    assert (found["form"] or {}).keys() == (operation.form or {}).keys() & operation.least
    assert found["sends_file"] == operation.sends_file


@every
def test_an_answer_becomes_a_value_also_with_more_and_with_fewer_fields(driver: Driver, operation: Operation) -> None:
    assert call(driver, Sent(operation.data).client(driver), operation, operation.given) == operation.value
    if isinstance(operation.data, dict):
        value = call(driver, Sent({**operation.data, "new": [1]}).client(driver), operation, operation.given)
        assert fields_of(value) == fields_of(operation.value)


def fields_of(value: object) -> object:
    """The fields of a model that it declares; any other value as it is."""
    return {name: getattr(value, name) for name in type(value).model_fields} if isinstance(value, Model) else value


@every
def test_only_what_may_be_repeated_is_sent_again(driver: Driver, operation: Operation, sleeps: list[float]) -> None:
    assert tries(driver, operation) == (1 if operation.starts else 3)


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if isinstance(each.value, (str, Room, Live, Transcription))],
    ids=lambda operation: operation.name,
)
def test_a_success_that_lacks_what_was_asked_for_is_an_error(driver: Driver, operation: Operation) -> None:
    with pytest.raises(ProtocolError, match="reported success"):
        call(driver, Sent({}).client(driver), operation, operation.given)


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
BY_NAME = {operation.name: operation for operation in OPERATIONS}


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize(("count", "size"), [(0, 2), (1, 1), (4, 2), (5, 2), (3, 50)])
def test_a_listing_gives_every_item_once_and_ends(driver: Driver, name: str, count: int, size: int) -> None:
    style, key, end, identity = LISTINGS[name]
    items = [{identity: str(number)} for number in range(count)]

    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"code": 0, "data": style(items, key, end, dict(request.url.params))})

    client = driver.client("t", base_url="http://coze", transport=httpx.MockTransport(respond))
    given = {each: value for each, value in BY_NAME[name].given.items() if each in BY_NAME[name].least}
    found = call(driver, client, BY_NAME[name], {**given, "page_size": size})
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
    operation, sent = BY_NAME[name], Sent(BY_NAME[name].data)
    given = {each: value for each, value in operation.given.items() if each in operation.least}
    call(driver, sent.client(driver), operation, given)
    assert sent.requests[0].url.params["page_size"] == str(largest)
    for size in (0, largest + 1):
        with pytest.raises(ConfigurationError, match="page_size"):
            call(driver, sent.client(driver), operation, {**given, "page_size": size})


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
    sent = Sent(BY_NAME[name].data)
    with pytest.raises(ConfigurationError, match=named):
        call(driver, sent.client(driver), BY_NAME[name], {**BY_NAME[name].given, **changed})
    assert sent.requests == []


@pytest.mark.parametrize(
    ("name", "largest"), [("transcriptions.create", 10), ("voices.clone", 10), ("voiceprint_groups.features.create", 4)]
)
def test_a_sound_over_the_limit_is_refused(driver: Driver, name: str, largest: int) -> None:
    operation = BY_NAME[f"audio.{name}"]
    sent = Sent(operation.data)
    method: Any = sent.client(driver).audio
    for part in name.split("."):
        method = getattr(method, part)
    with pytest.raises(ConfigurationError, match=f"{largest} MB"):
        driver.run(method(bytes(largest * 2**20 + 1), **operation.given))
    assert sent.requests == []


def test_the_settings_of_a_room_are_sent_under_cozes_names(driver: Driver) -> None:
    sent = Sent(BY_NAME["audio.rooms.create"].data)
    config = RoomConfig(room_mode="translate", translate_config=RoomTranslateConfig(from_="en", to="zh"))
    room = driver.run(sent.client(driver).audio.rooms.create(bot_id="1", config=config))
    body = sent_of(sent.requests[0])["body"]
    assert body == {
        "bot_id": "1",
        "config": {"room_mode": "translate", "translate_config": {"from": "en", "to": "zh"}},
    }
    assert "'s'" not in repr(room)
