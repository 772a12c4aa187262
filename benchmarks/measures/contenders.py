"""The clients that most measures compare: ours, ours on aiohttp, and cozepy."""

from __future__ import annotations

from benchmarks.measure import Job, Row, Target
from benchmarks.wire import Kind

OURS, AIOHTTP, PEER = "coze_client", "coze_client on aiohttp", "cozepy"
CHUNKS: dict[Kind, str] = {"fire": "one HTTP chunk an event", "bulk": "16 KiB HTTP chunks"}


def blocking(job: Job) -> tuple[Row, Row]:
    return Row(OURS, "coze:Blocking", job), Row(PEER, "cozepy:Blocking", job)


def asyncio(job: Job) -> tuple[Row, Row, Row]:
    aiohttp = Row(AIOHTTP, "coze:Aiohttp", job)
    return Row(OURS, "coze:Asyncio", job), aiohttp, Row(PEER, "cozepy:Asyncio", job)


def both(default: float, aiohttp: float) -> tuple[Target, Target]:
    """Targets of the two asyncio transports against cozepy."""
    return Target(OURS, default, (PEER,)), Target(AIOHTTP, aiohttp, (PEER,))
