"""How long a sound file is, where the file itself says it."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from coze_client.bridge.sound.transcripts import seconds_of


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Half a second of a WAV file."""
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as writer:
        writer.setparams((1, 2, 8000, 0, "NONE", ""))
        writer.writeframes(bytes(8000))
    return path


def test_a_wav_file_says_how_long_it_is(sound: Path) -> None:
    assert seconds_of(sound) == 0.5


@pytest.mark.parametrize("content", [b"", b"RI", b"ID3\x03", b"RIFF\0\0\0\0WAVE", b"RIFF\0\0\0\0WAVEfmt \0\0\0\0"])
def test_no_other_content_does(content: bytes, sound: Path) -> None:
    sound.write_bytes(content)
    assert seconds_of(sound) is None


def test_a_wav_file_that_is_cut_in_its_head_is_no_error(sound: Path) -> None:
    whole = sound.read_bytes()
    for end in range(44):
        sound.write_bytes(whole[:end])
        assert seconds_of(sound) is None


def test_a_rate_of_none_is_no_error(sound: Path) -> None:
    whole = sound.read_bytes()
    sound.write_bytes(whole[:24] + bytes(4) + whole[28:])
    assert seconds_of(sound) is None
