"""cozepy speaks, transcribes, sets variables, changes members; tests named after it show differences from the API."""

from __future__ import annotations

import base64

import pytest

from coze_client.emulator.workflows import WORKSPACE
from tests.peers.peer import CozePy, PeerRaised
from tests.support.api_calls import ApiClient, data


def test_a_listed_voice_speaks_and_the_sound_is_written_down(cozepy: CozePy, api: ApiClient) -> None:
    voices = cozepy("audio.voices.list")
    assert [each["voice_id"] for each in voices] == [
        each["voice_id"] for each in data(api.get("/v1/audio/voices"))["voice_list"]
    ]
    given = {"input": "hello", "voice_id": voices[0]["voice_id"], "response_format": "wav"}
    sound = cozepy("audio.speech.create", **given)
    assert base64.b64decode(sound) == api.post("/v1/audio/speech", json=given).content
    assert cozepy("audio.transcriptions.create", file=["hello.wav", sound])["text"] == "hello"


def test_variables_are_set_and_read(cozepy: CozePy) -> None:
    bot_id = cozepy.bot("echo")
    cozepy.emulator.add_variables(bot_id, {"city": "Bonn", "tone": "calm"})
    place = {"bot_id": bot_id, "connector_uid": "ada"}
    cozepy("variables.update", data=[{"keyword": "city", "value": "Ulm"}], **place)
    found = cozepy("variables.retrieve", keywords=["city", "tone"], **place)
    assert {each["keyword"]: each["value"] for each in found} == {"city": "Ulm", "tone": "calm"}


def test_members_are_removed_and_added(cozepy: CozePy) -> None:
    cozepy.emulator.issue_token(account="7")
    removed = cozepy("workspaces.members.delete", workspace_id=WORKSPACE, user_ids=["7"])
    assert removed["removed_success_user_ids"] == ["7"]
    users = [{"user_id": "7", "role_type": "admin"}]
    added = cozepy("workspaces.members.create", workspace_id=WORKSPACE, users=users)
    assert added["added_success_user_ids"] == ["7"]


def test_cozepy_cannot_read_a_list_of_members(cozepy: CozePy) -> None:
    with pytest.raises(PeerRaised, match="WorkspaceMember"):
        cozepy("workspaces.members.list", workspace_id=WORKSPACE)
