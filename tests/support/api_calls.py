"""Calls to the emulator's API by plain httpx, so that tests of the emulator do not depend on the client."""

from __future__ import annotations

import json
from typing import Any

import httpx

from coze_client.emulator import Emulator

Json = dict[str, Any]


class ApiClient(httpx.Client):
    """A plain HTTP client with the emulator's personal token, or another one."""

    def __init__(self, emulator: Emulator, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token or emulator.token}"}
        super().__init__(base_url=emulator.url, headers=headers, verify=False, timeout=10)
        self.emulator = emulator

    def chat_body(self, bot: str, text: str, **more: Any) -> Json:
        """Return the body of a chat request with one question."""
        bot_id = self.emulator.bots.get(bot, bot)
        return {"bot_id": bot_id, "user_id": "tester", "additional_messages": [question(text)], **more}

    def ask(self, bot: str, text: str, conversation_id: str | None = None, **more: Any) -> httpx.Response:
        """Start a chat: a stream, unless `stream=False`."""
        params = {"conversation_id": conversation_id} if conversation_id else {}
        return self.post("/v3/chat", params=params, json={"stream": True, **self.chat_body(bot, text, **more)})

    def start(self, bot: str, text: str, **more: Any) -> Json:
        """Start a chat without a stream and return its chat object at once."""
        return dict(data(self.ask(bot, text, stream=False, **more)))

    def finish(self, chat: Json) -> Json:
        """Wait until a chat no longer runs, and return it."""
        self.emulator.wait_until(lambda: self.emulator.chat_status(chat["id"]) not in ("created", "in_progress"))
        return dict(data(self.get("/v3/chat/retrieve", params=chat_ids(chat))))

    def conversation(self, **body: Any) -> Json:
        """Create a conversation."""
        return dict(data(self.post("/v1/conversation/create", json=body)))

    def upload(self, name: str = "cat.png", content: bytes = b"meow") -> Json:
        return dict(data(self.post("/v1/files/upload", files={"file": (name, content)})))


def question(text: str, role: str = "user", **more: Any) -> Json:
    """Return a text message of the user."""
    return {"role": role, "content": text, "content_type": "text", **more}


def answer(text: str) -> Json:
    """Return an answer of the assistant."""
    return question(text, "assistant", type="answer")


def parts(*items: Json) -> Json:
    """Return a multimodal message of the user."""
    return {"role": "user", "content": json.dumps(items), "content_type": "object_string"}


def chat_ids(chat: Json) -> dict[str, str]:
    return {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}


def data(response: httpx.Response) -> Any:
    """Return the data of a successful response."""
    body = response.json()
    assert body["code"] == 0, body
    return body["data"]


def code(response: httpx.Response) -> int:
    """Return the error code of a response; 0 means success."""
    return int(response.json()["code"])


def events(response: httpx.Response) -> list[tuple[str, Any]]:
    """Parse an event stream of the cloud: each event's name and data."""
    assert response.headers["content-type"] == "text/event-stream", response.text
    found = []
    for block in response.text.split("\n\n")[:-1]:
        lines = dict(line.split(":", 1) for line in block.split("\n"))
        found.append((lines["event"], json.loads(lines["data"] or "null")))
    return found


def event_names(response: httpx.Response) -> list[str]:
    """Return the event names without `conversation.`; equal neighbours count once."""
    short = [name.removeprefix("conversation.") for name, _ in events(response)]
    return [name for n, name in enumerate(short) if n == 0 or short[n - 1] != name]


def message_texts(response: httpx.Response, kind: str = "answer") -> list[str]:
    """Return the contents of the completed messages of one type."""
    completed = [item for name, item in events(response) if name == "conversation.message.completed"]
    return [item["content"] for item in completed if item["type"] == kind]
