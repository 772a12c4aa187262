"""Sends a spoken question, prints the answer and writes its audio to ``answer.wav``.

The argument is the path of a WAV file. Without an argument, the program sends a short tone.
"""

from __future__ import annotations

import base64
import io
import math
import os
import struct
import sys
import wave
from pathlib import Path

from coze_client import CozeClient, Message

ANSWER_RATE = 24_000  # samples a second of Coze's voices: 16 bit, mono


def to_wav(pcm: bytes, rate: int) -> bytes:
    """16 bit mono samples as a WAV file."""
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return held.getvalue()


def tone(seconds: float = 0.5, rate: int = 16_000) -> bytes:
    """A sine of 440 Hz as a WAV file."""
    samples = (int(12_000 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(int(seconds * rate)))
    return to_wav(b"".join(struct.pack("<h", sample) for sample in samples), rate)


client = CozeClient()
spoken = client.files.upload(sys.argv[1] if len(sys.argv) > 1 else tone(), name="question.wav")

heard = b""
with client.chats.stream(
    bot_id=os.environ["COZE_BOT_ID"], user_id="examples", additional_messages=[Message.user(audio=[spoken])]
) as stream:
    for event in stream:
        print(event.delta, end="", flush=True)
        if event.type == "conversation.audio.delta" and event.message:
            heard += base64.b64decode(event.message.content)

print()
Path("answer.wav").write_bytes(to_wav(heard, ANSWER_RATE))
print("Sound of the answer:", len(heard), "bytes in answer.wav")
