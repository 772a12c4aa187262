"""Faults to inject into replies: `emulator.inject(faults.CutAfterBytes(300))`.

Each fault changes one stage of a reply, so that several can be combined.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace

from coze_client.emulator.protocol.fault import ConnectionCut, Fault
from coze_client.emulator.protocol.reply import RawReply
from coze_client.emulator.protocol.stream import Event, Framing, to_json

# --- replies that replace the server's ---


@dataclass(frozen=True)
class HttpStatus(Fault):
    """Any HTTP reply, for example `HttpStatus(429, headers={"Retry-After": "1"})`; the server does nothing else."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.status, self.body, self.content_type, self.headers)


@dataclass(frozen=True)
class Coded(Fault):
    """An API error in Coze's envelope, with any HTTP status; the server does nothing else."""

    code: int
    msg: str = "injected"
    http_status: int = 200
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.http_status, to_json({"code": self.code, "msg": self.msg}).encode())


@dataclass(frozen=True)
class JsonOnStream(Coded):
    """The same as `Coded`, named for its use: a JSON reply to a request for a stream."""


@dataclass(frozen=True)
class Html(Fault):
    """The HTML page of a gateway, with any status, also 200."""

    status: int = 502
    answers = True

    def instead(self) -> RawReply:
        page = f"<html><head><title>{self.status}</title></head><body><h1>Bad Gateway</h1></body></html>"
        return RawReply(self.status, page.encode(), "text/html")


@dataclass(frozen=True)
class StaticSite(Fault):
    """What coze-studio's own nginx answers to a POST of a path that it does not pass on: HTTP 405, HTML."""

    answers = True

    def instead(self) -> RawReply:
        head, body = "<head><title>405 Not Allowed</title></head>", "<center><h1>405 Not Allowed</h1></center>"
        page = f"<html>\r\n{head}\r\n<body>\r\n{body}\r\n<hr><center>nginx/1.25.3</center>\r\n</body>\r\n</html>\r\n"
        return RawReply(405, page.encode(), "text/html")


@dataclass(frozen=True)
class EmptyBody(Fault):
    """A JSON reply with an empty body."""

    status: int = 200
    answers = True

    def instead(self) -> RawReply:
        return RawReply(self.status)


@dataclass(frozen=True)
class NoEvents(Fault):
    """A stream that ends without an event; coze-studio sends it if it fails before it has saved the chat."""

    answers = True

    def instead(self) -> RawReply:
        return RawReply(200, b"", "text/event-stream")


@dataclass(frozen=True)
class DropConnection(Fault):
    """Closes the connection before the first byte of the reply."""

    answers = True

    def instead(self) -> RawReply:
        return RawReply(dropped=True)


@dataclass(frozen=True)
class AfterStart(Fault):
    """The server handles the request, then `fault` replaces its reply: repeating the request would act twice."""

    fault: Fault
    answers = True

    def afterwards(self) -> RawReply | None:
        return self.fault.instead()


@dataclass(frozen=True)
class Expire(Fault):
    """Expires the token of this request: this and every later request with it fails with 4100."""

    expires_token = True


@dataclass(frozen=True)
class Delay(Fault):
    """Waits `seconds` before the "headers", or before "event N", where the first event is 1."""

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
    """Replaces by null the empty strings and objects of a JSON reply, and every field whose name is in `names`.

    The code and the msg of the reply stay.
    """

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
    """A successful JSON reply without code, msg and detail, as in some samples of the documentation."""

    def payload(self, value: dict[str, object]) -> dict[str, object]:
        return {key: item for key, item in value.items() if key not in ("code", "msg", "detail")}


@dataclass(frozen=True)
class CutAfterEvents(Fault):
    """Breaks the connection after `count` events; `clean` ends the body as if it were complete."""

    count: int
    clean: bool = False

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            if number > self.count:
                raise ConnectionCut(clean=self.clean)
            yield event


@dataclass(frozen=True)
class ErrorEvent(Fault):
    """Ends the stream with an `error` event after `after_events` events."""

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
    """Adds a PING event with empty data after every `every_events` events; it is numbered if the events are."""

    every_events: int = 1

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        pings = 0
        async for number, event in _numbered(events):
            event_id = None if event.id is None else event.id + pings
            yield replace(event, id=event_id)
            if number % self.every_events == 0:
                pings += 1
                yield Event("PING", "", None if event_id is None else event_id + 1)


@dataclass(frozen=True)
class Gap(Fault):
    """Drops `count` events, beginning with number `first`, where the first event of the stream is 1."""

    first: int
    count: int = 1

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            if not self.first <= number < self.first + self.count:
                yield event


@dataclass(frozen=True)
class UnknownEvents(Fault):
    """Adds an event of unknown type before each event; its data is JSON and plain text alternately."""

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for number, event in _numbered(events):
            yield Event("conversation.chat.hologram", {"new": "field"} if number % 2 else "not JSON")
            yield event


@dataclass(frozen=True)
class Append(Fault):
    """Adds an event at the end, for example a `done` after chat.failed."""

    event: Event

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield event
        yield self.event


_DONE = ("done", "Done", "conversation.stream.done")


@dataclass(frozen=True)
class DropTerminal(Fault):
    """Ends the stream without its `done` event."""

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            if event.name not in _DONE:
                yield event


@dataclass(frozen=True)
class DoneSpelling(Fault):
    """Sends `done` with other data and, if given, another name."""

    text: str = "[DONE]"
    name: str | None = None

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield Event(self.name or event.name, self.text, event.id) if event.name in _DONE else event


@dataclass(frozen=True)
class BareFailed(Fault):
    """Sends `{code, msg}` instead of the chat in chat.failed; `code_as_text` sends the code as a string."""

    code_as_text: bool = False

    async def events(self, events: AsyncIterator[Event]) -> AsyncIterator[Event]:
        async for event in events:
            yield self._bare(event) if event.name == "conversation.chat.failed" else event

    def _bare(self, event: Event) -> Event:
        error = event.data.get("last_error") if isinstance(event.data, dict) else None
        code, msg = (error["code"], error["msg"]) if isinstance(error, dict) else (5000, "")
        return Event(event.name, {"code": str(code) if self.code_as_text else code, "msg": msg})


# --- framing and bytes ---


@dataclass(frozen=True)
class LineEnding(Fault):
    """Sends lines with another line ending: CRLF, CR or LF."""

    text: str

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, newline=self.text)


@dataclass(frozen=True)
class SpaceAfterColon(Fault):
    """Sends a space after the colon of each field."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, colon=": ")


@dataclass(frozen=True)
class GluedEvents(Fault):
    """Sends no blank line between events."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, separator="")


@dataclass(frozen=True)
class Comments(Fault):
    """Sends a comment line before each event."""

    def framing(self, framing: Framing) -> Framing:
        return replace(framing, comment=" keep-alive")


@dataclass(frozen=True)
class Rechunk(Fault):
    """Sends the body in chunks of `size` bytes, also in the middle of a character."""

    size: int

    async def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        buffer = b""
        async for chunk in chunks:
            buffer += chunk
            while len(buffer) >= self.size:
                yield buffer[: self.size]
                buffer = buffer[self.size :]
        if buffer:
            yield buffer


@dataclass(frozen=True)
class CutAfterBytes(Fault):
    """Breaks the connection after `count` bytes of the body; `clean` ends the body as if it were complete."""

    count: int
    clean: bool = False

    async def chunks(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        left = self.count
        async for chunk in chunks:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                raise ConnectionCut(clean=self.clean)
