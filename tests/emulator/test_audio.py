"""Speech in tones and its transcription; voices and their training."""

from __future__ import annotations

import io
import wave
from typing import Any

import httpx
import pytest

from coze_client.emulator import Emulator
from tests.support.api_calls import ApiClient, code, data

VOICE = "7468512265134799901"
SMALL_VOICE = "7468512265134799903"
WAV = ("a.wav", b"RIFF\0\0\0\0WAVEfmt ")


def speak(api: ApiClient, text: str = "hello", **more: Any) -> httpx.Response:
    return api.post("/v1/audio/speech", json={"input": text, "voice_id": VOICE, **more})


def transcribe(api: ApiClient, content: bytes, name: str = "a.wav") -> httpx.Response:
    return api.post("/v1/audio/transcriptions", files={"file": (name, content)})


def clone(api: ApiClient, *, file: tuple[str, bytes] | None = WAV, **changed: Any) -> httpx.Response:
    form = {"voice_name": "Ada", "audio_format": "wav", **changed}
    texts = {name: (None, text) for name, text in form.items() if text is not None}
    return api.post("/v1/audio/voices/clone", files={**texts, **({"file": file} if file else {})})


def seconds_of_wav(content: bytes) -> float:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return float(file.getnframes() / file.getframerate())


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 32000, 44100, 48000])
@pytest.mark.parametrize("speed", [0.5, 1, 2])
def test_speech_is_as_long_as_its_text(api: ApiClient, rate: int, speed: float) -> None:
    given = {"sample_rate": rate, "speed": speed}
    sound = speak(api, "ten times!", response_format="wav", **given)
    assert sound.headers["content-type"] == "audio/wav"
    assert seconds_of_wav(sound.content) == pytest.approx(0.6 / speed, abs=0.001)
    assert len(speak(api, "ten times!", response_format="pcm", **given).content) == len(sound.content) - 44
    assert _seconds_of_mp3(speak(api, "ten times!", **given).content, rate) == pytest.approx(0.6 / speed, abs=0.08)


def _seconds_of_mp3(content: bytes, rate: int) -> float:
    """Walk the frames behind the tag, which have one head and one length."""
    assert content[:3] == b"ID3"
    start = 10 + sum(part << shift for part, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
    head = content[start : start + 4]
    length = content.index(head, start + 4) - start
    count, rest = divmod(len(content) - start, length)
    assert (rest, content.count(head)) == (0, count)
    return count * (1152 if rate >= 32000 else 576) / rate


@pytest.mark.parametrize("kind", ["wav", "mp3", "pcm"])
def test_what_was_spoken_is_written_down(api: ApiClient, kind: str) -> None:
    sounds = {text: speak(api, text, response_format=kind).content for text in ("hello there", "你好", "hello then?")}
    for text, sound in sounds.items():
        assert data(transcribe(api, sound, f"a.{kind}")) == {"text": text}


def test_a_sound_that_nobody_spoke_is_not_understood(api: ApiClient) -> None:
    response = transcribe(api, WAV[1])
    assert (response.status_code, response.json()["msg"]) == (
        501,
        "the emulator understands only the speech that it made itself",
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"input": ""}, 4000),
        ({"input": "语" * 342}, 4000),
        ({"voice_id": "1"}, 4200),
        ({"voice_id": None}, 4000),
        ({"response_format": "flac"}, 4000),
        ({"sample_rate": 11025}, 4000),
        ({"speed": 2.1}, 4000),
        ({"speed": 0.4}, 4000),
        ({"voice_id": SMALL_VOICE, "speed": 0.2}, 0),
        ({"voice_id": SMALL_VOICE, "emotion": "happy"}, 4000),
        ({"emotion": "happy", "emotion_scale": 1.5}, 0),
        ({"emotion": "fear"}, 4000),
        ({"emotion_scale": 0.9}, 4000),
        ({"loudness_rate": -51}, 4000),
        ({"response_format": "ogg_opus"}, 501),
    ],
)
def test_speech_keeps_the_limits_of_coze(api: ApiClient, changed: dict[str, Any], expected: int) -> None:
    response = api.post("/v1/audio/speech", json={"input": "hi", "voice_id": VOICE, **changed})
    is_sound = response.headers["content-type"].startswith("audio/")
    assert (0 if is_sound else code(response)) == expected


def test_a_transcription_needs_a_sound_of_at_most_ten_megabytes(api: ApiClient) -> None:
    assert code(api.post("/v1/audio/transcriptions", files={"body": WAV})) == 4000
    assert code(transcribe(api, b"")) == 4000
    assert code(transcribe(api, bytes(10 * 2**20 + 1))) == 4000


def test_a_trained_voice_speaks_and_belongs_to_its_account(api: ApiClient, emulator: Emulator) -> None:
    voice_id = data(clone(api, language="ja", preview_text="hi"))["voice_id"]
    [voice] = data(api.get("/v1/audio/voices", params={"filter_system_voice": "true"}))["voice_list"]
    shown = ("voice_id", "name", "language_code", "preview_text", "available_training_times", "is_system_voice")
    assert [voice[name] for name in shown] == [voice_id, "Ada", "ja", "hi", 9, False]
    assert speak(api, voice_id=voice_id).headers["content-type"] == "audio/mpeg"
    with ApiClient(emulator, emulator.issue_token(account="7")) as other:
        assert code(speak(other, voice_id=voice_id)) == 4200
        assert code(clone(other, voice_id=voice_id)) == 4200


def test_a_voice_has_ten_trainings(api: ApiClient) -> None:
    voice_id = data(clone(api))["voice_id"]
    assert [code(clone(api, voice_id=voice_id, voice_name=f"n{number}")) for number in range(10)] == [0] * 9 + [4000]
    [voice] = data(api.get("/v1/audio/voices", params={"filter_system_voice": "true"}))["voice_list"]
    assert (voice["name"], voice["available_training_times"]) == ("n8", 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"voice_name": None},
        {"voice_name": "语" * 43},
        {"audio_format": "flac"},
        {"audio_format": None},
        {"language": "de"},
        {"text": "x" * 1025},
    ],
)
def test_a_training_keeps_the_limits_of_coze(api: ApiClient, changed: dict[str, Any]) -> None:
    assert code(clone(api, **changed)) == 4000
    assert code(clone(api, file=None)) == 4000


def test_a_free_plan_trains_no_voice() -> None:
    with Emulator(plan="free") as emulator, ApiClient(emulator) as api:
        assert code(clone(api)) == 4101


@pytest.mark.parametrize(
    ("asked", "count"),
    [({}, 3), ({"model_type": "small"}, 1), ({"voice_state": "init"}, 0), ({"voice_state": "all"}, 3)],
)
def test_voices_are_filtered_and_paged_without_a_total(api: ApiClient, asked: dict[str, str], count: int) -> None:
    found = data(api.get("/v1/audio/voices", params=asked))
    assert (len(found["voice_list"]), found["has_more"], "total" in found) == (count, False, False)
    pages = [data(api.get("/v1/audio/voices", params={**asked, "page_size": "1", "page_num": n})) for n in range(1, 5)]
    assert [len(page["voice_list"]) for page in pages] == [1] * count + [0] * (4 - count)
    assert [page["has_more"] for page in pages] == [number < count - 1 for number in range(4)]


def test_a_live_sound_has_the_streams_it_was_given(api: ApiClient, emulator: Emulator) -> None:
    live_id = emulator.add_live({"speaker": "origin", "interpreter": "translation"})
    found = data(api.get(f"/v1/audio/live/{live_id}"))["stream_infos"]
    assert [(each["name"], each["live_type"]) for each in found] == [
        ("speaker", "origin"),
        ("interpreter", "translation"),
    ]
    assert len({each["stream_id"] for each in found}) == len(emulator.lives) + 1
    assert code(api.get("/v1/audio/live/1")) == 4200
