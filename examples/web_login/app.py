"""A web app in which users log in with their Coze account and chat with your bot in their own name.

Register an OAuth app ("web application") in Coze with the redirect URI below, download its configuration, then run:

    COZE_OAUTH_CONFIG=coze_oauth_config.json COZE_BOT_ID=7350000000000000001 python app.py

One client serves all users, over one connection pool. A file stores one token for each browser session, and the client
renews it in time. Several processes of this app may share the file.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from hashlib import sha256
from html import escape
from secrets import token_urlsafe
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Cookie, FastAPI, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from coze_client import AsyncCozeClient, CozeError, ExpiredToken, FileStore, Message, WebOAuth, from_config

BOT_ID = os.environ["COZE_BOT_ID"]
REDIRECT_URI = os.environ.get("COZE_OAUTH_REDIRECT_URI", "http://127.0.0.1:8766/callback")
HEAD = "<!doctype html><meta charset=utf-8><title>Ask the bot</title><body style='font:1.2em sans-serif;margin:3em'>"
LOG_IN = "<p><a id=login href=/login>Log in with Coze</a>"
FORM = "<form method=post action=/ask><input name=question size=40 autofocus> <button id=ask>Ask</button></form>"
LOG_OUT = "<form method=post action=/logout><button id=logout>Log out</button></form>"

found = from_config(os.environ["COZE_OAUTH_CONFIG"], store=FileStore("coze_tokens.json"), redirect_uri=REDIRECT_URI)
assert isinstance(found, WebOAuth), "This app needs the configuration of a web application"
oauth = found
client = AsyncCozeClient(oauth)
app = FastAPI()
State = Annotated[str, Cookie()]
Session = Annotated[str, Cookie()]


def name_of(session: str) -> str:
    """Returns the name of a browser session in the token file and in Coze. Nobody can log in with this name."""
    return sha256(session.encode()).hexdigest()[:32]


def client_of(session: str) -> AsyncCozeClient:
    """Returns the client for the user who logged in with this browser."""
    return client.options(token=oauth.for_user(name_of(session)))


@app.get("/")
async def home(session: Session = "") -> HTMLResponse:
    if not session:
        return HTMLResponse(HEAD + LOG_IN)
    me = await client_of(session).users.me()
    return HTMLResponse(f"{HEAD}<p>You are <b id=user>{escape(me.user_name)}</b>.{FORM}{LOG_OUT}")


@app.get("/login")
async def log_in() -> RedirectResponse:
    login = client.oauth.login()
    answer = RedirectResponse(login.url)
    answer.set_cookie("state", login.state, max_age=600, httponly=True, samesite="lax")  # with https, also secure=True
    return answer


@app.get("/callback")
async def come_back(request: Request, state: State = "") -> RedirectResponse:
    session = token_urlsafe(24)
    user = client_of(session)
    # `state` proves that the same browser started this login.
    await user.oauth.finish(user.oauth.login(state=state), str(request.url))
    answer = RedirectResponse("/")
    answer.delete_cookie("state")
    answer.set_cookie("session", session, httponly=True, samesite="lax")
    return answer


@app.post("/ask")
async def ask(question: Annotated[str, Form()], session: Session = "") -> StreamingResponse:
    async def page() -> AsyncIterator[str]:
        yield f"{HEAD}<p><i>{escape(question)}</i><p id=answer>"
        try:
            async with client_of(session).chats.stream(
                bot_id=BOT_ID, user_id=name_of(session), additional_messages=[Message.user(question)]
            ) as stream:
                async for event in stream:
                    yield escape(event.delta)
            yield f"<p>{FORM}"
        except CozeError as error:
            yield f"<p>{escape(str(error))}{LOG_IN}"

    return StreamingResponse(page(), media_type="text/html")


@app.post("/logout")
async def log_out(session: Session = "") -> RedirectResponse:
    await client_of(session).oauth.logout()
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie("session")
    return answer


@app.exception_handler(CozeError)
async def explain(_: Request, error: CozeError) -> HTMLResponse:
    over = isinstance(error, ExpiredToken)
    answer = HTMLResponse(f"{HEAD}<p id=error>{escape(str(error))}{LOG_IN}", status_code=401 if over else 400)
    if over:
        answer.delete_cookie("session")
    return answer


if __name__ == "__main__":
    import uvicorn

    address = urlsplit(REDIRECT_URI)
    # No access log: it would contain codes and states.
    uvicorn.run(app, host=address.hostname or "", port=address.port or 80, access_log=False)
