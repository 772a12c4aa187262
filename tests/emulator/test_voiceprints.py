"""Voiceprints of the emulator: groups that the team sees, sounds that are kept, and speakers that are recognized."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from coze_client import InvalidRequest, NotFound, PermissionDenied
from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code, data
from tests.support.clients import ConnectedClient

WAV = b"RIFF\0\0\0\0WAVEfmt "


def group(coze: ConnectedClient, name: str = "family") -> str:
    made: str = coze.run(coze.client.audio.voiceprint_groups.create(name=name, desc="of ours"))
    return made


def voiceprint(coze: ConnectedClient, group_id: str, name: str = "Ada", sound: bytes = WAV) -> str:
    features = coze.client.audio.voiceprint_groups.features
    made: str = coze.run(features.create(sound, group_id=group_id, name=name, file_name="a.wav"))
    return made


def other_client(coze: ConnectedClient, emulator: Emulator) -> Any:
    return coze.driver.client(emulator.issue_token(account="7"), base_url=emulator.url)


def test_a_group_is_made_renamed_listed_and_deleted_with_its_voiceprints(coze: ConnectedClient) -> None:
    groups = coze.client.audio.voiceprint_groups
    group_id = group(coze)
    feature_id = voiceprint(coze, group_id)
    coze.run(groups.update(group_id=group_id, name="friends"))
    [listed] = coze.collect(groups.list())
    assert (listed.id, listed.name, listed.desc, listed.feature_count) == (group_id, "friends", "of ours", 1)
    [feature] = coze.collect(groups.features.list(group_id=group_id))
    assert (feature.id, feature.group_id, feature.name) == (feature_id, group_id, "Ada")
    coze.run(groups.delete(group_id=group_id))
    assert coze.collect(groups.list()) == []
    assert httpx.get(feature.audio_url).status_code == 404
    with pytest.raises(NotFound):
        coze.collect(groups.features.list(group_id=group_id))


@pytest.mark.parametrize("size", [1, 2, 3, 200])
def test_groups_are_all_listed_whatever_the_page_size(coze: ConnectedClient, size: int) -> None:
    made = [group(coze, f"g{number}") for number in range(4)]
    groups = coze.client.audio.voiceprint_groups
    assert [each.id for each in coze.collect(groups.list(page_size=size))] == made
    assert [each.id for each in coze.collect(groups.list(page_size=size, name="g2"))] == [made[2]]
    assert coze.collect(groups.list(page_size=size, name="2")) == []
    assert [each.id for each in coze.collect(groups.list(page_size=size, group_id=made[1]))] == [made[1]]


def test_a_voiceprint_keeps_its_sound_until_it_gets_another(coze: ConnectedClient) -> None:
    group_id = group(coze)
    feature_id = voiceprint(coze, group_id)
    features = coze.client.audio.voiceprint_groups.features
    coze.run(features.update(group_id=group_id, feature_id=feature_id, name="Bea"))
    [listed] = coze.collect(features.list(group_id=group_id))
    assert (listed.name, httpx.get(listed.audio_url).content) == ("Bea", WAV)
    changed = WAV + b"2"
    coze.run(features.update(group_id=group_id, feature_id=feature_id, file=changed, file_name="b.wav"))
    [listed] = coze.collect(features.list(group_id=group_id))
    assert (listed.name, httpx.get(listed.audio_url).content) == ("Bea", changed)
    coze.run(features.delete(group_id=group_id, feature_id=feature_id))
    assert coze.collect(features.list(group_id=group_id)) == []


def test_a_speaker_is_recognized_by_the_very_same_sound(coze: ConnectedClient) -> None:
    group_id = group(coze)
    for number in range(3):
        voiceprint(coze, group_id, f"n{number}", WAV + bytes([number]))
    identify = coze.client.audio.voiceprint_groups.speaker_identify
    scores = coze.run(identify(WAV + b"\1", group_id=group_id, file_name="x.wav"))
    assert [(each.feature_name, each.score) for each in scores] == [("n1", 100), ("n0", 0), ("n2", 0)]
    [best] = coze.run(identify(WAV + b"\2", group_id=group_id, file_name="x.pcm", top_k=1, sample_rate=16000))
    assert (best.feature_name, best.score) == ("n2", 100)


def test_others_see_a_group_and_only_its_creator_deletes_it(coze: ConnectedClient, emulator: Emulator) -> None:
    group_id = group(coze)
    feature_id = voiceprint(coze, group_id)
    groups = other_client(coze, emulator).audio.voiceprint_groups
    assert [each.id for each in coze.collect(groups.list())] == [group_id]
    assert coze.collect(groups.list(user_id="7")) == []
    with pytest.raises(PermissionDenied):
        coze.run(groups.delete(group_id=group_id))
    with pytest.raises(PermissionDenied):
        coze.run(groups.features.update(group_id=group_id, feature_id=feature_id, name="Eve"))
    with pytest.raises(PermissionDenied):
        coze.run(groups.features.delete(group_id=group_id, feature_id=feature_id))
    with pytest.raises(PermissionDenied):
        coze.collect(groups.list(user_id="8"))


def test_a_group_has_ten_voiceprints_at_most(coze: ConnectedClient) -> None:
    group_id = group(coze)
    for number in range(10):
        voiceprint(coze, group_id, f"n{number}")
    with pytest.raises(InvalidRequest, match="10 voiceprints"):
        voiceprint(coze, group_id, "n10")
    assert len(coze.collect(coze.client.audio.voiceprint_groups.features.list(group_id=group_id, page_size=3))) == 10


def test_a_voiceprint_of_another_group_is_not_found(coze: ConnectedClient) -> None:
    feature_id, elsewhere = voiceprint(coze, group(coze)), group(coze)
    features = coze.client.audio.voiceprint_groups.features
    with pytest.raises(NotFound):
        coze.run(features.update(group_id=elsewhere, feature_id=feature_id, name="Bea"))
    with pytest.raises(NotFound):
        coze.run(features.delete(group_id=elsewhere, feature_id=feature_id))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, 4000),
        ({"name": "x" * 21}, 4000),
        ({"name": "x", "desc": "x" * 501}, 4000),
        ({"name": "x", "coze_account_id": "7"}, 501),
        ({"name": "ö" * 20, "desc": "x" * 500}, 0),
    ],
)
def test_a_group_keeps_the_limits_of_coze(api: ApiClient, body: dict[str, str], expected: int) -> None:
    assert code(api.post("/v1/audio/voiceprint_groups", json=body)) == expected


SOUNDS = {
    "no file": None,
    "empty": ("a.wav", b""),
    "mp3": ("a.mp3", WAV),
    "too large": ("a.wav", bytes(4 * 2**20 + 1)),
}


@pytest.mark.parametrize("sound", SOUNDS)
def test_a_sound_is_a_wav_or_pcm_file_of_at_most_four_megabytes(api: ApiClient, sound: str) -> None:
    group_id = data(api.post("/v1/audio/voiceprint_groups", json={"name": "g"}))["id"]
    path, given = f"/v1/audio/voiceprint_groups/{group_id}", SOUNDS[sound]
    file = {"file": given} if given else {"other": ("a.wav", WAV)}
    for each in ("features", "speaker_identify"):
        assert code(api.post(f"{path}/{each}", data={"name": "Ada"}, files=file)) == 4000
    assert data(api.get(f"{path}/features"))["total"] == 0
