"""Audio, variables and members on the emulator: what the calls do together."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from coze_client import InvalidRequest, NotFound, PermissionDenied
from coze_client.emulator import Emulator
from tests.support.clients import ConnectedClient, Driver


def test_speech_is_saved_and_written_down(coze: ConnectedClient, tmp_path: Path) -> None:
    audio = coze.client.audio
    voice = coze.collect(audio.voices.list(model_type="big"))[0]
    speech = audio.speech.create(input="Hello, Ada.", voice_id=voice.voice_id, response_format="wav")
    path = coze.run(speech.to_file(tmp_path / "hello.wav"))
    with wave.open(str(path)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(0.66)
    assert coze.run(audio.transcriptions.create(path)).text == "Hello, Ada."
    answer = coze.run(coze.client.request("POST", "/v1/audio/transcriptions", files={"file": path}))
    assert answer["data"] == {"text": "Hello, Ada."}


def test_a_refusal_in_place_of_speech_is_an_error_with_code_and_logid(coze: ConnectedClient, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="voice") as raised:
        coze.run(coze.client.audio.speech.create(input="hi", voice_id="1").to_file(tmp_path / "a.mp3"))
    assert (raised.value.code, bool(raised.value.logid), list(tmp_path.iterdir())) == (4200, True, [])


def test_a_voice_is_trained_from_a_sample(coze: ConnectedClient) -> None:
    voices = coze.client.audio.voices
    voice_id = coze.run(voices.clone(b"RIFF\0\0\0\0WAVEfmt ", voice_name="Ada", audio_format="wav"))
    assert [voice.voice_id for voice in coze.collect(voices.list(filter_system_voice=True, page_size=1))] == [voice_id]


def test_variables_are_set_for_one_end_user(coze: ConnectedClient) -> None:
    bot_id = coze.emulator.bots["echo"]
    coze.emulator.add_variables(bot_id, {"city": "Bonn", "tone": ""})
    variables = coze.client.variables
    coze.run(variables.update(bot_id=bot_id, connector_uid="ada", data={"city": "Ulm"}))
    found = coze.run(variables.retrieve(bot_id=bot_id, connector_uid="ada", keywords=["city", "nonsense"]))
    assert [(each.keyword, each.value, bool(each.create_time)) for each in found] == [("city", "Ulm", True)]
    with pytest.raises(InvalidRequest, match="nonsense"):
        coze.run(variables.update(bot_id=bot_id, connector_uid="ada", data={"nonsense": "x"}))


def test_members_join_and_leave_a_workspace(coze: ConnectedClient) -> None:
    coze.emulator.issue_token(account="7")
    workspaces = coze.client.workspaces
    workspace_id = coze.run(workspaces.create(name="Team", description="of Ada"))
    coze.run(workspaces.update(workspace_id=workspace_id, name="Crew"))
    assert [each.name for each in coze.collect(workspaces.list())] == ["Emulated workspace", "Crew"]
    added = coze.run(workspaces.members.create(workspace_id=workspace_id, users={"7": "admin", "9": "member"}))
    assert (added.added_success_user_ids, added.not_exist_user_ids) == (("7",), ("9",))
    members = coze.collect(workspaces.members.list(workspace_id=workspace_id, page_size=1))
    assert [member.role_type for member in members] == ["owner", "admin"]
    removed = coze.run(workspaces.members.delete(workspace_id=workspace_id, user_ids=["7"]))
    assert removed.removed_success_user_ids == ("7",)


def test_a_call_that_the_emulator_does_not_serve_says_so(coze: ConnectedClient) -> None:
    with pytest.raises(NotFound, match="the emulator") as raised:
        coze.run(coze.client.benefits.retrieve())
    assert "does not implement the call" in raised.value.cure


def test_a_token_without_the_permission_is_told_its_name(driver: Driver, emulator: Emulator) -> None:
    client = driver.client(emulator.issue_token(scopes=["listVoice"]), base_url=emulator.url)
    assert driver.collect(client.audio.voices.list())
    with pytest.raises(PermissionDenied, match="createSpeech"):
        driver.run(client.audio.speech.create(input="hi", voice_id="1").read())


def test_a_studio_has_no_sound_no_variables_and_no_members(driver: Driver) -> None:
    with Emulator("studio") as studio:
        client = driver.client(studio.token, base_url=studio.url)
        for call in (
            lambda: driver.run(client.audio.speech.create(input="hi", voice_id="1").read()),
            lambda: driver.run(client.variables.retrieve(bot_id="1", connector_uid="ada")),
            lambda: driver.collect(client.workspaces.members.list(workspace_id="1")),
        ):
            with pytest.raises(NotFound, match="missing session_key"):
                call()
