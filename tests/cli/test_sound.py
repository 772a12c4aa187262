"""`cozekit speak` and `cozekit transcribe`."""

from __future__ import annotations

from pathlib import Path

from coze_client.emulator import Emulator
from tests.support.command import Command


def test_what_is_spoken_into_a_file_is_written_down_again(cozekit: Command, tmp_path: Path) -> None:
    file = tmp_path / "hello.wav"
    spoken = cozekit("speak", "-", "--voice", "emulated ada", "--out", str(file), typed="Good evening.\n")
    assert (spoken.code, spoken.out) == (0, "")
    assert cozekit("transcribe", str(file)).out == "Good evening.\n"
    assert cozekit("transcribe", str(file), "--json").json == {"text": "Good evening."}


def test_nothing_is_billed_for_a_file_or_a_voice_that_cannot_be(
    cozekit: Command, emulator: Emulator, tmp_path: Path
) -> None:
    assert "does not end in" in cozekit("speak", "x", "--voice", "Emulated Ada", "-o", str(tmp_path / "a.txt")).err
    assert "Names like it" in cozekit("speak", "x", "--voice", "Ada", "-o", str(tmp_path / "a.mp3")).err
    assert emulator.calls_to("/v1/audio/speech") == []
