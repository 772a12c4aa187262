"""Streams of chats: the work of an event, memory, the first delta, many at once, and those that are left."""

from __future__ import annotations

from benchmarks.measure import (
    Figure,
    Job,
    Measure,
    Row,
    Target,
    cpu_an_event,
    cpu_each,
    first_delta,
    lateness,
    loop_stall,
    memory_growth,
    memory_per_stream,
    stuck,
    wall,
)
from benchmarks.measures.contenders import AIOHTTP, CHUNKS, OURS, PEER, asyncio, blocking, both
from benchmarks.wire import Kind, Shape

LIMIT = "limit: httpx reads bytes"
LONG = Shape("paced", 100, 100)
CANCELLED = Job("cancelled", LONG, times=100, at_once=100)


def stream(kind: Kind, *targets: Target) -> Measure:
    job = Job("stream", Shape(kind, 2000), times=5)
    rows = (*blocking(job), Row(LIMIT, "httpx_bytes:Blocking", job, reads_bytes=True))
    return Measure(f"stream-{kind}", f"Blocking stream, {CHUNKS[kind]}", rows, (cpu_an_event(*targets),))


def astream(kind: Kind, *targets: Target) -> Measure:
    job = Job("stream", Shape(kind, 2000), times=5)
    rows = (*asyncio(job), Row(LIMIT, "httpx_bytes:Asyncio", job, reads_bytes=True))
    return Measure(f"astream-{kind}", f"Asyncio stream, {CHUNKS[kind]}", rows, (cpu_an_event(*targets),))


def paced(at_once: int, size: int, pause: int, *figures: Figure) -> Measure:
    rows = asyncio(Job("paced", Shape("paced", size, pause), at_once=at_once))
    title = f"{at_once:,} streams at once, a delta every {pause} ms"
    return Measure(f"paced-{at_once}", title, rows, figures, 5, Job("paced", Shape("paced", 5, 20), at_once=8))


def crowd(work: str, how: str, limit: float) -> Measure:
    """2,300 streams of ten seconds; `limit`: of the longest stall, in ms. cozepy does not finish in five minutes."""
    rows = asyncio(Job(work, Shape("paced", 10, 1000), at_once=2300))[:2]
    targets = Target(OURS, limit), Target(AIOHTTP, limit)
    warm_up = Job(work, Shape("paced", 5, 20), at_once=8)
    return Measure(f"crowd-{work}", f"2,300 streams, {how}", rows, (loop_stall(*targets), wall()), 3, warm_up)


STREAMS = (
    stream("fire", Target(OURS, 0.55, (PEER,)), Target(OURS, 1.45, (LIMIT,))),
    stream("bulk", Target(OURS, 0.30, (PEER,))),
    astream("fire", *both(0.55, 0.22)),
    astream("bulk", *both(0.32, 0.27)),
    Measure(
        "length",
        "Length of a stream",
        (
            Row("20,000 events", "coze:Blocking", Job("stream", Shape("fire", 20_000))),
            Row("2,000 events", "coze:Blocking", Job("stream", Shape("fire", 2000), times=10)),
        ),
        (cpu_an_event(Target("20,000 events", 1.15, ("2,000 events",))),),
    ),
    Measure(
        "memory",
        "A stream of 20,000 events in a fresh process",
        blocking(Job("stream", Shape("fire", 20_000))),
        (memory_growth(Target(OURS, 3)),),
        rounds=5,
        warm_up=Job("stream", Shape("fire", 50)),
    ),
    Measure(
        "jumbo",
        "A message of 5 MB in one event",
        blocking(Job("stream", Shape("jumbo", 5_000_000))),
        (cpu_each("a stream", Target(OURS, 1.0, (PEER,))),),
    ),
    Measure(
        "first-delta",
        "A blocking stream on a kept connection",
        blocking(Job("first", Shape("fire", 20), times=50)),
        (first_delta(Target(OURS, 0.75, (PEER,))),),
    ),
    paced(200, 60, 50, cpu_an_event(*both(0.90, 0.35)), lateness(*both(1.0, 1.0)), memory_per_stream()),
    paced(1000, 24, 250, cpu_an_event(*both(0.90, 0.90)), lateness(), memory_per_stream(Target(OURS, 60))),
    crowd("burst", "all started at once", 2000),
    crowd("spread", "400 started in a second", 250),
    Measure(
        "cancelled",
        "10,000 streams cancelled at random moments, every other one twice",
        (
            Row(OURS, "coze:Leaving", CANCELLED),
            Row(AIOHTTP, "coze:LeavingAiohttp", CANCELLED),
            Row(PEER, "cozepy:Asyncio", CANCELLED),
        ),
        (stuck(Target(OURS, 0), Target(AIOHTTP, 0)), wall()),
        1,
        Job("cancelled", LONG),
    ),
)
