"""Values of the audio API: voices, transcriptions, rooms, live streams."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from coze_client.core.model import Model

SpeechFormat = Literal["mp3", "wav", "pcm", "ogg_opus"]
"""The form of speech. pcm: 16 bit, little endian, mono, no header, at the ``sample_rate`` that was asked for."""
SpeechEmotion = Literal["happy", "sad", "angry", "surprised", "fear", "hate", "excited", "coldness", "neutral"]
SampleRate = Literal[8000, 16000, 22050, 24000, 32000, 44100, 48000]
CloneFormat = Literal["wav", "mp3", "ogg", "m4a", "aac", "pcm"]
"""The form of a sample for a new voice. pcm: 24 kHz, mono."""
VoiceLanguage = Literal["zh", "en", "ja", "es", "id", "pt"]
VoiceModelType = Literal["big", "small"]
VoiceState = Literal["init", "cloned", "all"]
"""Only a filter has ``all``."""


class Transcription(Model):
    """What is said in a sound: the text alone, without times."""

    text: str = ""


class VoiceEmotionInterval(Model):
    """How strong an emotion of a voice can be, and is by default."""

    min: float | None = None
    max: float | None = None
    default: float | None = None


class VoiceEmotion(Model):
    """An emotion in which a voice can speak; ``emotion`` is the value for ``speech.create``."""

    emotion: str = ""
    display_name: str = ""
    emotion_scale_interval: VoiceEmotionInterval | None = None


class Voice(Model):
    """A voice of Coze or of the account.

    ``preview_audio``: a signed URL that expires. ``available_training_times``: how often it can be trained anew.
    ``support_emotions``: only of voices with several emotions. Times are unix seconds.
    """

    voice_id: str = ""
    name: str = ""
    is_system_voice: bool | None = None
    language_code: str = ""
    language_name: str = ""
    preview_text: str = ""
    preview_audio: str = ""
    available_training_times: int | None = None
    create_time: int | None = None
    update_time: int | None = None
    model_type: str = ""
    model_name: str = ""
    state: str = ""
    support_emotions: tuple[VoiceEmotion, ...] = ()


class RoomAudioConfig(Model):
    """The sound of a room. ``codec``: OPUS (default), AACLC, G711A or G722."""

    codec: str | None = None


class RoomVideoConfig(Model):
    """The video of a room.

    ``codec``: H264 (default) or BYTEVC1. ``stream_video_type``: main or screen. ``video_frame_rate``: 1 (default) to 24
    a second. ``video_frame_expire_duration``: 1 (default) to 10 seconds.
    """

    codec: str | None = None
    stream_video_type: str | None = None
    video_frame_rate: int | None = None
    video_frame_expire_duration: int | None = None


class RoomTranslateConfig(Model):
    """The languages of a room that translates; ``from`` on the wire is ``from_`` here."""

    from_: str | None = Field(default=None, validation_alias="from", serialization_alias="from")
    to: str | None = None


class RoomTurnDetection(Model):
    """What ends a speaker's turn. ``type``: server_vad (default), client_interrupt, client_vad or semantic_vad."""

    type: str | None = None


class RoomConfig(Model):
    """The settings of a room.

    ``prologue_content``: what the bot says first, ``prologue_delay_duration_ms`` after the room opens (0 to 5000,
    default 500). ``room_mode``: default, s2s, podcast or translate, which needs ``translate_config``.
    """

    audio_config: RoomAudioConfig | None = None
    video_config: RoomVideoConfig | None = None
    prologue_content: str | None = None
    prologue_delay_duration_ms: int | None = None
    room_mode: str | None = None
    translate_config: RoomTranslateConfig | None = None
    turn_detection: RoomTurnDetection | None = None


class Room(Model):
    """A room for a call with a bot, in the terms of the SDK of Volcano RTC, which joins it. Keep ``token`` secret."""

    room_id: str = ""
    app_id: str = ""
    uid: str = ""
    token: str = Field(default="", repr=False)


class LiveStream(Model):
    """One stream of a live sound. ``live_type``: origin or translation."""

    stream_id: str = ""
    name: str = ""
    live_type: str = ""


class Live(Model):
    """A live sound and its streams."""

    app_id: str = ""
    stream_infos: tuple[LiveStream, ...] = ()


class VoiceprintUser(Model):
    """The account that made a voiceprint or a group of them."""

    id: str = ""
    name: str = ""
    nickname: str = ""
    avatar_url: str = ""


class VoiceprintGroup(Model):
    """A group of voiceprints; times are unix seconds."""

    id: str = ""
    name: str = ""
    desc: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    icon_url: str = ""
    feature_count: int | None = None
    user_info: VoiceprintUser | None = None


class Voiceprint(Model):
    """A voiceprint, which Coze calls a feature. ``audio_url``: a link to its sound; times are unix seconds."""

    id: str = ""
    group_id: str = ""
    name: str = ""
    desc: str = ""
    audio_url: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    icon_url: str = ""
    user_info: VoiceprintUser | None = None


class VoiceprintScore(Model):
    """How well a voiceprint fits a sound; ``score`` 0 to 100."""

    feature_id: str = ""
    feature_name: str = ""
    feature_desc: str = ""
    score: float | None = None
