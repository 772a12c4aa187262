"""Run Coze tools inside a node of a LangGraph graph: interrupt for questions, and start no run twice.

LangGraph restarts a node from its beginning when an interrupt is answered (LangGraph docs: Interrupts), and after a
failure, if there is a RetryPolicy or the graph is invoked again. So every step of a tool is a task of the graph, whose
outcome the checkpointer stores. Another task before it records that the step starts. Each run is therefore started once
and each answer sent once, even if the process ends in between. Only a thread that goes back to an earlier checkpoint
starts another run, because LangGraph repeats every step there (LangGraph docs: Time travel).
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from typing import Any, cast
from weakref import WeakKeyDictionary

from langchain_core.callbacks.manager import AsyncParentRunManager, ParentRunManager
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import patch_config, var_child_runnable_config

from coze_client.bridge.tools.tool_outcome import UNKNOWN_OUTCOME, JsonObject, ToolOutcome
from coze_client.bridge.tools.workflow_call import Step
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.errors import ConfigurationError, CozeError
from langchain_coze.langgraph_version import check_langgraph

_CALL = "__pregel_call"  # key of the function by which a node starts tasks; LangGraph has no public name for it
_SCRATCHPAD = "__pregel_scratchpad"  # key of the answers to interrupts
_NOT_STARTED: JsonObject = {"nothing": True}  # stored for a step that failed before anything started; in checkpoints
_POLL_INTERVAL = 0.005  # seconds
_START_TIMEOUT = 60.0  # seconds; LangGraph hangs if nodes that wait for their tasks use up `max_concurrency`

Task = Callable[[], Coroutine[Any, Any, JsonObject]]


def in_graph(config: RunnableConfig) -> bool:
    """True inside a node of a running graph; raises ConfigurationError there if this LangGraph is not supported."""
    in_node = _CALL in (config.get("configurable") or {})
    if in_node or "langgraph_node" in (config.get("metadata") or {}):
        check_langgraph()
    return in_node


class NodeRun:
    """The tool calls in one run of a graph's node, one at a time.

    LangGraph identifies the tasks and answers of a node only by their order. A ToolNode calls tools in parallel, so
    their steps must not mix: a call locks the node until it is done or asks a question, and each step records its call.
    (``create_agent`` gives every call a node of its own.)
    """

    def __init__(self, concurrency: Blocking | Asyncio, *, limited: bool = False) -> None:
        self._concurrency = concurrency
        self._start_timeout = _START_TIMEOUT if limited else None
        self._lock = concurrency.new_lock()
        self._foreign_record: JsonObject | None = None  # the record of another call's step, from an earlier node run
        self._interrupt: BaseException | None = None
        self._attempt = 1
        self._results: list[JsonObject] = []  # of the tasks, in order; further attempts read them again
        self._position = 0
        self._is_new = False  # the last step ran now; it was not read from a checkpoint

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Lock the node for one call; raises the interrupt of another call, whose answer must come first."""
        from langgraph.errors import GraphInterrupt

        await self._concurrency.acquire(self._lock, None)
        try:
            self._rewind(_node_attempt())
            self._raise_interrupt()
            yield
        except GraphInterrupt as interrupt:
            self._interrupt = interrupt
            raise
        finally:
            self._lock.release()

    async def run_once(self, step: Step, call_id: str) -> ToolOutcome:
        """The outcome of `step`: the stored one if it ran before for the same call."""
        while True:
            tasks = _StepTasks(step, call_id)
            record, self._foreign_record = self._foreign_record or await self._next_result(tasks.record), None
            if record["owner"] != call_id:
                self._foreign_record = record
                await self._wait_for_owner(call_id)
                continue
            stored = await self._next_result(tasks.run)
            self._is_new = tasks.is_new
            if tasks.error is not None:
                raise tasks.error
            if stored != _NOT_STARTED:
                return ToolOutcome.from_json(stored)

    def ask_human(self, outcome: ToolOutcome, tool_name: str) -> object:
        """The human's answer to the outcome's question; interrupts the node if there is none yet."""
        from langgraph.types import interrupt

        question = {**(outcome.question.describe() if outcome.question else {}), "tool_name": tool_name}
        if self._is_new:
            with _without_early_answer():
                interrupt(question)
            raise _left_checkpoint()
        answer: object = interrupt(question)
        if isinstance(answer, dict) and answer.keys() == {"resume_data"}:
            return cast("dict[str, object]", answer)["resume_data"]
        return answer

    def _rewind(self, attempt: int) -> None:
        """A retried node counts its tasks on, so the results of the earlier attempts have to come from here."""
        if attempt != self._attempt:
            self._attempt, self._position, self._foreign_record, self._interrupt = attempt, 0, None, None

    async def _next_result(self, task: Task) -> JsonObject:
        if self._position == len(self._results):
            self._results.append(await self._run_task(task))
        self._position += 1
        return self._results[self._position - 1]

    async def _wait_for_owner(self, call_id: str) -> None:
        """Release the lock until the step that was found is taken by its call, or another one is found: this call's."""
        while self._foreign_record is not None and self._foreign_record["owner"] != call_id:
            self._lock.release()
            try:
                await self._concurrency.sleep(_POLL_INTERVAL)
            finally:
                await self._concurrency.acquire(self._lock, None)
            self._raise_interrupt()

    async def _run_task(self, task_function: Task) -> JsonObject:
        from langgraph.func import task

        started, claim = self._concurrency.new_lock(), threading.Lock()
        await self._concurrency.acquire(started, None)

        def set_started(_: object = None) -> None:
            with suppress(RuntimeError):  # it started before, and now it is done
                started.release()

        async def coze_step() -> JsonObject:
            if not claim.acquire(blocking=False):
                raise _no_capacity()
            set_started()
            return await task_function()

        def blocking_coze_step() -> JsonObject:
            return Blocking.run(coze_step())

        blocking = isinstance(self._concurrency, Blocking)
        blocking_coze_step.__name__ = coze_step.__name__  # a checkpointer finds stored results by this name, too
        future = task(blocking_coze_step)() if blocking else task(coze_step)()
        future.add_done_callback(set_started)
        if not await self._concurrency.acquire(started, self._start_timeout) and claim.acquire(blocking=False):
            future.cancel()
            raise _no_capacity()
        return future.result() if blocking else await future

    def _raise_interrupt(self) -> None:
        if self._interrupt is not None:
            raise self._interrupt


class _StepTasks:
    """The two tasks of a step: one records the call that starts it, the other runs it if that record is new."""

    def __init__(self, step: Step, call_id: str) -> None:
        self._step = step
        self._call_id = call_id
        self.is_new = False
        self.error: Exception | None = None

    async def record(self) -> JsonObject:
        self.is_new = True
        return {"owner": self._call_id}

    async def run(self) -> JsonObject:
        if not self.is_new:
            return UNKNOWN_OUTCOME
        try:
            return (await self._step()).to_json()
        except CozeError as error:
            self.error = error
            return _NOT_STARTED
        except Exception as error:  # noqa: BLE001 - `run_once` raises it
            self.error = error
            return UNKNOWN_OUTCOME


_node_runs: WeakKeyDictionary[object, NodeRun] = WeakKeyDictionary()


def node_run(config: RunnableConfig, *, blocking: bool) -> NodeRun:
    """The run of the node that `config` belongs to, the same for all tool calls in it."""
    node: object = config.get("configurable", {})[_CALL]
    limited = bool(config.get("max_concurrency"))
    return _node_runs.setdefault(node, NodeRun(Blocking() if blocking else Asyncio(), limited=limited))


def _node_attempt() -> int:
    from langgraph.runtime import get_runtime

    return int(getattr(getattr(get_runtime(), "execution_info", None), "node_attempt", 1))


def _no_capacity() -> ConfigurationError:
    return ConfigurationError(
        "The graph has no capacity to run a step of this tool; nothing was started",
        cure="Nodes wait for their own tasks: set max_concurrency above the number of tools that run at once",
    )


def _left_checkpoint() -> ConfigurationError:
    return ConfigurationError(
        "The thread was resumed at a checkpoint that it had left: its workflow was started again and asks again",
        cure="Answer without a checkpoint_id; to branch off there, call invoke(None, config) and answer that question",
    )


@contextmanager
def _without_early_answer() -> Iterator[None]:
    """Hide LangGraph's answer for the next interrupt of any node: it was given before this question was asked."""
    config = var_child_runnable_config.get() or {}
    configurable = config.get("configurable") or {}
    scratchpad = replace(configurable[_SCRATCHPAD], get_null_resume=lambda *_: None)
    token = var_child_runnable_config.set({**config, "configurable": {**configurable, _SCRATCHPAD: scratchpad}})
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


@contextmanager
def configured(
    config: RunnableConfig, manager: ParentRunManager | AsyncParentRunManager | None
) -> Iterator[RunnableConfig]:
    """Set the config for what a tool runs, so that LangGraph finds it; on asyncio, Python 3.10 does not set it."""
    inner = patch_config(config, callbacks=manager.get_child()) if manager else config
    token = var_child_runnable_config.set(inner)
    try:
        yield inner
    finally:
        var_child_runnable_config.reset(token)
