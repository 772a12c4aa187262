"""Asks a bot by its name in place of its id, in LangChain and in LlamaIndex; one request looks the id up for both."""

from __future__ import annotations

import os

from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM

workspace_id = os.environ["COZE_WORKSPACE_ID"]

model = ChatCoze(bot_name="echo", workspace_id=workspace_id)
print("LangChain:", model.invoke("Hello").text)

llm = CozeLLM(bot_name="echo", workspace_id=workspace_id)
print("LlamaIndex:", llm.complete("Hello").text)
