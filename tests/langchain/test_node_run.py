"""The tool calls in one node of a graph: each takes its own stored steps, in whichever order the calls come."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest

pytest.importorskip("langgraph")

from hypothesis import given
from hypothesis import strategies as st

from coze_client.bridge.tools.tool_outcome import ToolOutcome
from coze_client.core.concurrency import Asyncio
from langchain_coze import langgraph_interrupts
from langchain_coze.langgraph_interrupts import NodeRun

CALLS = st.permutations(["a", "b", "c", "d"])


async def unexpected() -> ToolOutcome:
    raise AssertionError("a step whose outcome is stored was run again")


@given(CALLS, CALLS, st.integers(1, 2))
async def test_each_call_takes_its_own_steps(before: list[str], now: list[str], steps: int) -> None:
    node = NodeRun(Asyncio())
    node._results = [stored for owner in before * steps for stored in ({"owner": owner}, {"failure": owner})]

    async def call(call_id: str) -> list[str]:
        async with node.lock():
            return [(await node.run_once(unexpected, call_id)).failure for _ in range(steps)]

    with (
        patch.object(langgraph_interrupts, "_node_attempt", lambda: 1),
        patch.object(langgraph_interrupts, "_POLL_INTERVAL", 0),
    ):
        found = await asyncio.wait_for(asyncio.gather(*map(call, now)), 5)
    assert found == [[call_id] * steps for call_id in now]
