"""Interrupted workflows inside an agent's run: a human answers, and the same workflow run continues.

When the answer arrives, LlamaIndex calls the tool again from its beginning (LlamaIndex docs: Human in the loop). So the
run's context stores the outcome of each step: a workflow run is started once and answered once, even if the context was
stored and another process continues with it.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from hashlib import sha256
from itertools import count, takewhile
from typing import Any, cast
from weakref import WeakKeyDictionary, finalize

from llama_index.core.workflow import Context, Event, HumanResponseEvent, InputRequiredEvent
from pydantic import Field
from workflows.runtime.types.results import (
    AddWaiter,
    Returns,
    StepWorkerFailed,
    StepWorkerStateContextVar,
    WaitingForEvent,
)

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.bridge.tools.tool_outcome import UNKNOWN_OUTCOME, HumanQuestion, JsonObject, ToolOutcome
from coze_client.bridge.tools.workflow_call import ANSWERED, Step
from coze_client.errors import ConfigurationError

_STORE_KEY = "coze_workflow_runs"  # a key of its own, because edit_state() would copy the agent's memory
_equal_calls: dict[int, Counter[str]] = {}  # by the id of a step's execution, as long as that lives
_started: WeakKeyDictionary[object, dict[str, Returns]] = (
    WeakKeyDictionary()
)  # the steps started in this process, by store


class CozeHumanResponseEvent(HumanResponseEvent):
    """The answer to a workflow's question; ``CozeInputRequiredEvent.answer`` creates it."""

    event_id: str
    """The ``event_id`` of the question."""
    response: Any
    """Text; for an input node, a mapping of its fields."""


class CozeInputRequiredEvent(InputRequiredEvent):
    """The question of an interrupted workflow: answer with ``handler.ctx.send_event(event.answer("…"))``.

    The agent's run waits without a time limit. Its context can be stored in the meantime, and another process can
    continue. LlamaIndex does not store the memory with the context, so call ``await ctx.store.set("memory", memory)``
    after ``agent.run(ctx=ctx)``.
    """

    question: str = ""
    prefix: str = ""
    """The question again, in the field of LlamaIndex's own events."""
    options: list[str] = Field(default_factory=list)
    required_parameters: dict[str, Any] = Field(default_factory=dict)
    """The fields of an input node: Coze's parameters by name."""
    workflow_id: str = ""
    node_title: str = ""
    event_id: str = ""
    interrupt_type: int = 0
    """2 is a question, 5 an input node, 6 a local plugin, 7 an OAuth plugin."""
    data: str = ""
    """Coze's data of the interrupt, unchanged."""
    tool_name: str = ""
    problem: str = ""
    """Why the last answer to this question was refused; "" if the question is new."""

    def answer(self, response: object) -> CozeHumanResponseEvent:
        """Create the answer; `response` is text, or a mapping for an input node."""
        return CozeHumanResponseEvent(event_id=self.event_id, response=response)


class CozeMessageEvent(Event):
    """A piece of a workflow node's output during a tool call; the end node's title is empty or End."""

    tool_name: str
    node_title: str
    content: str
    node_is_finish: bool


class NeverSentEvent(Event):
    """An event that nobody sends: a superseded tool call waits for it, and so ends without an output.

    A stored context contains the name of this class and of its module.
    """


class StepStore:
    """Stores the outcome of each step of one tool call, in the context of the run that the call belongs to."""

    def __init__(self, context: Context[Any], tool_name: str, arguments: object) -> None:
        self._context = context
        self._tool_name = tool_name
        self._call_key = _call_key(tool_name, arguments)
        self._path = f"{_STORE_KEY}.{self._call_key}"
        self._step = -1
        self._ends_its_step = getattr(StepWorkerStateContextVar.get().event, "tool_id", None) is not None
        self._attempts = count()  # of answers to the question of this step

    async def run_once(self, step: Step) -> ToolOutcome:
        """Run the next step, or return its stored outcome if it was run before.

        Raises what `step` raises if nothing was started on the server.
        """
        self._step += 1
        self._attempts = count()
        outcomes = await self._load()
        stored = outcomes[self._step] if self._step < len(outcomes) else None
        if stored is not None and "question" in stored:
            return ToolOutcome.from_json(stored)
        await self._end_if_superseded()
        if stored is not None:
            return ToolOutcome.from_json(stored)
        await self._save(UNKNOWN_OUTCOME)
        try:
            outcome = await step()
        except Exception:  # nothing was started; a cancelled step may have started something
            for step_key in map(self._step_key, range(self._step + 1)):
                self._started_here.pop(step_key, None)
            await self.clear()
            raise
        await self._save(outcome.to_json())
        return outcome

    async def _end_if_superseded(self) -> None:
        """End this call without an output if another execution of the same call has reached this step.

        A restored context starts a waiting call again, and once more if its answer arrives at the same time. An
        execution that ended by waiting or failing supersedes none: the next one takes its place.
        """
        step_key = self._step_key(self._step)
        earlier = self._started_here.get(step_key)
        if earlier is not None and not _has_ended(earlier):
            await self._context.wait_for_event(NeverSentEvent, waiter_id=f"{step_key}_superseded", timeout=None)
        self._started_here[step_key] = StepWorkerStateContextVar.get().returns

    @property
    def _started_here(self) -> dict[str, Returns]:
        return _started.setdefault(self._context.store, {})

    def _step_key(self, step: int) -> str:
        return f"{self._call_key}_{step}"

    async def ask(self, outcome: ToolOutcome) -> object:
        """Return the human's answer to the outcome's question; without an answer yet, this ends the tool call."""
        question = cast("HumanQuestion", outcome.question)
        event = CozeInputRequiredEvent(**question.describe(), prefix=question.question, tool_name=self._tool_name)
        if self._step + 1 >= len(await self._load()):
            return await self._wait(event)
        await self._forget_waiters()
        return ANSWERED

    async def _wait(self, question: CozeInputRequiredEvent) -> object:
        for attempt in self._attempts:
            answer = await self._context.wait_for_event(
                CozeHumanResponseEvent,
                waiter_event=question,
                waiter_id=self._waiter_id(attempt),
                requirements={"event_id": question.event_id},
                timeout=None,
            )
            if answer.event_id == question.event_id:  # a restored context first accepts any answer
                return answer.response
        raise AssertionError

    async def _forget_waiters(self) -> None:
        """Remove LlamaIndex's waiters for a question that was answered before."""
        step = StepWorkerStateContextVar.get(None)
        known = {waiter.waiter_id for waiter in step.state.collected_waiters} if step else set()
        for waiter_id in takewhile(known.__contains__, map(self._waiter_id, count())):
            with suppress(WaitingForEvent):
                await self._context.wait_for_event(CozeHumanResponseEvent, waiter_id=waiter_id, timeout=None)

    def _waiter_id(self, attempt: int) -> str:
        return f"{self._call_key}_{self._step}_{attempt}"

    def write_message(self, event: WorkflowEvent) -> None:
        """Write a node's output into the run's stream of events; ignore other events."""
        if message := event.message:
            self._context.write_event_to_stream(
                CozeMessageEvent(
                    tool_name=self._tool_name,
                    node_title=message.node_title,
                    content=message.content,
                    node_is_finish=message.node_is_finish,
                )
            )

    async def clear(self) -> None:
        """Delete the stored outcomes when the call is over."""
        await self._context.store.set(self._path, [])

    async def finish(self) -> None:
        """End the call. A step of the user's own may be executed again and then needs the outcomes of its calls."""
        if self._ends_its_step:
            await self.clear()

    async def _load(self) -> list[JsonObject]:
        outcomes: list[JsonObject] = await self._context.store.get(self._path, default=[])
        return outcomes

    async def _save(self, outcome: JsonObject) -> None:
        await self._context.store.set(self._path, [*(await self._load())[: self._step], outcome])


def _call_key(tool_name: str, arguments: object) -> str:
    """A key of a tool call: the same when the call is started again, different for all other calls of the context.

    Raises ConfigurationError outside of a step.
    """
    step = StepWorkerStateContextVar.get(None)
    if step is None:
        raise ConfigurationError(
            "A context was given outside of a LlamaIndex workflow's step", cure="Call without `ctx`"
        )
    ids = (getattr(step.state, "work_item_id", None), getattr(step.event, "tool_id", None))
    call = json.dumps([*ids, tool_name, arguments], sort_keys=True, default=repr)
    if (number := _number_of_equal_call(step, call)) > 1:
        call = f"{call} {number}"
    return f"coze_{sha256(call.encode()).hexdigest()[:16]}"


def _number_of_equal_call(step: object, call: str) -> int:
    """1 for the first of the equal calls in one execution of a step, 2 for the second, …"""
    if id(step) not in _equal_calls:
        _equal_calls[id(step)] = Counter()
        finalize(step, _equal_calls.pop, id(step), None)
    _equal_calls[id(step)][call] += 1
    return _equal_calls[id(step)][call]


def _has_ended(execution: Returns) -> bool:
    """True if an execution of a step ended by waiting for an event, or failed."""
    return any(isinstance(each, (AddWaiter, StepWorkerFailed)) for each in execution.return_values)
