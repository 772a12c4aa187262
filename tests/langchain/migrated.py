"""A script for langchain-community's ChatCoze; ``test_migration.py`` changes only its import.

Arguments: the module to import ChatCoze from, base URL, token, bot id. Prints the answers as JSON.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

module, url, token, bot = sys.argv[1:]
ChatCoze = import_module(module).ChatCoze

model = ChatCoze(
    coze_api_key=token, coze_api_base=url, bot_id=bot, user="ada", conversation_id="", request_timeout=30, verbose=False
)
streaming = ChatCoze(coze_api_key=token, coze_api_base=url, bot_id=bot, user="ada", streaming=True)
prompt = ChatPromptTemplate.from_template("Say {what}")
history = [HumanMessage("My name is Ada"), AIMessage("Hello Ada"), HumanMessage("What is my name?")]
results = {
    "invoke": model.invoke("Hello there").content,
    "streaming": streaming.invoke("Hello there").content,
    "history": model.invoke(history).content,
    "chain": (prompt | model | StrOutputParser()).invoke({"what": "cheese"}),
    "stream": "".join(chunk.content for chunk in streaming.stream("One two three")),
    "batch": [answer.content for answer in model.batch(["a", "b", "c"])],
    "call": model.invoke("Hello", user="bob").content,
}
print(json.dumps(results))
