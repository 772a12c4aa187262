"""Writes down what is said in sound files, as documents of LangChain and of LlamaIndex. Each file is billed."""

from __future__ import annotations

from coze_client import CozeClient
from langchain_coze import CozeTranscriptionLoader
from llama_index_coze import CozeTranscriptionReader

client = CozeClient()
voice = next(iter(client.audio.voices.list()))
talk = client.audio.speech.create(input="Owls hunt at night.", voice_id=voice.voice_id, response_format="wav")
path = talk.to_file("talk.wav")

for document in CozeTranscriptionLoader(path).lazy_load():
    print("LangChain:", document.metadata["source"], document.metadata["seconds"], document.page_content)

for node in CozeTranscriptionReader().load_data(path):
    print("LlamaIndex:", node.node_id, node.text)
