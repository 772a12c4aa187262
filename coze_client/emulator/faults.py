"""What can go wrong on the way, as values: `emulator.inject(faults.CutAfterBytes(300))`.

Each changes one stage of a reply and leaves the others alone, so several of them compose.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace

from coze_client.emulator.protocol.fault import ConnectionCut, Fault
from coze_client.emulator.protocol.reply import RawReply
from coze_client.emulator.protocol.stream import Event, Framing, to_json

# --- instead of the server, or after it ---


@dataclass(frozen=True)
class HttpStatus(Fault):
    """Any HTTP answer, for example `HttpStatus(429, headers={"Retry-After": "1"})`; nothing happens on the server."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.status, self.body, self.content_type, self.headers)


@dataclass(frozen=True)
class Coded(Fault):
    """A refusal in Coze's envelope, whatever the HTTP status."""

    code: int
    msg: str = "injected"
    http_status: int = 200
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.http_status, to_json({"code": self.code, "msg": self.msg}).encode())


@dataclass(frozen=True)
class JsonOnStream(Coded):
    """The same refusal, named for its use: JSON where a stream was asked for."""


@dataclass(frozen=True)
class Html(Fault):
    """A gateway's page; also at 200."""

    status: int = 502
    answers = True

    def instead(self) -> RawReply:
        page = f"<html><head><title>{self.status}</title></head><body><h1>Bad Gateway</h1></body></html>"
        return RawReply(self.status, page.encode(), "text/html")


@dataclass(frozen=True)
class EmptyBody(Fault):
    """Zero bytes of JSON."""

    status: int = 200
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.status)


@dataclass(frozen=True)
class DropConnection(Fault):
    """The connection closes before any byte of the answer."""

    answers = True

    def instead(self) -> RawReply:
        return RawReply(dropped=True)


@dataclass(frozen=True)
class AfterStart(Fault):
    """The server does its work, then `fault` answers: the case in which sending again would do it twice."""

    fault: Fault
    answers = True

    def afterwards(self) -> RawReply | None:
        return self.fault.instead()


@dataclass(frozen=True)
class Expire(Fault):
    """The token of this request expires now: 4100 for this and every later request with it."""

    expires_token = True


@dataclass(frozen=True)
class Delay(Fault):
    """`before` is "headers" or "event N" (the first is 1)."""

    seconds: float
    before: str = "headers"

    async def wait(self) -> None:
        if self.before == "headers":
            await asyncio.sleep(self.seconds)

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            if self.before == f"event {number}":
                await asyncio.sleep(self.seconds)
            yield event


# --- payloads and events ---


async def _numbered(events: AsyncIterator[Event]) -> AsyncIterator[tuple[int, Event]]:
    number = 0
    async for event in events:
        number += 1
        yield number, event


@dataclass(frozen=True)
class NullFields(Fault):
    """Blank and empty values of a JSON reply's data become null, and the fields of these `names` whatever they hold."""

    names: Collection[str] = ()

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        return {key: self._nulled(item) if key not in ("code", "msg") else item for key, item in value.items()}

    def _nulled(self, value: object) -> object:
        if isinstance(value, dict):
            return {key: None if key in self.names else self._nulled(item) for key, item in value.items()} or None
        if isinstance(value, list):
            return [self._nulled(item) for item in value]
        return None if value == "" else value


@dataclass(frozen=True)
class Sparse(Fault):
    """A JSON success without code, msg and detail, as some of the documentation's samples are."""

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        return {key: item for key, item in value.items() if key not in ("code", "msg", "detail")}


@dataclass(frozen=True)
class CutAfterEvents(Fault):
    """The connection breaks after `count` events; `clean` ends the body as if that were all."""

    count: int
    clean: bool = False

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            if number > self.count:
                raise ConnectionCut(clean=self.clean)
            yield event


@dataclass(frozen=True)
class ErrorEvent(Fault):
    """After so many events an `error` event, which is the last."""

    code: int = 5000
    msg: str = "injected"
    after_events: int = 2

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            if number > self.after_events:
                break
            yield event
        yield Event("error", {"code": self.code, "msg": self.msg})


@dataclass(frozen=True)
class Ping(Fault):
    """A PING event with empty data after every so many events; it takes a number where events have them."""

    every_events: int = 1

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        pings = 0
        async for number, event in _numbered(events):
            place = None if event.id is None else event.id + pings
            yield replace(event, id=place)
            if number % self.every_events == 0:
                pings += 1
                yield Event("PING", "", None if place is None else place + 1)


@dataclass(frozen=True)
class Gap(Fault):
    """The `count` events from the `first` on (1 is the first of all) get lost on the way."""

    first: int
    count: int = 1

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            if not self.first <= number < self.first + self.count:
                yield event


@dataclass(frozen=True)
class UnknownEvents(Fault):
    """Before each event one that nobody knows, with JSON or plain text in turn."""

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            yield Event("conversation.chat.hologram", {"new": "field"} if number % 2 else "not JSON")
            yield event


@dataclass(frozen=True)
class Append(Fault):
    """One more event at the end, for example a `done` after chat.failed."""

    event: Event

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield event
        yield self.event


_DONE = ("done", "Done", "conversation.stream.done")


@dataclass(frozen=True)
class DropTerminal(Fault):
    """The stream ends without its `done`."""

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            if event.name not in _DONE:
                yield event


@dataclass(frozen=True)
class DoneSpelling(Fault):
    """Another data, and if given another name, for `done`."""

    text: str = "[DONE]"
    name: str | None = None

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield Event(self.name or event.name, self.text, event.id) if event.name in _DONE else event


@dataclass(frozen=True)
class BareFailed(Fault):
    """chat.failed carries `{code, msg}` instead of the chat; the code as a string if wanted."""

    code_as_text: bool = False

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield self._bare(event) if event.name == "conversation.chat.failed" else event

    def _bare(self, event: Event) -> Event:
        error = event.data.get("last_error") if isinstance(event.data, dict) else None
        code, msg = (error["code"], error["msg"]) if isinstance(error, dict) else (5000, "")
        return Event(event.name, {"code": str(code) if self.code_as_text else code, "msg": msg})


# --- spelling and bytes ---


@dataclass(frozen=True)
class LineEnding(Fault):
    """CRLF, CR or LF."""

    text: str

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, newline=self.text)


@dataclass(frozen=True)
class SpaceAfterColon(Fault):
    def framing(self, framing: Framing) -> Framing:
        return replace(framing, colon=": ")


@dataclass(frozen=True)
class GluedEvents(Fault):
    """No blank line between events."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, separator="")


@dataclass(frozen=True)
class Comments(Fault):
    """A comment line before each event."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, comment=" keep-alive")


@dataclass(frozen=True)
class Rechunk(Fault):
    """The body in chunks of `size` bytes, wherever that cuts."""

    size: int

    async def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        held = b""
        async for chunk in chunks:
            held += chunk
            while len(held) >= self.size:
                yield held[: self.size]
                held = held[self.size :]
        if held:
            yield held


@dataclass(frozen=True)
class CutAfterBytes(Fault):
    """The connection breaks after `count` bytes of the body; `clean` ends the body as if that were all."""

    count: int
    clean: bool = False

    async def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        left = self.count
        async for chunk in chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                raise ConnectionCut(clean=self.clean)
