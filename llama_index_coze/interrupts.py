"""Workflows that stop to ask, inside an agent's run: the run asks a human, and the same workflow run goes on.

When the answer has come, LlamaIndex begins the tool again from its top (LlamaIndex docs: Human in the loop). What each
step came to is therefore kept in the run's context: a run is begun once, an answer given once, also if the context was
stored and another process goes on with it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from itertools import count
from typing import Any, cast
from weakref import WeakKeyDictionary

from llama_index.core.workflow import Context, Event, HumanResponseEvent, InputRequiredEvent
from pydantic import Field
from workflows.runtime.types.results import StepWorkerStateContextVar, WaitingForEvent

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.bridge.tools.tool_outcome import UNKNOWN_OUTCOME, HumanQuestion, JsonObject, ToolOutcome
from coze_client.bridge.tools.workflow_call import Step
from coze_client.errors import ConfigurationError

_KEPT = "coze_workflow_runs"  # in the context's store, whose edit_state() would copy the agent's memory
_begun: WeakKeyDictionary[object, set[str]] = WeakKeyDictionary()  # by store: the steps begun in this process


class CozeHumanResponseEvent(HumanResponseEvent):
    """The answer to a workflow's question; ``CozeInputRequiredEvent.answer`` makes one."""

    event_id: str
    """The question's."""
    response: Any
    """Text, or for an input node a mapping of its fields."""


class CozeInputRequiredEvent(InputRequiredEvent):
    """A workflow stopped to ask: answer with ``handler.ctx.send_event(event.answer("…"))``.

    The agent's run waits as long as it takes. Its context can be stored meanwhile, and another process can go on;
    LlamaIndex leaves the memory out of it, so ``await ctx.store.set("memory", memory)`` after ``agent.run(ctx=ctx)``.
    """

    question: str = ""
    prefix: str = ""
    """The question, where LlamaIndex's own events have it."""
    options: list[str] = Field(default_factory=list)
    required_parameters: dict[str, Any] = Field(default_factory=dict)
    """What an input node asks for: Coze's parameters by name."""
    workflow_id: str = ""
    node_title: str = ""
    event_id: str = ""
    interrupt_type: int = 0
    """2 question, 5 input node, 6 local plugin, 7 OAuth plugin."""
    data: str = ""
    """What Coze told, as it came."""
    tool_name: str = ""

    def answer(self, response: object) -> CozeHumanResponseEvent:
        """The event that answers this one: `response` is text, or a mapping for an input node."""
        return CozeHumanResponseEvent(event_id=self.event_id, response=response)


class CozeMessageEvent(Event):
    """A piece of what a workflow's node says while a tool runs it; the end node's title is empty or End."""

    tool_name: str
    node_title: str
    content: str
    node_is_finish: bool


class Superseded(Event):
    """Is never sent: what waits for it has nothing more to do."""


class Keeping:
    """What the steps of one tool call came to, kept in the context of the run that the call is part of."""

    def __init__(self, context: Context[Any], tool_name: str, arguments: object) -> None:
        self._context = context
        self._tool_name = tool_name
        self._key = _key(tool_name, arguments)
        self._place = f"{_KEPT}.{self._key}"  # a path
        self._step = -1

    async def once(self, step: Step) -> ToolOutcome:
        """The outcome of `step`, which is not taken again if it was before; raises what it raises if nothing began."""
        self._step += 1
        kept = await self._kept()
        found = kept[self._step] if self._step < len(kept) else None
        if found is not None and "question" in found:
            return ToolOutcome.from_json(found)
        await self._begin()
        if found is not None:
            return ToolOutcome.from_json(found)
        await self._keep(UNKNOWN_OUTCOME)
        try:
            outcome = await step()
        except Exception:  # nothing began; a cancelled step may have
            await self.forget()
            raise
        await self._keep(outcome.to_json())
        return outcome

    async def _begin(self) -> None:
        """Ends the tool's call without an output if another one, of the same call, is at this step or was.

        A restored context begins a call that waits again, and once more when its answer comes at the same time.
        """
        begun, place = _begun.setdefault(self._context.store, set()), f"{self._key}_{self._step}"
        if place in begun:
            await self._context.wait_for_event(Superseded, waiter_id=f"{place}_superseded", timeout=None)
        begun.add(place)

    async def ask(self, outcome: ToolOutcome) -> object:
        """The human's answer to the outcome's question; until it has come, this ends the tool's call."""
        question = cast("HumanQuestion", outcome.question)
        told = question.describe()
        asked = CozeInputRequiredEvent(**told, prefix=question.question, tool_name=self._tool_name)
        if self._step + 1 >= len(await self._kept()):
            return await self._wait(asked)
        with suppress(WaitingForEvent):  # answered before; this tells LlamaIndex that nothing waits here any more
            await self._wait(asked)
        return None

    async def _wait(self, asked: CozeInputRequiredEvent) -> object:
        for attempt in count():
            answer = await self._context.wait_for_event(
                CozeHumanResponseEvent,
                waiter_event=asked,
                waiter_id=f"{self._key}_{self._step}_{attempt}",
                requirements={"event_id": asked.event_id},
                timeout=None,
            )
            if answer.event_id == asked.event_id:  # a restored context lets any answer through at first
                return answer.response
        raise AssertionError

    def tell(self, event: WorkflowEvent) -> None:
        """Writes what a node says into the run's stream of events."""
        if said := event.message:
            told = CozeMessageEvent(
                tool_name=self._tool_name,
                node_title=said.node_title,
                content=said.content,
                node_is_finish=said.node_is_finish,
            )
            self._context.write_event_to_stream(told)

    async def forget(self) -> None:
        """Drops what is kept, when the call is over."""
        await self._context.store.set(self._place, [])

    async def _kept(self) -> list[JsonObject]:
        kept: list[JsonObject] = await self._context.store.get(self._place, default=[])
        return kept

    async def _keep(self, stored: JsonObject) -> None:
        await self._context.store.set(self._place, [*(await self._kept())[: self._step], stored])


def _key(tool_name: str, arguments: object) -> str:
    """The same whenever a call is begun again, another for every other call of the context.

    Raises ConfigurationError outside of a step.
    """
    step = StepWorkerStateContextVar.get(None)
    if step is None:
        raise ConfigurationError(
            "A context was given outside of a LlamaIndex workflow's step", cure="Call without `ctx`"
        )
    ids = (getattr(step.state, "work_item_id", None), getattr(step.event, "tool_id", None))
    told = json.dumps([*ids, tool_name, arguments], sort_keys=True, default=repr)
    return f"coze_{sha256(told.encode()).hexdigest()[:16]}"
