"""A workflow as one tool of a language model, whatever the framework: what it tells of itself, and one call of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from coze_client.api.workflows.events import WorkflowEvent
from coze_client.api.workflows.file_arguments import FileSources
from coze_client.api.workflows.signature import Given, WorkflowSignature
from coze_client.api.workflows.stream import WorkflowResult
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.bridge.tools.names import tool_name
from coze_client.bridge.tools.outcome import HumanQuestion, Outcome, outcome_of
from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.core.concurrency import maybe_await
from coze_client.errors import CozeError

_LONGEST = 1024  # characters that the APIs of language models take of a tool's description

Client = CozeClient | AsyncCozeClient
Step = Callable[[], Coroutine[Any, Any, Outcome]]
Tell = Callable[[WorkflowEvent], object]


class WorkflowFacts(NamedTuple):
    """What a tool tells of a workflow; the title is in the description, since the name is ASCII."""

    workflow_id: str
    name: str
    description: str
    signature: WorkflowSignature

    @classmethod
    def of_info(cls, info: WorkflowInfo, name: str = "", *, prefix: str = "") -> WorkflowFacts:
        """From what ``client.workflows.retrieve`` told; raises ConfigurationError if that is no schema."""
        detail = info.workflow_detail
        description = ": ".join(filter(None, (detail.workflow_name, detail.description)))
        name = name or tool_name(detail.workflow_name, detail.workflow_id, prefix=prefix)
        return cls(detail.workflow_id, name, _cut(description or name), WorkflowSignature.of_info(info))

    @classmethod
    def of_signature(cls, workflow_id: str, given: Given | WorkflowSignature, *, prefix: str = "") -> WorkflowFacts:
        """From a signature of the user's: its title and description, of a function its name and docstring."""
        signature = given if isinstance(given, WorkflowSignature) else WorkflowSignature.of(given)
        name = tool_name(str(signature.schema.get("title", "")), workflow_id, prefix=prefix)
        return cls(workflow_id, name, str(signature.schema.get("description", name)), signature)


def _cut(description: str) -> str:
    return description if len(description) <= _LONGEST else f"{description[: _LONGEST - 1]}…"


def blocking_client(client: Client | None) -> CozeClient:
    """`client` or its blocking twin; of the environment if there is none."""
    client = client or CozeClient()
    return client if isinstance(client, CozeClient) else client.blocking


def asyncio_client(client: Client | None) -> AsyncCozeClient:
    """`client` or its twin on asyncio; of the environment if there is none."""
    client = client or AsyncCozeClient()
    return client if isinstance(client, AsyncCozeClient) else client.aio


async def just_once(step: Step) -> Outcome:
    """For ``WorkflowCall.follow`` where nothing begins a tool again."""
    return await step()


def refuse(outcome: Outcome) -> object:
    """For ``WorkflowCall.follow`` where nobody can be asked: raises WorkflowInterrupted."""
    raise cast("CozeError", outcome.error)


async def find_facts(
    client: Client, workflow_id: str, signature: Given | WorkflowSignature | None, *, prefix: str = ""
) -> WorkflowFacts:
    """What there is to tell of a workflow, asked for in one request unless a `signature` is given."""
    if signature is not None:
        return WorkflowFacts.of_signature(workflow_id, signature, prefix=prefix)
    return WorkflowFacts.of_info(await maybe_await(client.workflows.retrieve(workflow_id=workflow_id)), prefix=prefix)


class WorkflowCall(NamedTuple):
    """One call: with which arguments, files and options of ``client.workflows.execute``, over which client."""

    client: Client
    facts: WorkflowFacts
    arguments: Mapping[str, object]
    files: FileSources
    options: Mapping[str, Any]
    tell: Tell | None = None

    async def follow(self, once: Callable[[Step], Awaitable[Outcome]], ask: Callable[[Outcome], object]) -> Outcome:
        """The call from its beginning to its end; `ask` gives the answer, or an awaitable of it, to every question.

        Each step goes through `once`, which frameworks that begin a tool again use to remember what it came to.
        """
        outcome = await once(partial(outcome_of, self._begin))
        while (question := outcome.question) is not None:
            answer = await maybe_await(ask(outcome))
            outcome = await once(partial(outcome_of, partial(self._answer, question, answer)))
        return outcome

    async def _begin(self) -> WorkflowResult:
        workflows, facts = self.client.workflows, self.facts
        ready = workflows.prepare(signature=facts.signature, arguments=self.arguments, files=self.files)
        parameters = await maybe_await(ready)
        running = workflows.execute(
            workflow_id=facts.workflow_id, parameters=parameters, on_event=self.tell, **self.options
        )
        return await maybe_await(running)

    async def _answer(self, question: HumanQuestion, answer: object) -> WorkflowResult:
        return await maybe_await(self.client.workflows.answer(**question.call(answer), on_event=self.tell))
