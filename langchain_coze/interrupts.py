"""Workflows that stop to ask, inside a LangGraph run: the graph asks a human, and the same run goes on.

When the answer has come, LangGraph begins the tool again from its top (LangGraph docs: Interrupts). Every step is
therefore a task of the graph, whose outcome its checkpointer keeps: a run is begun once, an answer given once.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, cast

from langchain_core.callbacks.manager import AsyncParentRunManager, ParentRunManager
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config, var_child_runnable_config

from coze_client.face import Blocking
from coze_client.tool_outcome import Outcome, Question, Stored

_IN_GRAPH = "__pregel_scratchpad"  # LangGraph has no public name for it

Step = Callable[[], Coroutine[Any, Any, Outcome]]


def in_graph(config: RunnableConfig) -> bool:
    """True inside a node of a running graph."""
    return _IN_GRAPH in (config.get("configurable") or {})


async def keep(step: Step, *, blocking: bool) -> Outcome:
    """The outcome of `step`, or what the graph has kept of it since it ran."""
    from langgraph.func import task

    async def coze_step() -> Stored:
        return (await step()).stored()

    def blocking_coze_step() -> Stored:
        return Blocking.run(coze_step())

    if blocking:
        return Outcome.found(task(blocking_coze_step)().result())
    return Outcome.found(await task(coze_step)())


def ask_human(question: Question, tool_name: str) -> object:
    """The answer that the graph is resumed with; until then, this ends the node."""
    from langgraph.types import interrupt

    answer: object = interrupt({**question.told(), "tool_name": tool_name})
    if isinstance(answer, dict) and answer.keys() == {"resume_data"}:
        return cast("dict[str, object]", answer)["resume_data"]
    return answer


@contextmanager
def configured(
    config: RunnableConfig, manager: ParentRunManager | AsyncParentRunManager | None
) -> Iterator[RunnableConfig]:
    """The config of what a tool runs inside; LangGraph finds it, which Python 3.10 does not see to on asyncio."""
    inner = patch_config(config, callbacks=manager.get_child()) if manager else config
    token = var_child_runnable_config.set(inner)
    try:
        yield inner
    finally:
        var_child_runnable_config.reset(token)
