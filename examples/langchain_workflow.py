"""Runs a workflow as a tool of a LangGraph agent, answers its question and prints the result of the same run.

The bot needs a client plugin with the name of the tool, declared in Coze. Any other model that calls tools also works.
"""

from __future__ import annotations

import os

from langchain.agents import create_agent
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from langchain_coze import ChatCoze, CozeWorkflowTool

book = CozeWorkflowTool.from_workflow(os.environ["COZE_WORKFLOW_ID"])
agent = create_agent(ChatCoze(bot_id=os.environ["COZE_BOT_ID"]), [book], checkpointer=InMemorySaver())
thread: RunnableConfig = {"configurable": {"thread_id": "1"}}

state = agent.invoke({"messages": [HumanMessage("Please book a table for 4 in Rome")]}, thread)
while asked := state.get("__interrupt__"):
    question = asked[0].value
    print(question["question"], question["options"])
    state = agent.invoke(Command(resume="19:00"), thread)
print(state["messages"][-1].text)
