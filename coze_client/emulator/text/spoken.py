"""Text as sound: a tone for each character, as samples, in a WAV file, or as the length of a silent MP3 file."""

from __future__ import annotations

import io
import math
import wave
from array import array
from functools import lru_cache
from typing import NamedTuple

SECONDS_PER_CHARACTER = 0.06
LOUDNESS = 8000


class Sound(NamedTuple):
    """What the tones of a text are like: samples a second, speed and loudness as factors."""

    rate: int = 24000
    speed: float = 1.0
    loudness: float = 1.0


def samples_of(text: str, sound: Sound) -> bytes:
    """Return 16-bit little-endian mono samples: a tone for each character, silence for white space."""
    return b"".join(_tone(0 if character.isspace() else 200 + ord(character) * 37 % 1801, sound) for character in text)


@lru_cache(maxsize=512)
def _tone(frequency: int, sound: Sound) -> bytes:
    count = max(round(SECONDS_PER_CHARACTER / sound.speed * sound.rate), 1)
    step, loudness = 2 * math.pi * frequency / sound.rate, min(LOUDNESS * sound.loudness, 32767)
    samples = array("h", (round(loudness * math.sin(step * number)) for number in range(count)))
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)


def wav_of(text: str, sound: Sound) -> bytes:
    """Return the tones as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sound.rate)
        writer.writeframes(samples_of(text, sound))
    return file.getvalue()


# Samples a second -> the first bytes of a mono frame (ISO 11172-3, 13818-3), its length in bytes, its samples.
_FRAMES = {
    48000: (b"\xff\xfb\x94\xc0", 384, 1152),
    44100: (b"\xff\xfb\x90\xc0", 417, 1152),
    32000: (b"\xff\xfb\x98\xc0", 576, 1152),
    24000: (b"\xff\xf3\x84\xc0", 192, 576),
    22050: (b"\xff\xf3\x80\xc0", 208, 576),
    16000: (b"\xff\xf3\x88\xc0", 288, 576),
    8000: (b"\xff\xe3\x88\xc0", 576, 576),
}
SAMPLE_RATES = tuple(sorted(_FRAMES))


def mp3_of(text: str, sound: Sound) -> bytes:
    """Return an MP3 file as long as the tones, but silent, since there is no encoder here; its title is the text."""
    head, length, samples = _FRAMES[sound.rate]
    seconds = len(text) * SECONDS_PER_CHARACTER / sound.speed
    frames = math.ceil(seconds * sound.rate / samples)
    return _title(text) + (head + bytes(length - len(head))) * frames


def _title(text: str) -> bytes:
    """Return an ID3v2.3 tag with a title."""
    content = b"\x01" + text.encode("utf-16")
    frame = b"TIT2" + len(content).to_bytes(4, "big") + b"\0\0" + content
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame
