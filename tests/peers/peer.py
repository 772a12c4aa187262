"""An official client in its own process, asked for one call at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.line_process import LineProcess
from benchmarks.peers import PeerUnavailable, prepared, prepared_node
from coze_client.emulator import Emulator
from tests.peers.events import Events
from tests.support.api_calls import Json, ids, question

SCRIPTS = Path(__file__).parent / "scripts"
PATIENCE = 60.0  # seconds for one call; far above what any takes


class PeerRaised(Exception):
    """What the peer raised: the name of its class, Coze's code if it has one, its text."""

    def __init__(self, kind: str, code: int | None, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.code, self.text = kind, code, text


class Peer:
    """A peer's process on one emulator; `more` goes with every call."""

    def __init__(self, process: LineProcess, emulator: Emulator, **more: object) -> None:
        self.process = process
        self.emulator = emulator
        self.token = emulator.token
        self.more = more

    def __call__(self, call: str, *args: object, **given: object) -> Any:
        """What a method gave, as JSON: `peer("chat.retrieve", conversation_id=…)`; raises `PeerRaised`."""
        told = {"call": call, "args": args, "given": given, "url": self.emulator.url, "token": self.token, **self.more}
        line = self.process.ask(json.dumps(told).encode())
        assert line, self.process.last_words()
        answer = json.loads(line)
        if "raised" in answer:
            raise PeerRaised(**answer["raised"])
        return answer["value"]

    def bot(self, name: str) -> str:
        return self.emulator.bots.get(name, name)


class CozePy(Peer):
    """cozepy; a message is its text, the list of its parts, or an object."""

    def stream(self, bot: str = "echo", *messages: object, **more: object) -> Events:
        return self.events(self("chat.stream", **self.asked(bot, *messages, **more)))

    def start(self, bot: str = "echo", *messages: object, **more: object) -> Json:
        return dict(self("chat.create", **self.asked(bot, *messages, **more)))

    def submit(self, chat: Json, outputs: Mapping[str, str], *, stream: bool) -> Any:
        """The asyncio client has two methods where the blocking one has a parameter."""
        given = [{"tool_call_id": call, "output": output} for call, output in outputs.items()]
        call, more = "chat.submit_tool_outputs", {"stream": stream}
        if self.more["asyncio"]:
            call, more = call + "_stream" * stream, {}
        done = self(call, tool_outputs=given, **more, **ids(chat))
        return self.events(done) if stream else done

    def asked(self, bot: str, *messages: object, **more: object) -> Json:
        """A chat's arguments."""
        return {
            "bot_id": self.bot(bot),
            "user_id": "u1",
            "additional_messages": messages or ["hello there"],
            **more,
        }

    def events(self, events: list[Json]) -> Events:
        """Each has its data under the name of its kind; an unknown one is wrapped whole."""
        return [(event.pop("event"), next(iter(event.values()))) for event in events]


class CozeJs(Peer):
    """@coze/api; a message is its text, or an object."""

    def stream(self, bot: str = "echo", *messages: object, **more: object) -> Events:
        told = self("chat.stream", self.asked(bot, *messages, **more))
        return [(event["event"], event["data"]) for event in told["events"]]

    def start(self, bot: str = "echo", *messages: object, **more: object) -> Json:
        return dict(self("chat.create", self.asked(bot, *messages, **more)))

    def submit(self, chat: Json, outputs: Mapping[str, str], *, stream: bool) -> Any:
        """The events, or the chat, which comes as the return value of a generator that yields nothing."""
        given = [{"tool_call_id": call, "output": output} for call, output in outputs.items()]
        told = self("chat.submitToolOutputs", {**ids(chat), "tool_outputs": given, "stream": stream})
        return [(event["event"], event["data"]) for event in told["events"]] if stream else told["returned"]

    def asked(self, bot: str, *messages: object, **more: object) -> Json:
        asked = [question(message) if isinstance(message, str) else message for message in messages]
        return {
            "bot_id": self.bot(bot),
            "user_id": "u1",
            "additional_messages": asked or [question("hello there")],
            **more,
        }


@contextmanager
def python_peer(environment: str, script: str) -> Iterator[LineProcess]:
    """A script of this folder in an environment of `benchmarks/peers.py`; skips where that cannot be made."""
    with skipped_without():
        python = prepared(environment)
    with LineProcess([python, "-m", f"tests.peers.scripts.{script}"], PATIENCE) as process:
        yield process


@contextmanager
def node_peer(script: str) -> Iterator[LineProcess]:
    with skipped_without():
        modules = prepared_node()
    with LineProcess(["node", SCRIPTS / f"{script}.cjs"], PATIENCE, {"NODE_PATH": str(modules)}) as process:
        yield process


@contextmanager
def skipped_without() -> Iterator[None]:
    try:
        yield
    except PeerUnavailable as error:
        pytest.skip(f"no peer: {error}")
