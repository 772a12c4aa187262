"""The works of a round, and how the process of a contender measures itself meanwhile.

It runs in every environment, so it imports only the standard library.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Protocol, cast

STARTS = 400  # paced streams started in a second: with a burst, the start would dominate the figures

OnDelta = Callable[[str], None]
Sample = dict[str, float]


class Contender(Protocol):
    def stream(self, on_delta: OnDelta) -> Awaitable[None] | None: ...
    def call(self) -> Awaitable[object] | object: ...
    def save(self, path: Path) -> Awaitable[object] | object: ...


@dataclass(frozen=True)
class Job:
    """The work of one round: ``times`` repetitions one after another, in ``at_once`` tasks if the work uses tasks."""

    work: str
    url: str
    times: int = 1
    at_once: int = 1
    statement: str = ""


class Tally:
    def __init__(self) -> None:
        self.deltas = self.characters = 0

    def add(self, text: str) -> None:
        self.deltas += 1
        self.characters += len(text)


class Runner:
    """Holds a contender's class, one instance for each base URL, and one event loop for the whole process."""

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
    """Adds the block's ``cpu`` and ``wall`` (seconds) and, on Linux, the growth of the peak memory: ``rss_kib``."""
    gc.collect()
    rss = resident()
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    sample["cpu"], sample["wall"] = time.process_time() - cpu, time.perf_counter() - wall
    if rss is not None:
        sample["rss_kib"] = peak() - rss


def resident() -> float | None:
    """Resets the kernel's peak memory to the current value and returns it in KiB; None without ``/proc``."""
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


def stream(runner: Runner, job: Job) -> Sample:
    """Reads streams to their ends, one after another."""
    sample, tally, contender = Sample(), Tally(), runner.instance(job.url)
    with metered(sample):
        for _ in range(job.times):
            runner.finish(contender.stream(tally.add))
    return {**sample, "deltas": tally.deltas, "characters": tally.characters}


def first(runner: Runner, job: Job) -> Sample:
    """Reads streams one after another; ``first`` is the median time from the request to the first delta, in seconds."""
    contender = runner.instance(job.url)
    return time_first(runner, job, lambda: contender)


def first_each(runner: Runner, job: Job) -> Sample:
    """Like ``first``, each time with a new instance, whose making counts."""
    return time_first(runner, job, lambda: runner.contender(job.url))


def time_first(runner: Runner, job: Job, instance: Callable[[], Contender]) -> Sample:
    sample, tally = Sample(), Tally()
    moments, times = list[float](), list[float]()

    def on_delta(text: str) -> None:
        if not moments:
            moments.append(time.perf_counter())
        tally.add(text)

    with metered(sample):
        for _ in range(job.times):
            moments.clear()
            start = time.perf_counter()
            runner.finish(instance().stream(on_delta))
            times.append(moments[0] - start)
    return {**sample, "first": median(times), "deltas": tally.deltas, "characters": tally.characters}


def calls(runner: Runner, job: Job) -> Sample:
    """``at_once`` tasks (or the one thread) make ``times`` plain calls each."""
    sample, contender = Sample(), runner.instance(job.url)

    async def caller() -> None:
        for _ in range(job.times):
            await cast("Awaitable[object]", contender.call())

    async def everybody() -> None:
        await asyncio.gather(*(caller() for _ in range(job.at_once)))

    with metered(sample):
        if inspect.iscoroutinefunction(contender.call):
            runner.finish(everybody())
        else:
            for _ in range(job.times):
                contender.call()
    return sample


def saved(runner: Runner, job: Job) -> Sample:
    """Saves a file of speech ``times`` over; ``bytes``: the sizes of the files."""
    sample, contender, size = Sample(), runner.instance(job.url), 0
    with TemporaryDirectory() as folder, metered(sample):
        for number in range(job.times):
            path = Path(folder, str(number))
            runner.finish(contender.save(path))
            size += path.stat().st_size
            path.unlink()
    return {**sample, "bytes": size}


def paced(runner: Runner, job: Job) -> Sample:
    """Reads ``at_once`` streams together, started one by one; ``late_p99``: delay of a delta, in seconds."""
    sample, tally, contender, late = Sample(), Tally(), runner.instance(job.url), array("d")

    def on_delta(text: str) -> None:
        late.append(time.monotonic() - float(text))
        tally.add(text)

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        await cast("Awaitable[None]", contender.stream(on_delta))

    async def everybody() -> None:
        await asyncio.gather(*(one(number / STARTS) for number in range(job.at_once)))

    with metered(sample):
        runner.finish(everybody())
    late_p99 = sorted(late)[len(late) * 99 // 100]
    return {**sample, "late_p99": late_p99, "deltas": tally.deltas, "characters": tally.characters}


def burst(runner: Runner, job: Job) -> Sample:
    """Reads ``at_once`` streams that start all at once; ``stall``: see ``Ticks``."""
    return crowd(runner, job, 0.0)


def spread(runner: Runner, job: Job) -> Sample:
    """Reads ``at_once`` streams, started one by one; ``stall``: see ``Ticks``."""
    return crowd(runner, job, 1 / STARTS)


def crowd(runner: Runner, job: Job, pause: float) -> Sample:
    sample, tally, contender, ticks = Sample(), Tally(), runner.instance(job.url), Ticks()

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        await cast("Awaitable[None]", contender.stream(tally.add))

    async def everybody() -> None:
        ticking = asyncio.ensure_future(ticks.run())
        await asyncio.gather(*(one(number * pause) for number in range(job.at_once)))
        ticking.cancel()

    with metered(sample):
        runner.finish(everybody())
    return {**sample, "stall": ticks.longest, "deltas": tally.deltas, "characters": tally.characters}


class Ticks:
    """A task that ticks each millisecond; ``longest``: the longest delay of a tick, garbage collection taken off."""

    def __init__(self) -> None:
        self.longest = self.collecting = 0.0

    async def run(self) -> None:
        gc.callbacks.append(self.collected)
        try:
            while True:
                before, collecting = time.perf_counter(), self.collecting
                await asyncio.sleep(0.001)
                late = time.perf_counter() - before - 0.001 - (self.collecting - collecting)
                self.longest = max(self.longest, late)
        finally:
            gc.callbacks.remove(self.collected)

    def collected(self, phase: str, _: object) -> None:
        self.collecting += -time.perf_counter() if phase == "start" else time.perf_counter()


def cancelled(runner: Runner, job: Job) -> Sample:
    """``at_once`` tasks open ``times`` streams each and cancel each at a random moment, every other one twice.

    The streams are longer than that. ``stuck``: the sockets that are still open a second later.
    """
    sample, contender, chance, before = Sample(), runner.instance(job.url), random.Random(1), sockets()

    async def caller() -> None:
        for number in range(job.times):
            reading = asyncio.ensure_future(cast("Awaitable[None]", contender.stream(lambda _: None)))
            await asyncio.sleep(chance.uniform(0, 0.15))
            reading.cancel()
            if number % 2:
                await asyncio.sleep(0)
                reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    async def everybody() -> None:
        await asyncio.gather(*(caller() for _ in range(job.at_once)))
        await asyncio.sleep(1)

    with metered(sample):
        runner.finish(everybody())
    return {**sample, "stuck": sockets() - before}


def kept(runner: Runner, job: Job) -> Sample:
    """Creates ``times`` instances, makes a call with each, and keeps them; ``sockets``: those that are then open."""
    sample, before, instances = Sample(), sockets(), list[Contender]()
    with metered(sample):
        for _ in range(job.times):
            instances.append(runner.contender(job.url))
            runner.finish(instances[-1].call())
    return {**sample, "sockets": sockets() - before}


def sockets() -> int:
    """Number of this process's open sockets (Linux)."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the folder's own descriptor is closed by now
            found += each.readlink().as_posix().startswith("socket:")
    return found


def further(runner: Runner, job: Job) -> Sample:
    """Creates ``times`` more instances after a first one, and keeps them."""
    sample, _ = Sample(), runner.instance(job.url)
    with metered(sample):
        kept = [runner.contender(job.url) for _ in range(job.times)]
    del kept
    return sample


def further_called(runner: Runner, job: Job) -> Sample:
    """Creates ``times`` more instances, and makes one call with each."""
    sample = Sample()
    with metered(sample):
        for _ in range(job.times):
            runner.finish(runner.contender(job.url).call())
    return sample


def stampede(runner: Runner, job: Job) -> Sample:
    """``at_once`` tasks or threads call at once, ``times`` over, each time with an instance without a token."""
    sample = Sample()

    async def tasks(contender: Contender) -> None:
        await asyncio.gather(*(cast("Awaitable[object]", contender.call()) for _ in range(job.at_once)))

    with metered(sample), ThreadPoolExecutor(job.at_once) as threads:
        for _ in range(job.times):
            contender = runner.contender(job.url)
            if inspect.iscoroutinefunction(contender.call):
                runner.finish(tasks(contender))
            else:
                for call in [threads.submit(contender.call) for _ in range(job.at_once)]:
                    call.result()
    return sample


def ticked(runner: Runner, job: Job) -> Sample:
    """Makes one call while a task ticks each millisecond, ``times`` over, each time with an instance without a token.

    ``stall``: the longest delay of a tick, in seconds.
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
            runner.finish(one(runner.contender(job.url)))
    return {**sample, "stall": max(late)}


def imports(_runner: Runner, job: Job) -> Sample:
    """Runs a statement in a new interpreter; ``cpu`` does not include the start of the interpreter."""
    script = f"import time; start = time.process_time()\n{job.statement}\nprint(time.process_time() - start)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {"cpu": float(done.stdout)}


WORKS: dict[str, Callable[[Runner, Job], Sample]] = {
    work.__name__: work
    for work in (
        *(stream, first, first_each, calls, saved, paced, burst, spread, cancelled, kept),
        *(further, further_called, stampede, ticked, imports),
    )
}
