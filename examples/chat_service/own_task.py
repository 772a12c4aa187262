"""Read a stream in a task of its own, so that a browser that leaves ends it: for FastAPI, Starlette and LangGraph.

Starlette stops a response by anyio, which cancels every `await` until the response has ended. LangGraph's `astream`
then cannot wait for its nodes: they run on, the bot answers to the end, and Coze bills it. Here a task of its own reads
the stream, and the response reads a queue. When the response ends, the task is cancelled once. LangGraph then cancels
its nodes, and ChatCoze cancels the chat.

A chat can be cancelled only when its id has arrived. So a stream that has not begun is cancelled at its first event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

LONGEST_START = 30.0  # seconds that a stream may take to begin after its browser has left
PING_AFTER = 15.0  # seconds without an event; some servers notice only by sending that a browser has left

running: dict[asyncio.Task[None], StreamFromOwnTask] = {}
"""The tasks that read a stream now. The event loop itself keeps no task alive."""


class StreamFromOwnTask(StreamingResponse):
    """Sends server-sent events from an async generator. If the browser leaves, the generator is cancelled."""

    def __init__(self, events: AsyncIterator[str]) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # nginx must not hold events back
        super().__init__(self._receive(), media_type="text/event-stream", headers=headers)
        self._events = events
        self._queue: asyncio.Queue[str | Exception | None] = asyncio.Queue()
        self._begun = self._left = self._cancelled = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._task = asyncio.create_task(self._read())
        running[self._task] = self
        self._task.add_done_callback(running.pop)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()

    def _leave(self) -> None:
        self._left = True
        if self._begun:
            self.cancel()
        else:
            asyncio.get_running_loop().call_later(LONGEST_START, self.cancel)

    def cancel(self) -> None:
        """Cancel the task. Only the first call does: after a second one, LangGraph would not wait for its nodes."""
        if not self._cancelled:
            self._cancelled = True
            self._task.cancel()

    async def _read(self) -> None:
        try:
            async for event in self._events:
                self._begun = True
                self._queue.put_nowait(event)
                if self._left:
                    self.cancel()  # the generator meets it at its next await
        except Exception as error:  # noqa: BLE001 - `_receive` raises it
            self._queue.put_nowait(error)
        else:
            self._queue.put_nowait(None)

    async def _receive(self) -> AsyncIterator[str]:
        while True:
            try:
                event = await asyncio.wait_for(self._queue.get(), PING_AFTER)
            except asyncio.TimeoutError:
                event = ": ping\n\n"
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            yield event


async def end_all() -> None:
    """Cancel the tasks that still run, and wait for them. Call it when the app shuts down."""
    tasks = list(running)
    for stream in list(running.values()):
        stream.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
