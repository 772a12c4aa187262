"""Audio: speech from text, text from speech, rooms for calls, live sound.

API pages: text_to_speech, audio_transcriptions, create_room. Not on coze-studio.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from coze_client.api.audio.requests import BILLED, LONGEST_TEXT, SOUND_LIMIT, check_bytes, check_range, sound_request
from coze_client.api.audio.values import (
    Live,
    Room,
    RoomConfig,
    SampleRate,
    SpeechEmotion,
    SpeechFormat,
    Transcription,
)
from coze_client.api.files.requests import open_upload
from coze_client.api.files.values import FileSource
from coze_client.core.byte_stream import AsyncByteStream, ByteStream, byte_stream
from coze_client.core.request import Kind, Request, fields, segment
from coze_client.core.resource import ConcurrencyT, Resource, call, events, flow
from coze_client.core.response import Payload, RawResponse, read_file
from coze_client.core.stream import Events
from coze_client.core.upload import Upload
from coze_client.errors import ConfigurationError, ProtocolError

if TYPE_CHECKING:
    from coze_client.api.audio.voiceprints import VoiceprintGroups
    from coze_client.api.audio.voices import Voices


class Audio(Resource[ConcurrencyT]):
    """``client.audio``: the resources of sound."""

    @cached_property
    def speech(self) -> Speech[ConcurrencyT]:
        """``client.audio.speech``: text, spoken."""
        return Speech(self._session, self._concurrency)

    @cached_property
    def transcriptions(self) -> Transcriptions[ConcurrencyT]:
        """``client.audio.transcriptions``: speech, written down."""
        return Transcriptions(self._session, self._concurrency)

    @cached_property
    def voices(self) -> Voices[ConcurrencyT]:
        """``client.audio.voices``: the voices that can speak."""
        from coze_client.api.audio.voices import Voices

        return Voices(self._session, self._concurrency)

    @cached_property
    def rooms(self) -> Rooms[ConcurrencyT]:
        """``client.audio.rooms``: calls with a bot over Volcano RTC."""
        return Rooms(self._session, self._concurrency)

    @cached_property
    def live(self) -> LiveSound[ConcurrencyT]:
        """``client.audio.live``: the streams of a live sound."""
        return LiveSound(self._session, self._concurrency)

    @cached_property
    def voiceprint_groups(self) -> VoiceprintGroups[ConcurrencyT]:
        """``client.audio.voiceprint_groups``: speakers, known by their voices."""
        from coze_client.api.audio.voiceprints import VoiceprintGroups

        return VoiceprintGroups(self._session, self._concurrency)


class Speech(Resource[ConcurrencyT]):
    """``client.audio.speech``: text, spoken by a voice."""

    @events
    def create(
        self,
        *,
        input: str,  # noqa: A002 - Coze's name
        voice_id: str,
        response_format: SpeechFormat | None = None,
        speed: float | None = None,
        sample_rate: SampleRate | None = None,
        loudness_rate: int | None = None,
        emotion: SpeechEmotion | None = None,
        emotion_scale: float | None = None,
        context_texts: str | None = None,
    ) -> Events[ByteStream, AsyncByteStream]:
        """Speak a text; the result is a file, which ``to_file(path)`` writes while it arrives. Each call is billed.

        `input`: at most 1024 bytes in UTF-8. `voice_id`: from ``voices.list``. `response_format`: mp3 (default), wav,
        pcm or ogg_opus. `speed`: default 1; 0.5 to 2 for voices of big models, 0.2 to 3 for small ones. `sample_rate`:
        default 24000 Hz. `loudness_rate`: -50 to 100 percent, default 0. `emotion`: one that the voice has; its
        `emotion_scale` is 1 to 5, default 4. `context_texts`: mood, dialect or pace in words, for 2.0 voices of big
        models. Permission: createSpeech. API page: text_to_speech.
        """
        if not input:
            raise ConfigurationError("input is empty")
        check_bytes("input", input, LONGEST_TEXT)
        check_range("speed", speed, 0.2, 3)
        check_range("loudness_rate", loudness_rate, -50, 100)
        check_range("emotion_scale", emotion_scale, 1, 5)
        body = fields(
            input=input,
            voice_id=voice_id,
            response_format=response_format,
            speed=speed,
            sample_rate=sample_rate,
            loudness_rate=loudness_rate,
            emotion=emotion,
            emotion_scale=emotion_scale,
            context_texts=context_texts,
        )
        return byte_stream(
            Request("POST", "/v1/audio/speech", read_file, body=body, kind=Kind.START, binary=True, unanswered=BILLED)
        )


class Transcriptions(Resource[ConcurrencyT]):
    """``client.audio.transcriptions``: speech, written down."""

    @flow
    async def create(self, file: FileSource, *, name: str | None = None) -> Transcription:
        """Write down what is said in a sound of at most 10 MB and 30 minutes. Each call is billed.

        `file`: a path, bytes, or a file opened in binary mode: opus, ogg, mp3, wav, m4a, mp4, pcm, raw, spx, aac or
        amr; small models take ogg, mp3, wav, mp4 and m4a. `name`: default the file's own; its extension tells the
        format. Permission: createTranscription. API page: audio_transcriptions.
        """
        with open_upload(file, name, SOUND_LIMIT) as upload:
            return await self._session.send(transcription_request(upload))


class Rooms(Resource[ConcurrencyT]):
    """``client.audio.rooms``: calls with a bot."""

    @call
    def create(
        self,
        *,
        bot_id: str,
        conversation_id: str | None = None,
        voice_id: str | None = None,
        uid: str | None = None,
        workflow_id: str | None = None,
        connector_id: str | None = None,
        config: RoomConfig | Mapping[str, object] | None = None,
    ) -> Request[Room]:
        """Open a room for a call with a bot. It is billed from now on: the bot waits in it, at least 3 minutes.

        `uid`: your id of the end user; the bot's memory of each is apart. The room closes by itself: no call closes it.
        Permission: createRoom. API page: create_room, which lacks `workflow_id`.
        """
        body = fields(
            bot_id=bot_id,
            conversation_id=conversation_id,
            voice_id=voice_id,
            uid=uid,
            workflow_id=workflow_id,
            connector_id=connector_id,
            config=_to_json(config),
        )
        return Request(
            "POST", "/v1/audio/rooms", Payload(Room, needed="room_id"), body=body, kind=Kind.START, unanswered=BILLED
        )


class LiveSound(Resource[ConcurrencyT]):
    """``client.audio.live``: the streams of a live sound."""

    @call
    def retrieve(self, *, live_id: str) -> Request[Live]:
        """Retrieve the streams of a live sound. No API page; the official SDKs of Python, Go and JavaScript agree."""
        return Request("GET", f"/v1/audio/live/{segment(live_id)}", Payload(Live, needed="app_id"))


def transcription_request(upload: Upload) -> Request[Transcription]:
    """What is sent to write down what is said in a sound."""
    return sound_request("/v1/audio/transcriptions", _read_transcription, upload, unanswered=BILLED)


def _to_json(config: RoomConfig | Mapping[str, object] | None) -> object:
    if isinstance(config, RoomConfig):
        return config.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    return config


def _read_transcription(response: RawResponse) -> Transcription:
    """The text, which is empty for silence; a success that lacks it is an error."""
    found = Payload(Transcription)(response)
    if "text" not in found.model_fields_set:
        raise ProtocolError("The server reported success, but sent no text", logid=response.logid)
    return found
