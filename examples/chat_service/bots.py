"""A graph of several bots. The visitor chooses the bot that answers; each bot has a conversation of its own in Coze."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Annotated

from langchain_core.messages import BaseMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from coze_client import AsyncCozeClient
from langchain_coze import ChatCoze


class Dialogue(MessagesState):
    """What the checkpointer keeps: all messages, the bot that answers next, and each bot's conversation."""

    bot_id: str
    conversations: Annotated[dict[str, str], operator.or_]


@dataclass(frozen=True)
class Visitor:
    """Who asks: a client that signs in for this visitor, and the name that separates what bots remember."""

    client: AsyncCozeClient
    name: str


async def open_conversation(state: Dialogue, runtime: Runtime[Visitor]) -> dict[str, dict[str, str]]:
    """A step of its own: so the checkpointer keeps the conversation, also if the answer is cancelled."""
    bot_id = state["bot_id"]
    if bot_id in state["conversations"]:
        return {"conversations": {}}
    conversation = await runtime.context.client.conversations.create(bot_id=bot_id)
    return {"conversations": {bot_id: conversation.id}}


async def answer(state: Dialogue, runtime: Runtime[Visitor]) -> dict[str, list[BaseMessage]]:
    """Ask the bot. ChatCoze sends what the bot's conversation does not have yet, other bots' answers included."""
    visitor, bot_id = runtime.context, state["bot_id"]
    conversation_id = state["conversations"][bot_id]
    bot = ChatCoze(client=visitor.client, bot_id=bot_id, user_id=visitor.name, conversation_id=conversation_id)
    return {"messages": [await bot.ainvoke(state["messages"])]}


def build_graph(checkpointer: BaseCheckpointSaver[str]) -> CompiledStateGraph[Dialogue, Visitor, Dialogue, Dialogue]:
    """Build the graph; pass a checkpointer on a database to keep dialogues between restarts."""
    graph = StateGraph(Dialogue, context_schema=Visitor)
    graph.add_node("open_conversation", open_conversation)
    graph.add_node("answer", answer)
    graph.add_edge(START, "open_conversation")
    graph.add_edge("open_conversation", "answer")
    return graph.compile(checkpointer=checkpointer)
