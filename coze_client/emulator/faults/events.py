"""Faults of a stream's events: late, lost, unknown or changed ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from coze_client.emulator.protocol.fault import ConnectionCut, Fault
from coze_client.emulator.protocol.stream import Event


async def _numbered(events: AsyncIterator[Event]) -> AsyncIterator[tuple[int, Event]]:
    number = 0
    async for event in events:
        number += 1
        yield number, event


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
