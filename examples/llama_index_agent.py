"""Prints the answer of a LlamaIndex agent, whose bot calls a Python function of this program.

The bot needs a client plugin ``get_weather(city)``, declared in Coze. A bot calls only declared plugins.
"""

from __future__ import annotations

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent

from llama_index_coze import CozeLLM


def get_weather(city: str) -> str:
    """The weather in a city now."""
    return f"14 °C in {city}"


async def main() -> None:
    llm = CozeLLM(bot_id=os.environ["COZE_BOT_ID"], client_plugins=True)
    agent = FunctionAgent(llm=llm, tools=[get_weather])
    print(await agent.run("What is the weather in Zurich?"))


asyncio.run(main())
