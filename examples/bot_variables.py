"""Writes and reads what a bot remembers of a user, by the chat model of LangChain; LlamaIndex's CozeLLM does the same.

The bot needs a variable `city`.
"""

from __future__ import annotations

import asyncio
import os

from langchain_coze import ChatCoze
from llama_index_coze import CozeLLM

model = ChatCoze(bot_id=os.environ["COZE_BOT_ID"], user_id="ada")
model.write_variables({"city": "Rome"})
print("The bot remembers", model.read_variables("city"))

llm = CozeLLM(bot_id=os.environ["COZE_BOT_ID"])  # serves many users: each call names one
print("In LlamaIndex, too:", asyncio.run(llm.aread_variables("city", user_id="ada")))
