"""A chat service: a web page on which many visitors talk to your bots at once.

    COZE_OAUTH_CONFIG=coze_oauth_config.json COZE_BOTS=guide=7350000000000000009,echo=7350000000000000001 \
        python service.py

COZE_OAUTH_CONFIG is the configuration file of an OAuth app for a service (JWT). Each browser session is a session of
its own in Coze, so nobody sees the conversations of others. Without the file, COZE_API_TOKEN is used, and only
`user_id` separates the visitors. One client serves all of them, over one connection pool.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated
from weakref import WeakValueDictionary

from bots import Dialogue, Visitor, build_graph
from fastapi import Cookie, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from own_task import StreamFromOwnTask, end_all
from pydantic import BaseModel, Field

from coze_client import JWT, AsyncCozeClient, CozeError, from_config

PAGE = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
Session = Annotated[str, Cookie(min_length=20)]


class Question(BaseModel):
    """What the page sends. `dialogue` is a name that the page chose for this dialogue."""

    text: str = Field(min_length=1, max_length=10_000)
    bot: str
    dialogue: str = Field(min_length=1, max_length=64)


def create_app(client: AsyncCozeClient, bots: Mapping[str, str], service: JWT | None = None) -> FastAPI:
    """Create the app; `bots` has the ids of the bots by the names that visitors see."""
    graph = build_graph(InMemorySaver())
    locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await end_all()
        await client.aclose()

    def visitor_of(session: str) -> Visitor:
        name = sha256(session.encode()).hexdigest()[:32]  # who reads it in Coze cannot use the session
        return Visitor(client.options(token=service.for_session(name)) if service else client, name)

    async def events(question: Question, session: str) -> AsyncIterator[str]:
        visitor, name = visitor_of(session), f"{session}/{question.dialogue}"
        thread, lock = thread_of(name), locks.setdefault(name, asyncio.Lock())
        asked = Dialogue(messages=[HumanMessage(question.text)], bot_id=bots[question.bot], conversations={})
        async with lock:  # a cancelled answer ends before the next question of the same dialogue is asked
            try:
                async for chunk, _ in graph.astream(asked, thread, context=visitor, stream_mode="messages"):
                    if isinstance(chunk, AIMessageChunk) and chunk.text:
                        yield event_text("delta", chunk.text)
                yield event_text("end", "")
            except CozeError as error:
                yield event_text("failed", str(error))

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    async def page(request: Request) -> HTMLResponse:
        response = HTMLResponse(PAGE.replace("<!--bots-->", "".join(f"<option>{name}" for name in bots)))
        if "session" not in request.cookies:
            response.set_cookie("session", token_urlsafe(24), httponly=True, samesite="strict")  # https: secure=True
        return response

    @app.post("/ask")
    async def ask(question: Question, session: Session) -> StreamFromOwnTask:
        if question.bot not in bots:
            raise HTTPException(404, "There is no such bot")
        return StreamFromOwnTask(events(question, session))

    @app.get("/dialogues/{dialogue}")
    async def messages(dialogue: str, session: Session) -> list[dict[str, str]]:
        state = await graph.aget_state(thread_of(f"{session}/{dialogue}"))
        found = state.values.get("messages", [])
        return [{"who": "bot" if isinstance(each, AIMessage) else "you", "text": str(each.text)} for each in found]

    return app


def thread_of(name: str) -> RunnableConfig:
    """The thread of the graph in which the checkpointer keeps a dialogue."""
    return {"configurable": {"thread_id": name}}


def event_text(kind: str, text: str) -> str:
    """Format a server-sent event; JSON has no line breaks, which would end the event."""
    return f"event: {kind}\ndata: {json.dumps(text)}\n\n"


def main() -> None:
    import uvicorn

    bots = dict(pair.split("=", 1) for pair in os.environ["COZE_BOTS"].split(","))
    path = os.environ.get("COZE_OAUTH_CONFIG")
    service = from_config(path) if path else None
    if service is not None and not isinstance(service, JWT):
        raise SystemExit("COZE_OAUTH_CONFIG must be the configuration of a service (JWT)")
    app = create_app(AsyncCozeClient(service), bots, service)
    uvicorn.run(app, port=int(os.environ.get("PORT", "8000")), timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
