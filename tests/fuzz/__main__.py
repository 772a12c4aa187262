"""Fuzz every transport over a real socket: ``python -m tests.fuzz [responses a transport] [first number]``."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from time import monotonic

from coze_client import AsyncCozeClient, CozeClient
from tests.support.malformed import OPTIONS, TOKEN, call_asyncio, call_blocking, serve_for_ever

_AT_ONCE = 8


@contextmanager
def _server() -> Iterator[str]:
    context = get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve_for_ever, args=(there,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{here.recv()}"
    process.terminate()
    process.join()


def _blocking(url: str, numbers: range) -> list[str]:
    waiting = iter(numbers)
    lock = threading.Lock()
    problems: list[str] = []

    def work() -> None:
        while True:
            with lock:
                number = next(waiting, None)
            if number is None:
                return
            if problem := call_blocking(client, number):
                problems.append(problem)

    with CozeClient(TOKEN, base_url=url, **OPTIONS) as client:
        threads = [threading.Thread(target=work) for _ in range(_AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return problems


async def _asyncio(url: str, numbers: range, *, over_aiohttp: bool) -> list[str]:
    waiting = iter(numbers)
    problems: list[str] = []

    async def work() -> None:
        for number in waiting:
            problems.extend(filter(None, [await call_asyncio(client, number)]))

    async with AsyncCozeClient(TOKEN, base_url=url, transport="aiohttp" if over_aiohttp else None, **OPTIONS) as client:
        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return problems


def main() -> int:
    """Fuzz all transports; the exit code is 1 if anything but an error of this package came out."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    numbers, failed = range(first, first + count), False
    with _server() as url:
        for name in ("blocking", "asyncio", "aiohttp"):
            begun = monotonic()
            if name == "blocking":
                problems = _blocking(url, numbers)
            else:
                problems = asyncio.run(_asyncio(url, numbers, over_aiohttp=name == "aiohttp"))
            print(f"{name}: {count} responses, {len(problems)} problems, {monotonic() - begun:.0f} s", flush=True)
            for problem in problems[:5]:
                print(problem, flush=True)
            failed = failed or bool(problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
