"""An official client in a separate process, which makes one call at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.line_process import LineProcess
from benchmarks.peers import PeerUnavailable, prepared, prepared_go, prepared_go_source, prepared_node
from coze_client.emulator import Emulator
from tests.peers.events import Events
from tests.support.api_calls import Json, chat_ids, question

SCRIPTS = Path(__file__).parent / "scripts"
TIMEOUT = 60.0  # seconds for one call, far more than any needs


class PeerRaised(Exception):
    """An exception of the peer: its class name, Coze's error code if it has one, its text."""

    def __init__(self, kind: str, code: int | None, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind, self.code, self.text = kind, code, text


class Peer:
    """A peer's process, connected to one emulator; `more` is sent with every call."""

    def __init__(self, process: LineProcess, emulator: Emulator, **more: object) -> None:
        self.process = process
        self.emulator = emulator
        self.token = emulator.token
        self.more = more

    def __call__(self, call: str, *args: object, **given: object) -> Any:
        """Call a method, for example `peer("chat.retrieve", conversation_id=…)`; return its value as JSON.

        Raises `PeerRaised` if the method raised.
        """
        message = {
            "call": call,
            "args": args,
            "given": given,
            "url": self.emulator.url,
            "token": self.token,
            **self.more,
        }
        line = self.process.ask(json.dumps(message).encode())
        assert line, self.process.last_words()
        answer = json.loads(line)
        if "raised" in answer:
            raise PeerRaised(**answer["raised"])
        return answer["value"]

    def bot(self, name: str) -> str:
        """Return the id of one of the emulator's bots; an id stays as it is."""
        return self.emulator.bots.get(name, name)


class CozePy(Peer):
    """cozepy; a message is a text, a list of parts, or an object."""

    def stream(self, bot: str = "echo", *messages: object, **more: object) -> Events:
        return self.events(self("chat.stream", **self.chat_arguments(bot, *messages, **more)))

    def start(self, bot: str = "echo", *messages: object, **more: object) -> Json:
        return dict(self("chat.create", **self.chat_arguments(bot, *messages, **more)))

    def submit(self, chat: Json, outputs: Mapping[str, str], *, stream: bool) -> Any:
        """Submit outputs; the asyncio client has two methods where the blocking one has a parameter."""
        given = [{"tool_call_id": call, "output": output} for call, output in outputs.items()]
        call, more = "chat.submit_tool_outputs", {"stream": stream}
        if self.more["asyncio"]:
            call, more = call + "_stream" * stream, {}
        done = self(call, tool_outputs=given, **more, **chat_ids(chat))
        return self.events(done) if stream else done

    def chat_arguments(self, bot: str, *messages: object, **more: object) -> Json:
        """Return the arguments that start a chat."""
        return {
            "bot_id": self.bot(bot),
            "user_id": "u1",
            "additional_messages": messages or ["hello there"],
            **more,
        }

    def events(self, events: list[Json]) -> Events:
        """Return name and data of each event; the data stand under the name of the event's kind."""
        return [(event.pop("event"), next(iter(event.values()))) for event in events]


class CozeJs(Peer):
    """@coze/api; a message is a text or an object."""

    def stream(self, bot: str = "echo", *messages: object, **more: object) -> Events:
        result = self("chat.stream", self.chat_arguments(bot, *messages, **more))
        return [(event["event"], event["data"]) for event in result["events"]]

    def start(self, bot: str = "echo", *messages: object, **more: object) -> Json:
        return dict(self("chat.create", self.chat_arguments(bot, *messages, **more)))

    def submit(self, chat: Json, outputs: Mapping[str, str], *, stream: bool) -> Any:
        """Submit outputs; without a stream, the chat is the return value of a generator that yields nothing."""
        given = [{"tool_call_id": call, "output": output} for call, output in outputs.items()]
        result = self("chat.submitToolOutputs", {**chat_ids(chat), "tool_outputs": given, "stream": stream})
        return [(event["event"], event["data"]) for event in result["events"]] if stream else result["returned"]

    def chat_arguments(self, bot: str, *messages: object, **more: object) -> Json:
        given = [question(message) if isinstance(message, str) else message for message in messages]
        return {
            "bot_id": self.bot(bot),
            "user_id": "u1",
            "additional_messages": given or [question("hello there")],
            **more,
        }


@contextmanager
def python_peer(environment: str, script: str) -> Iterator[LineProcess]:
    """Run a script of this folder in an environment of `benchmarks/peers.py`; skip if that cannot be made."""
    with skip_if_unavailable():
        python = prepared(environment)
    with LineProcess([python, "-m", f"tests.peers.scripts.{script}"], TIMEOUT) as process:
        yield process


@contextmanager
def node_peer(script: str) -> Iterator[LineProcess]:
    """Run a script of this folder in Node.js; skip if its packages cannot be installed."""
    with skip_if_unavailable():
        modules = prepared_node()
    with LineProcess(["node", SCRIPTS / f"{script}.cjs"], TIMEOUT, {"NODE_PATH": str(modules)}) as process:
        yield process


@contextmanager
def go_peer() -> Iterator[LineProcess]:
    """Run the Go program of `tests/peers/go`; skip if it cannot be built."""
    with skip_if_unavailable():
        program = prepared_go()
    with LineProcess([program], TIMEOUT) as process:
        yield process


def go_functions() -> list[str]:
    """Return the public functions of coze-go, read in its source."""
    source = prepared_go_source()
    files = [file for file in source.glob("*.go") if not file.name.endswith("_test.go")]
    return [name for file in files for name in re.findall(r"^func ([A-Z]\w*)", file.read_text("utf-8"), re.MULTILINE)]


@contextmanager
def skip_if_unavailable() -> Iterator[None]:
    """Skip the test if the peer's packages are not available."""
    try:
        yield
    except PeerUnavailable as error:
        pytest.skip(f"no peer: {error}")
