"""Runs a workflow as a tool of a LlamaIndex agent, answers its question and prints the result of the same run.

The bot needs a client plugin with the name of the tool, declared in Coze. Any other model that calls tools also works.
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
