"""Speaks the answers of a bot in LangChain and in LlamaIndex, and writes the sounds to files. Each speech is billed."""

from __future__ import annotations

import os
from pathlib import Path

import langchain_coze
import llama_index_coze
from coze_client import CozeClient

voice = next(iter(CozeClient().audio.voices.list()))
print("The voice is", voice.name)

model = langchain_coze.ChatCoze(bot_id=os.environ["COZE_BOT_ID"])
chain = model | langchain_coze.CozeSpeech(voice_id=voice.voice_id)
written = Path("langchain.mp3").write_bytes(chain.invoke("Hello"))
print("langchain.mp3:", written, "bytes")

llm = llama_index_coze.CozeLLM(bot_id=os.environ["COZE_BOT_ID"])
speech = llama_index_coze.CozeSpeech(voice_id=voice.voice_id, response_format="wav")
written = Path("llama_index.wav").write_bytes(speech.speak(llm.complete("Hello")))
print("llama_index.wav:", written, "bytes")
