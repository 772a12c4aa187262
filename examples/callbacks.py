"""A web app that Coze tells when a bot is published: it checks the signature, and acts on each event once.

    COZE_VERIFY_TOKEN=… uvicorn callbacks:app

Then give Coze its URL: ``client.api_apps.update(api_app_id=…, callback_url="https://you.example/coze")``.
"""

from __future__ import annotations

import os

from fastapi import FastAPI, HTTPException, Request

from coze_client import CallbackEvent, CallbackRefused, CallbackVerifier, answer_challenge

verifier = CallbackVerifier(os.environ["COZE_VERIFY_TOKEN"])
app = FastAPI()
published: list[str] = []


@app.post("/coze")
async def receive(request: Request) -> dict[str, object]:
    body = await request.body()  # the bytes as they came: the signature is over them
    if (answer := answer_challenge(body)) is not None:
        return answer
    try:
        event = verifier.read(request.headers, body)
    except CallbackRefused as refused:
        raise HTTPException(401, refused.message) from refused
    if event.header.event_type != "bot.published":
        return {}
    if verifier.is_new(event):
        try:
            publish(event)
        except Exception:
            verifier.forget(event)  # so that you act when Coze sends it again
            raise
    return {"audit": {"audit_status": 2}}  # accepted


def publish(event: CallbackEvent) -> None:
    """Your own work; do what takes longer than 10 seconds in a task."""
    published.append(event.header.event_id)
