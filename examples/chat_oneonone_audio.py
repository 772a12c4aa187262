"""A dialogue by voice: each sound file of the arguments is a question, and each answer is a sound file.

Without arguments, a voice of Coze asks two questions. Write what a microphone records into WAV files.
"""

from __future__ import annotations

import base64
import os
import sys
import wave
from pathlib import Path

from coze_client import CozeClient, Message

ANSWER_RATE = 24_000  # samples a second of Coze's voices: 16 bit, mono

client = CozeClient()


def spoken_questions() -> list[Path]:
    """Two questions, each spoken into a file."""
    voice_id = next(iter(client.audio.voices.list())).voice_id
    return [
        client.audio.speech.create(input=text, voice_id=voice_id, response_format="wav").to_file(
            f"question {number}.wav"
        )
        for number, text in enumerate(("My name is Ada.", "What is my name?"), 1)
    ]


conversation = client.conversations.create()  # so that the bot remembers the questions before
for number, path in enumerate(map(Path, sys.argv[1:]) if sys.argv[1:] else spoken_questions(), 1):
    question = Message.user(audio=[client.files.upload(path)])
    sound = b""
    with client.chats.stream(
        bot_id=os.environ["COZE_BOT_ID"],
        user_id="examples",
        conversation_id=conversation.id,
        additional_messages=[question],
    ) as stream:
        for event in stream:
            if event.type == "conversation.audio.delta" and event.message:
                sound += base64.b64decode(event.message.content)
    with wave.open(f"answer {number}.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(ANSWER_RATE)
        file.writeframes(sound)
    print(f"answer {number}.wav", len(sound), "bytes:", stream.text)
