"""Workflows that stop to ask, inside a LangGraph run: the graph asks a human, and the same run goes on.

When the answer has come, LangGraph begins the node again from its top (LangGraph docs: Interrupts), and so it does
after a failure, if there is a RetryPolicy or somebody invokes the graph again. Every step of a tool is therefore a task
of the graph, whose outcome its checkpointer keeps, after one that tells that it begins: a run is begun once, an answer
given once, also if the process ended in between. Only a thread that goes back to an earlier checkpoint begins another
one: LangGraph takes every step anew there (LangGraph docs: Time travel).
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

from coze_client.bridge.tools.outcome import BEGUN, Outcome, Stored
from coze_client.bridge.tools.workflow_call import Step
from coze_client.core.concurrency import Asyncio, Blocking
from coze_client.errors import ConfigurationError, CozeError
from langchain_coze.langgraph_version import check_langgraph

_NODE = "__pregel_call"  # by which a running node begins tasks; LangGraph has no public name for it
_SCRATCHPAD = "__pregel_scratchpad"  # where it has the answers
_NOTHING: Stored = {"nothing": True}  # is kept of a step in which nothing began
_MOMENT = 0.005  # seconds
_PATIENCE = 60.0  # seconds; where `max_concurrency` is reached by nodes that wait for their own tasks, LangGraph hangs

Face = Blocking | Asyncio


def in_graph(config: RunnableConfig) -> bool:
    """True inside a node of a running graph; raises ConfigurationError there if this LangGraph is not supported."""
    in_node = _NODE in (config.get("configurable") or {})
    if in_node or "langgraph_node" in (config.get("metadata") or {}):
        check_langgraph()
    return in_node


class NodeRun:
    """The calls of tools in one run of a graph's node, which take their turns.

    LangGraph knows tasks and answers of a node by their order alone. A ToolNode calls tools in parallel, so their steps
    must not mingle: a call has the node for itself until it is done or asks something, and each step says whose it is.
    (``create_agent`` gives every call a node of its own.)
    """

    def __init__(self, concurrency: Face, *, limited: bool = False) -> None:
        self._concurrency = concurrency
        self._patience = _PATIENCE if limited else None
        self._turn = concurrency.new_lock()
        self._others: Stored | None = None  # a step of an earlier run of the node that was found by the wrong call
        self._asked: BaseException | None = None
        self._attempt = 1
        self._kept: list[Stored] = []  # what the tasks gave, in their order, for further attempts
        self._at = 0
        self._fresh = False  # the last step was taken now, not found

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Inside, no other call has the node; raises what another call asks, since nothing can happen before that."""
        from langgraph.errors import GraphInterrupt

        await self._concurrency.acquire(self._turn, None)
        try:
            self._start_over(_node_attempt())
            self._raise_asked()
            yield
        except GraphInterrupt as asked:
            self._asked = asked
            raise
        finally:
            self._turn.release()

    async def keep(self, step: Step, owner: str) -> Outcome:
        """The outcome of `step`, or what the graph has kept of it since it ran for the same `owner`."""
        while True:
            beginning = _Beginning(step, owner)
            found, self._others = self._others or await self._task(beginning.tell), None
            if found["owner"] != owner:
                self._others = found
                await self._let_pass()
                continue
            stored = await self._task(beginning.take)
            self._fresh = beginning.begins
            if beginning.raised is not None:
                raise beginning.raised
            if stored != _NOTHING:
                return Outcome.found(stored)

    def ask(self, outcome: Outcome, tool_name: str) -> object:
        """The answer to the last step's question, that the graph is resumed with; until then, this ends the node."""
        from langgraph.types import interrupt

        told = {**(outcome.question.told() if outcome.question else {}), "tool_name": tool_name}
        if self._fresh:
            with _unanswered():
                interrupt(told)
            raise _left_behind()
        answer: object = interrupt(told)
        if isinstance(answer, dict) and answer.keys() == {"resume_data"}:
            return cast("dict[str, object]", answer)["resume_data"]
        return answer

    def _start_over(self, attempt: int) -> None:
        """Where LangGraph tries the node again, it counts on: its tasks of the attempts before are found here."""
        if attempt != self._attempt:
            self._attempt, self._at, self._others, self._asked = attempt, 0, None, None

    async def _task(self, run: Callable[[], Coroutine[Any, Any, Stored]]) -> Stored:
        if self._at == len(self._kept):
            self._kept.append(await self._run(run))
        self._at += 1
        return self._kept[self._at - 1]

    async def _let_pass(self) -> None:
        """Gives the turn to the call whose step was found, until it has taken it."""
        while self._others is not None:
            self._turn.release()
            try:
                await self._concurrency.sleep(_MOMENT)
            finally:
                await self._concurrency.acquire(self._turn, None)
            self._raise_asked()

    async def _run(self, run: Callable[[], Coroutine[Any, Any, Stored]]) -> Stored:
        from langgraph.func import task

        begun, claim = self._concurrency.new_lock(), threading.Lock()
        await self._concurrency.acquire(begun, None)

        def begin(_: object = None) -> None:
            with suppress(RuntimeError):  # it has begun, and now is done
                begun.release()

        async def coze_step() -> Stored:
            if not claim.acquire(blocking=False):
                raise _no_place()
            begin()
            return await run()

        def blocking_coze_step() -> Stored:
            return Blocking.run(coze_step())

        blocking = isinstance(self._concurrency, Blocking)
        blocking_coze_step.__name__ = coze_step.__name__  # by which, too, a checkpointer finds what it has kept
        kept = task(blocking_coze_step)() if blocking else task(coze_step)()
        kept.add_done_callback(begin)
        if not await self._concurrency.acquire(begun, self._patience) and claim.acquire(blocking=False):
            kept.cancel()
            raise _no_place()
        return kept.result() if blocking else await kept

    def _raise_asked(self) -> None:
        if self._asked is not None:
            raise self._asked


class _Beginning:
    """Two tasks: one tells that a step begins, and whose; the other takes it, if the first one has just done so."""

    def __init__(self, step: Step, owner: str) -> None:
        self._step = step
        self._owner = owner
        self.begins = False
        self.raised: Exception | None = None

    async def tell(self) -> Stored:
        self.begins = True
        return {"owner": self._owner}

    async def take(self) -> Stored:
        if not self.begins:
            return BEGUN
        try:
            return (await self._step()).stored()
        except CozeError as error:
            self.raised = error
            return _NOTHING
        except Exception as error:  # noqa: BLE001 - raised by whoever waits for this task
            self.raised = error
            return BEGUN


_node_runs: WeakKeyDictionary[object, NodeRun] = WeakKeyDictionary()


def node_run(config: RunnableConfig, *, blocking: bool) -> NodeRun:
    """The run of the node that `config` belongs to, the same for all calls in it."""
    node: object = config.get("configurable", {})[_NODE]
    limited = bool(config.get("max_concurrency"))
    return _node_runs.setdefault(node, NodeRun(Blocking() if blocking else Asyncio(), limited=limited))


def _node_attempt() -> int:
    from langgraph.runtime import get_runtime

    return int(getattr(getattr(get_runtime(), "execution_info", None), "node_attempt", 1))


def _no_place() -> ConfigurationError:
    return ConfigurationError(
        "The graph has no place for a step of this tool, and nothing was begun",
        cure="Nodes wait for their own tasks: raise max_concurrency above the number of tools that run at once",
    )


def _left_behind() -> ConfigurationError:
    return ConfigurationError(
        "A thread was resumed at a checkpoint that it has left: its workflow was begun anew there, and asks anew",
        cure="Answer without a checkpoint_id; to go another way from there, invoke(None, config) and answer that",
    )


@contextmanager
def _unanswered() -> Iterator[None]:
    """Inside, LangGraph has no answer at hand that is for whichever node asks next."""
    config = var_child_runnable_config.get() or {}
    known = config.get("configurable") or {}
    alone = replace(known[_SCRATCHPAD], get_null_resume=lambda *_: None)
    token = var_child_runnable_config.set({**config, "configurable": {**known, _SCRATCHPAD: alone}})
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


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
