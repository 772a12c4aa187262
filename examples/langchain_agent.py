"""Prints the answer of a LangChain agent, whose bot calls a Python function of this program.

The bot needs a client plugin ``get_weather(city)``, declared in Coze. A bot calls only declared plugins.
"""

from __future__ import annotations

import os

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage

from langchain_coze import ChatCoze


def get_weather(city: str) -> str:
    """The weather in a city now."""
    return f"14 °C in {city}"


agent = create_agent(ChatCoze(bot_id=os.environ["COZE_BOT_ID"]), [get_weather])
result = agent.invoke({"messages": [HumanMessage("What is the weather in Zurich?")]})
print(result["messages"][-1].text)
