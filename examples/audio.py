"""Lists the voices, speaks a text with one of them into ``speech.mp3``, and writes the sound down again."""

from __future__ import annotations

import os
from pathlib import Path

from coze_client import CozeClient

client = CozeClient()
voices = list(client.audio.voices.list())
for voice in voices:
    print(voice.voice_id, voice.name, voice.language_code)
voice_id = os.environ.get("COZE_VOICE_ID") or voices[0].voice_id

# The file is written while it arrives; both calls are billed.
path = client.audio.speech.create(input="How can I help you?", voice_id=voice_id).to_file("speech.mp3")
print(path, path.stat().st_size, "bytes")
print("It says:", client.audio.transcriptions.create(file=Path(path)).text)
