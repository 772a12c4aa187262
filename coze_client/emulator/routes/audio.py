"""Routes of sound: speech and its transcription, voices and their training."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.dialect import json_reply
from coze_client.emulator.protocol.reply import JsonReply, RawReply, Reply
from coze_client.emulator.protocol.request import Fields, IncomingRequest, UploadedPart
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.state.audio_records import StoredSpeech, StoredVoice
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.text.spoken import SAMPLE_RATES, Sound, mp3_of, samples_of, wav_of

FIRST_VOICE_ID = 7468512265134800001
SOUND_LIMIT = 10 * 1024 * 1024
TRAININGS = 10
TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm"}
MAKERS = {"mp3": mp3_of, "wav": wav_of, "pcm": samples_of}
CLONE_FORMATS = ("wav", "mp3", "ogg", "m4a", "aac", "pcm")
LANGUAGES = {
    "zh": "Chinese",
    "en": "English",
    "ja": "Japanese",
    "es": "Spanish",
    "id": "Indonesian",
    "pt": "Portuguese",
}
_SCALE = {"min": 1.0, "max": 5.0, "default": 4.0}
_EMOTIONS = [{"emotion": name, "display_name": name, "emotion_scale_interval": _SCALE} for name in ("happy", "sad")]


def _system_voice(
    number: int, name: str, language: str, model_type: str, *, emotions: bool = False
) -> dict[str, object]:
    voice = {
        "voice_id": str(FIRST_VOICE_ID - 100 + number),
        "name": name,
        "is_system_voice": True,
        "language_code": language,
        "language_name": LANGUAGES[language],
        "preview_text": "",
        "preview_audio": "",
        "available_training_times": 0,
        "create_time": 1735689600,
        "update_time": 1735689600,
        "model_type": model_type,
        "model_name": "",
        "state": "cloned",
    }
    return {**voice, "support_emotions": _EMOTIONS} if emotions else voice


SYSTEM_VOICES = (
    _system_voice(0, "Emulated Ada", "en", "big", emotions=True),
    _system_voice(1, "Emulated Lin", "zh", "big"),
    _system_voice(2, "Emulated Bob", "en", "small"),
)


async def speech(backend: Backend, request: IncomingRequest) -> Reply:
    """Speak a text in tones and remember what they say; ogg_opus is not implemented."""
    body = request.body
    text = body.limited("input", 1024, unit="bytes") or body.text("input")
    kind = body.choice("response_format", (*TYPES, "ogg_opus"), "mp3")
    sound = _read_sound(body, find_voice(backend, request.account, body.text("voice_id")))
    body.limited("context_texts", 1024)
    if kind == "ogg_opus":
        return json_reply(501, {"code": 501, "msg": "the emulator speaks mp3, wav and pcm, but no ogg_opus"})
    content = MAKERS[kind](text, sound)
    backend.state.save(StoredSpeech(sha256(content).hexdigest(), text))
    disposition = {"content-disposition": f"attachment; filename=speech.{kind}"}
    return RawReply(body=content, content_type=TYPES[kind], headers=disposition)


def _read_sound(body: Fields, voice: dict[str, object]) -> Sound:
    rate = body.number("sample_rate", 24000, SAMPLE_RATES[0], SAMPLE_RATES[-1])
    if rate not in SAMPLE_RATES:
        raise ApiError(4000, f"sample_rate must be one of {', '.join(map(str, SAMPLE_RATES))}")
    slowest, fastest = (0.5, 2) if voice["model_type"] == "big" else (0.2, 3)
    loudness = 1 + body.number("loudness_rate", 0, -50, 100) / 100
    body.decimal("emotion_scale", 4.0, 1.0, 5.0)
    if body.optional("emotion") and "support_emotions" not in voice:
        raise ApiError(4000, "the voice has no emotions")
    body.choice("emotion", [str(each["emotion"]) for each in _EMOTIONS], str(_EMOTIONS[0]["emotion"]))
    return Sound(rate, body.decimal("speed", 1.0, slowest, fastest), loudness)


async def transcriptions(backend: Backend, request: IncomingRequest) -> Reply:
    """Return the text of a sound that the emulator made; it understands no other."""
    sound = read_sound(request, SOUND_LIMIT)
    spoken = backend.state.get(StoredSpeech, sha256(sound.content).hexdigest())
    if spoken is None:
        return json_reply(501, {"code": 501, "msg": "the emulator understands only the speech that it made itself"})
    return JsonReply({"text": spoken.text})


def read_sound(request: IncomingRequest, largest: int) -> UploadedPart:
    """Return the part `file`, which must be a sound of 1 to `largest` bytes with a file name."""
    parts = [part for part in request.uploads if part.part == "file"]
    if not parts or not parts[0].size:
        raise ApiError(4000, "file is required")
    if parts[0].size > largest:
        raise ApiError(4000, f"file has more than {largest} bytes")
    return parts[0]


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    """List the voices of the emulator, then those of the account."""
    query = request.query
    page = query.page(100, 100)
    own_only = query.choice("filter_system_voice", ("true", "false"), "false") == "true"
    model_type = query.choice("model_type", ("", "big", "small"), "")
    state = query.choice("voice_state", ("init", "cloned", "all"), "cloned")
    own = [_describe(voice) for voice in backend.state.owned(StoredVoice, request.account)]
    every = [*([] if own_only else SYSTEM_VOICES), *own]
    found = [each for each in every if model_type in ("", each["model_type"]) and state in ("all", each["state"])]
    return JsonReply({"voice_list": found[page], "has_more": page.stop < len(found)})


async def clone(backend: Backend, request: IncomingRequest) -> Reply:
    """Train a voice of the account, or train one anew; only on a paid plan."""
    if backend.settings.plan == "free":
        raise ApiError(4101, "training a voice needs an enterprise plan")
    form = request.form
    name = form.limited("voice_name", 128, unit="bytes") or form.text("voice_name")
    if form.text("audio_format") not in CLONE_FORMATS:
        raise ApiError(4000, f"audio_format must be one of {', '.join(CLONE_FORMATS)}")
    language = form.choice("language", LANGUAGES, "en")
    preview = form.optional("preview_text") or "Hello."
    form.limited("text", 1024, unit="bytes")
    read_sound(request, SOUND_LIMIT)
    voice = _trained(backend, request.account, form.optional("voice_id"))
    trained = replace(
        voice, name=name, language=language, preview_text=preview, trainings_left=voice.trainings_left - 1
    )
    backend.state.save(replace(trained, updated_at=backend.now))
    return JsonReply({"voice_id": voice.id})


def _trained(backend: Backend, account: str, voice_id: str | None) -> StoredVoice:
    """Return the voice to train, a new one without `voice_id`; 4200 if it is another's, 4000 if none is left."""
    if not voice_id:
        new_id = backend.state.new_id(StoredVoice, FIRST_VOICE_ID)
        return StoredVoice(new_id, account, "", "en", "", TRAININGS, backend.now, backend.now)
    voice = backend.state.get(StoredVoice, voice_id)
    if voice is None or voice.account != account:
        raise ApiError(4200)
    if voice.trainings_left < 1:
        raise ApiError(4000, "the voice has no training left")
    return voice


def find_voice(backend: Backend, account: str, voice_id: str) -> dict[str, object]:
    """Return a voice of the emulator or of the account; 4200 if there is none."""
    own = [_describe(voice) for voice in backend.state.owned(StoredVoice, account)]
    found = next((voice for voice in (*SYSTEM_VOICES, *own) if voice["voice_id"] == voice_id), None)
    if found is None:
        raise ApiError(4200, "the voice does not exist")
    return found


def _describe(voice: StoredVoice) -> dict[str, object]:
    return {
        **SYSTEM_VOICES[1],
        "voice_id": voice.id,
        "name": voice.name,
        "is_system_voice": False,
        "language_code": voice.language,
        "language_name": LANGUAGES[voice.language],
        "preview_text": voice.preview_text,
        "available_training_times": voice.trainings_left,
        "create_time": voice.created_at,
        "update_time": voice.updated_at,
    }


ENDPOINTS = (
    Endpoint("POST", "/v1/audio/speech", ("createSpeech",), speech),
    Endpoint("POST", "/v1/audio/transcriptions", ("createTranscription",), transcriptions),
    Endpoint("GET", "/v1/audio/voices", ("listVoice",), list_),
    Endpoint("POST", "/v1/audio/voices/clone", ("createVoice",), clone),
)
