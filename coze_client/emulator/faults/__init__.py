"""Faults to inject into replies: `emulator.inject(faults.CutAfterBytes(300))`.

Each fault changes one stage of a reply, so that several can be combined.
"""

from __future__ import annotations

from coze_client.emulator.faults.body import Comments, CutAfterBytes, GluedEvents, LineEnding, Rechunk, SpaceAfterColon
from coze_client.emulator.faults.events import (
    Append,
    BareFailed,
    CutAfterEvents,
    Delay,
    DoneSpelling,
    DropTerminal,
    ErrorEvent,
    Gap,
    Ping,
    UnknownEvents,
)
from coze_client.emulator.faults.replies import (
    AfterStart,
    Coded,
    DropConnection,
    EmptyBody,
    Expire,
    Html,
    HttpStatus,
    JsonOnStream,
    NoEvents,
    NullFields,
    Sparse,
    StaticSite,
)
from coze_client.emulator.protocol.fault import Fault

__all__ = [
    "AfterStart",
    "Append",
    "BareFailed",
    "Coded",
    "Comments",
    "CutAfterBytes",
    "CutAfterEvents",
    "Delay",
    "DoneSpelling",
    "DropConnection",
    "DropTerminal",
    "EmptyBody",
    "ErrorEvent",
    "Expire",
    "Fault",
    "Gap",
    "GluedEvents",
    "Html",
    "HttpStatus",
    "JsonOnStream",
    "LineEnding",
    "NoEvents",
    "NullFields",
    "Ping",
    "Rechunk",
    "SpaceAfterColon",
    "Sparse",
    "StaticSite",
    "UnknownEvents",
]
