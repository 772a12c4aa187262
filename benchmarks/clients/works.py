"""What a contender is asked to do in a round, and how its process is measured meanwhile.

Runs in every environment, so it imports the standard library alone.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import subprocess
import sys
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol, cast

STARTS = 400  # paced streams begun in a second: a burst would measure little but itself

Take = Callable[[str], None]
Sample = dict[str, float]


class Contender(Protocol):
    def stream(self, take: Take) -> Awaitable[None] | None: ...
    def call(self) -> Awaitable[object] | object: ...


@dataclass(frozen=True)
class Job:
    """One round's work: ``times`` of it one after another, by ``at_once`` tasks where the work knows tasks."""

    work: str
    url: str
    times: int = 1
    at_once: int = 1
    statement: str = ""


class Tally:
    def __init__(self) -> None:
        self.deltas = self.characters = 0

    def take(self, text: str) -> None:
        self.deltas += 1
        self.characters += len(text)


class Ring:
    """Where one contender fights: its class, one instance a base URL, one event loop for the whole process."""

    def __init__(self, contender: Callable[[str], Contender]) -> None:
        self.contender = contender
        self.instances: dict[str, Contender] = {}
        self.loop = asyncio.new_event_loop()

    def instance(self, url: str) -> Contender:
        if url not in self.instances:
            self.instances[url] = self.contender(url)
        return self.instances[url]

    def finish(self, result: Awaitable[object] | object) -> None:
        if inspect.isawaitable(result):
            self.loop.run_until_complete(result)


@contextmanager
def metered(sample: Sample) -> Iterator[None]:
    """Adds the block's ``cpu`` and ``wall`` (seconds) and, on Linux, how far it raised the peak memory: ``rss_kib``."""
    gc.collect()
    rss = resident()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    sample["cpu"], sample["wall"] = time.process_time() - cpu, time.perf_counter() - wall
    if rss is not None:
        sample["rss_kib"] = peak() - rss


def resident() -> float | None:
    """Resident KiB now, after setting the kernel's high-water mark back to it; None where there is no ``/proc``."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return status("VmRSS:")


def peak() -> float:
    return status("VmHWM:")


def status(name: str) -> float:
    # Not ru_maxrss: a child inherits its parent's peak through exec.
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(name)))


def stream(ring: Ring, job: Job) -> Sample:
    """Reads streams one after another to their ends."""
    sample, tally, contender = Sample(), Tally(), ring.instance(job.url)
    with metered(sample):
        for _ in range(job.times):
            ring.finish(contender.stream(tally.take))
    return {**sample, "deltas": tally.deltas, "characters": tally.characters}


def first(ring: Ring, job: Job) -> Sample:
    """Reads streams one after another; ``first`` is the median time from asking to holding the first delta, seconds."""
    sample, tally, contender = Sample(), Tally(), ring.instance(job.url)
    moments, times = list[float](), list[float]()

    def take(text: str) -> None:
        if not moments:
            moments.append(time.perf_counter())
        tally.take(text)

    with metered(sample):
        for _ in range(job.times):
            moments.clear()
            start = time.perf_counter()
            ring.finish(contender.stream(take))
            times.append(moments[0] - start)
    return {**sample, "first": median(times), "deltas": tally.deltas, "characters": tally.characters}


def calls(ring: Ring, job: Job) -> Sample:
    """``at_once`` tasks (or the one thread) make ``times`` plain calls each."""
    sample, contender = Sample(), ring.instance(job.url)

    async def caller() -> None:
        for _ in range(job.times):
            await cast("Awaitable[object]", contender.call())

    async def everybody() -> None:
        await asyncio.gather(*(caller() for _ in range(job.at_once)))

    with metered(sample):
        if inspect.iscoroutinefunction(contender.call):
            ring.finish(everybody())
        else:
            for _ in range(job.times):
                contender.call()
    return sample


def paced(ring: Ring, job: Job) -> Sample:
    """Reads ``at_once`` streams together, begun one by one; ``late_p99``: seconds that deltas were under way."""
    sample, tally, contender, late = Sample(), Tally(), ring.instance(job.url), array("d")

    def take(text: str) -> None:
        late.append(time.monotonic() - float(text))
        tally.take(text)

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        await cast("Awaitable[None]", contender.stream(take))

    async def everybody() -> None:
        await asyncio.gather(*(one(number / STARTS) for number in range(job.at_once)))

    with metered(sample):
        ring.finish(everybody())
    late_p99 = sorted(late)[len(late) * 99 // 100]
    return {**sample, "late_p99": late_p99, "deltas": tally.deltas, "characters": tally.characters}


def further(ring: Ring, job: Job) -> Sample:
    """Makes ``times`` more instances beside a first one, and keeps them."""
    sample, _ = Sample(), ring.instance(job.url)
    with metered(sample):
        kept = [ring.contender(job.url) for _ in range(job.times)]
    del kept
    return sample


def further_called(ring: Ring, job: Job) -> Sample:
    """Makes ``times`` more instances, and one call with each."""
    sample = Sample()
    with metered(sample):
        for _ in range(job.times):
            ring.finish(ring.contender(job.url).call())
    return sample


def stampede(ring: Ring, job: Job) -> Sample:
    """``at_once`` tasks or threads call at the same time, ``times`` over, each time by an instance without a token."""
    sample = Sample()

    async def tasks(contender: Contender) -> None:
        await asyncio.gather(*(cast("Awaitable[object]", contender.call()) for _ in range(job.at_once)))

    with metered(sample), ThreadPoolExecutor(job.at_once) as threads:
        for _ in range(job.times):
            contender = ring.contender(job.url)
            if inspect.iscoroutinefunction(contender.call):
                ring.finish(tasks(contender))
            else:
                for call in [threads.submit(contender.call) for _ in range(job.at_once)]:
                    call.result()
    return sample


def ticked(ring: Ring, job: Job) -> Sample:
    """One call, ``times`` over, each time by an instance without a token, beside a task that ticks each millisecond.

    ``stall``: the longest that a tick had to wait, seconds.
    """
    sample, late = Sample(), [0.0]

    async def tick() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            late.append(time.perf_counter() - before - 0.001)

    async def one(contender: Contender) -> None:
        ticking = asyncio.ensure_future(tick())
        await cast("Awaitable[object]", contender.call())
        ticking.cancel()

    with metered(sample):
        for _ in range(job.times):
            ring.finish(one(ring.contender(job.url)))
    return {**sample, "stall": max(late)}


def imports(_ring: Ring, job: Job) -> Sample:
    """Runs a statement in a new interpreter; ``cpu`` counts from after the interpreter's own start."""
    script = f"import time; start = time.process_time()\n{job.statement}\nprint(time.process_time() - start)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {"cpu": float(done.stdout)}


WORKS: dict[str, Callable[[Ring, Job], Sample]] = {
    work.__name__: work for work in (stream, first, calls, paced, further, further_called, stampede, ticked, imports)
}
