"""How long a sound file is, where the file itself says it."""

from __future__ import annotations

import io
import wave

import pytest

from coze_client.bridge.sound.transcripts import seconds_of


@pytest.fixture
def sound() -> bytes:
    """Half a second as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(bytes(8000))
    return file.getvalue()


def test_a_wav_file_says_how_long_it_is(sound: bytes) -> None:
    assert seconds_of(sound) == 0.5


@pytest.mark.parametrize("content", [b"", b"RI", b"ID3\x03", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \0\0\0\0"])
def test_no_other_content_does(content: bytes) -> None:
    assert seconds_of(content) is None


def test_a_wav_file_that_is_cut_in_its_head_is_no_error(sound: bytes) -> None:
    assert [seconds_of(sound[:end]) for end in range(44)] == [None] * 44


def test_a_rate_of_none_is_no_error(sound: bytes) -> None:
    assert seconds_of(sound[:24] + bytes(4) + sound[28:]) is None
