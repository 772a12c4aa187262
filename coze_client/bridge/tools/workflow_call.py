"""One call of a workflow as a tool, from its arguments to its outcome, the same for every framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.file_arguments import FileSources
from coze_client.api.workflows.result import WorkflowResult
from coze_client.bridge.connection import AnyCozeClient
from coze_client.bridge.tools.definitions import ToolDefinition
from coze_client.bridge.tools.human_answer import answer_problem
from coze_client.bridge.tools.tool_outcome import HumanQuestion, ToolOutcome, capture_outcome
from coze_client.core.concurrency import maybe_await
from coze_client.errors import CozeError

Step = Callable[[], Coroutine[Any, Any, ToolOutcome]]
"""A request that starts or continues the workflow run, up to its next question or its end."""
RunStep = Callable[[Step], Awaitable[ToolOutcome]]
"""Runs a step once: a framework that restarts tools returns the stored outcome instead."""
AskHuman = Callable[[ToolOutcome], object]
"""The human's answer to the question of an outcome, or an awaitable of it; ANSWERED if it was sent before."""
ANSWERED = object()
OnEvent = Callable[[WorkflowEvent], object]


async def run_step(step: Step) -> ToolOutcome:
    """The RunStep where nothing restarts a tool."""
    return await step()


def raise_question(outcome: ToolOutcome) -> object:
    """The AskHuman where nobody can answer: raises WorkflowInterrupted."""
    raise cast("CozeError", outcome.error)


async def take_answer(outcome: ToolOutcome, question: HumanQuestion, ask_human: AskHuman) -> object:
    """The first answer that Coze can take."""
    answer = await maybe_await(ask_human(outcome))
    while answer is not ANSWERED and (problem := answer_problem(question.interrupt, answer)):
        again = outcome._replace(question=question._replace(problem=problem))
        answer = await maybe_await(ask_human(again))
    return answer


class WorkflowCall(NamedTuple):
    """One call: the workflow, its arguments and files, and the options of ``client.workflows.execute``."""

    client: AnyCozeClient
    definition: ToolDefinition
    arguments: Mapping[str, object]
    files: FileSources
    options: Mapping[str, Any]
    on_event: OnEvent | None = None

    async def run(self, run_step: RunStep, ask_human: AskHuman) -> ToolOutcome:
        """Run the workflow to its end; every question goes to `ask_human`, every step through `run_step`.

        A question is asked again, with the ``problem``, after an answer that Coze cannot take.
        """
        outcome = await run_step(self.start)
        while (question := outcome.question) is not None:
            answer = await take_answer(outcome, question, ask_human)
            outcome = await run_step(partial(capture_outcome, partial(self._resume, question, answer)))
        return outcome

    async def start(self) -> ToolOutcome:
        """Run the workflow up to its first question, or to its end."""
        return await capture_outcome(self._execute)

    async def _execute(self) -> WorkflowResult:
        workflows, definition = self.client.workflows, self.definition
        parameters = await maybe_await(
            workflows.prepare(signature=definition.signature, arguments=self.arguments, files=self.files)
        )
        result = workflows.execute(
            workflow_id=definition.workflow_id, parameters=parameters, on_event=self.on_event, **self.options
        )
        return await maybe_await(result)

    async def _resume(self, question: HumanQuestion, answer: object) -> WorkflowResult:
        arguments = question.answer_arguments(answer)
        return await maybe_await(self.client.workflows.answer(**arguments, on_event=self.on_event))
