"""A workflow as a tool of a LlamaIndex agent: it stops to ask, a human answers, the same run goes on.

The bot needs a client plugin of the tool's name, declared in Coze; any other model that calls tools needs nothing.
"""

from __future__ import annotations

import asyncio
import os

from llama_index.core.agent.workflow import FunctionAgent

from llama_index_coze import CozeInputRequiredEvent, CozeLLM, CozeWorkflowTool


async def main() -> None:
    book = await CozeWorkflowTool.afrom_workflow(os.environ["COZE_WORKFLOW_ID"])
    llm = CozeLLM(bot_id=os.environ["COZE_BOT_ID"], client_plugins=True)
    run = FunctionAgent(llm=llm, tools=[book]).run("Please book a table for 4 in Rome")
    async for event in run.stream_events():
        if isinstance(event, CozeInputRequiredEvent):
            print(event.question, event.options)
            run.ctx.send_event(event.answer("19:00"))
    print(await run)


asyncio.run(main())
