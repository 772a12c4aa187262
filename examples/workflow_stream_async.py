"""Runs a workflow three times at once on asyncio, and answers the question of each run."""

from __future__ import annotations

import asyncio
import os

from coze_client import AsyncCozeClient, WorkflowInterrupted


async def book(client: AsyncCozeClient, city: str, time: str) -> object:
    """Returns the output of a run; its only question is about the time."""
    running = client.workflows.execute(workflow_id=os.environ["COZE_WORKFLOW_ID"], parameters={"city": city})
    try:
        result = await running
    except WorkflowInterrupted as asked:
        result = await asked.resume(time)
    return result.output


async def main() -> None:
    times = {"Rome": "18:00", "Oslo": "19:00", "Bern": "20:00"}
    async with AsyncCozeClient() as client:
        bookings = await asyncio.gather(*(book(client, city, time) for city, time in times.items()))
    print(*bookings, sep="\n")


asyncio.run(main())
