"""Workflow tools in steps of a user's own: calls that repeat, steps that are executed again, and questions between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from llama_index.core.workflow import Context, StartEvent, StopEvent, Workflow, step
from workflows.retry_policy import ConstantDelayRetryPolicy

from coze_client.emulator import Emulator
from coze_client.emulator.workflows import Steps, ask
from llama_index_coze import CozeInputRequiredEvent, CozeWorkflowTool

Call = Callable[[str, str], Awaitable[str]]
"""Calls a tool, weather or asks, for a city."""
Work = Callable[[Call, int], Awaitable[list[str]]]
"""What a step does with its tools in its n-th execution."""


def weather(city: str) -> str:
    return f"weather in {city}"


def asks(city: str) -> Steps[str]:
    title = yield ask("Which title?")
    return f"{title} {city}"


async def one_after_the_other(call: Call, _: int) -> list[str]:
    return [await call("weather", "Rome"), await call("weather", "Rome")]


async def at_once(call: Call, _: int) -> list[str]:
    return list(await asyncio.gather(*(call("weather", "Rome") for _ in range(3))))


async def different(call: Call, _: int) -> list[str]:
    return [await call("weather", "Rome"), await call("weather", "Oslo")]


async def before_a_failure(call: Call, execution: int) -> list[str]:
    found = [await call("weather", "Rome")]
    if execution < 3:
        raise ValueError("trouble of the user's own code")
    return found


async def before_a_question(call: Call, _: int) -> list[str]:
    return [await call("weather", "Rome"), await call("asks", "Rome")]


async def two_equal_questions(call: Call, _: int) -> list[str]:
    return [await call("asks", "Rome"), await call("asks", "Rome")]


async def around_a_question(call: Call, _: int) -> list[str]:
    return [await call("weather", "Rome"), await call("asks", "Rome"), await call("weather", "Rome")]


ROME = "weather in Rome"


@pytest.mark.parametrize(
    ("work", "results"),
    [
        (one_after_the_other, [ROME, ROME]),
        (at_once, [ROME] * 3),
        (different, [ROME, "weather in Oslo"]),
        (before_a_failure, [ROME]),
        (before_a_question, [ROME, "Dr Rome"]),
        (two_equal_questions, ["Dr Rome", "Dr Rome"]),
        (around_a_question, [ROME, "Dr Rome", ROME]),
    ],
)
async def test_each_call_in_a_step_runs_once_and_ends(emulator: Emulator, work: Work, results: list[str]) -> None:
    tools = {
        function.__name__: CozeWorkflowTool(
            emulator.workflow()(function).id,
            weather,
            name=function.__name__,
            token=emulator.token,
            base_url=emulator.url,
        )
        for function in (weather, asks)
    }
    executions: list[int] = []

    class OneStep(Workflow):
        @step(retry_policy=ConstantDelayRetryPolicy(delay=0.01, maximum_attempts=4))
        async def go(self, ctx: Context[Any], _: StartEvent) -> StopEvent:
            executions.append(1)

            async def call(tool: str, city: str) -> str:
                return str((await tools[tool].acall(ctx=ctx, city=city)).content)

            return StopEvent(result=await work(call, len(executions)))

    async def run() -> Any:
        handler = OneStep(timeout=None).run()
        async for event in handler.stream_events():
            if isinstance(event, CozeInputRequiredEvent):
                handler.ctx.send_event(event.answer("Dr"))
        return await handler

    assert await asyncio.wait_for(run(), 20) == results
    assert emulator.runs_started == len(results)
