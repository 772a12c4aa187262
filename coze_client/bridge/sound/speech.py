"""Speech of an answer: the settings of a voice, and the calls that speak a text."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import model_validator
from typing_extensions import Self

from coze_client.api.audio.requests import LONGEST_TEXT
from coze_client.api.audio.resource import Speech
from coze_client.api.audio.values import SampleRate, SpeechEmotion, SpeechFormat
from coze_client.bridge.connection import Connection
from coze_client.bridge.sound.text_parts import split_text
from coze_client.core.byte_stream import ByteRun
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError, CozeError


class SpeechSettings(Connection):
    """A voice, how it speaks, and the client. Not on coze-studio."""

    voice_id: str
    """The voice, from ``client.audio.voices.list``."""
    response_format: SpeechFormat | None = None
    """mp3 (default), wav, pcm or ogg_opus."""
    speed: float | None = None
    """Default 1; 0.5 to 2 for voices of big models, 0.2 to 3 for small ones."""
    sample_rate: SampleRate | None = None
    """Samples a second, default 24000."""
    loudness_rate: int | None = None
    """-50 to 100 percent, default 0."""
    emotion: SpeechEmotion | None = None
    """One that the voice has."""
    emotion_scale: float | None = None
    """1 to 5, default 4."""
    context_texts: str | None = None
    """Mood, dialect or pace in words, for 2.0 voices of big models."""
    split: bool = False
    """True: a text of more than 1024 bytes in UTF-8 is spoken in parts. EACH PART IS A CALL THAT COZE BILLS. False:
    such a text raises ConfigurationError, and nothing is sent. ogg_opus cannot be split."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._requests("-", {})
        return self

    async def _speak(self, session: Session, text: str, options: Mapping[str, Any]) -> bytes:
        """The speech of a text; `options` override the settings. A part that fails fails the whole."""
        requests = self._requests(text, options)
        sounds = [await _load_part(session, request, (n, len(requests))) for n, request in enumerate(requests, 1)]
        return join_sounds(sounds)

    def _requests(self, text: str, options: Mapping[str, Any]) -> list[Request[object]]:
        """What is sent for a text. Raises ConfigurationError for what Coze does not take, TypeError for other names."""
        settings = {name: getattr(self, name) for name in SpeechSettings.model_fields if name not in _CONNECTION}
        given = {**settings, **options}
        split = given.pop("split")
        if not text.strip():
            raise ConfigurationError("There is no text to speak")
        if split and given["response_format"] == "ogg_opus":
            raise ConfigurationError("Parts of ogg_opus cannot be joined", cure="Choose mp3, wav or pcm to split texts")
        parts = split_text(text, LONGEST_TEXT) if split else [text]
        return [Speech.create(input=part, **given).request for part in parts]


_CONNECTION = frozenset(Connection.model_fields)


async def _load_part(session: Session, request: Request[object], place: tuple[int, int]) -> bytes:
    try:
        return await ByteRun(session, request).read()
    except CozeError as error:
        number, count = place
        if count > 1:
            error.message = f"Part {number} of {count} failed; Coze bills the parts before it. {error.message}"
            error.args = (error.message,)
        raise


def join_sounds(sounds: Sequence[bytes]) -> bytes:
    """One sound of several of one format: mp3, pcm or wav, of which only wav says in its head how long it is; pure."""
    if len(sounds) == 1 or not sounds[0].startswith(b"RIFF"):
        return b"".join(sounds)
    joined = io.BytesIO()
    with wave.open(joined, "wb") as writer:
        for number, sound in enumerate(sounds):
            with wave.open(io.BytesIO(sound)) as reader:
                if number == 0:
                    writer.setparams(reader.getparams())
                writer.writeframes(reader.readframes(reader.getnframes()))
    return joined.getvalue()
