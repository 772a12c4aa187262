"""A LangChain tool that calls Coze: its two faces, what a call knows, how a failure is told."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, Literal, cast

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolArg, ToolException
from pydantic import ConfigDict, Field, model_validator
from typing_extensions import Self

from coze_client import CozeClient
from coze_client.api.files.attachments import Attachment
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.api.workflows.stream import WorkflowResult
from coze_client.bridge.tools.outcome import Outcome, describe_result
from coze_client.bridge.tools.workflow_call import Client, Step, asyncio_client, blocking_client, just_once, refuse
from coze_client.core.concurrency import Blocking
from coze_client.errors import ConfigurationError
from langchain_coze.attachments import Block, convert_blocks
from langchain_coze.interrupts import configured, in_graph, node_run
from langchain_coze.tool_events import EventReporter

Once = Callable[[Step], Awaitable[Outcome]]
Ask = Callable[[Outcome], object]
ContentAndArtifact = tuple[str, Any]  # what the model reads, and a value of each kind of tool's own


class ToolInvocation:
    """One call of a tool: its arguments, the run that it is part of, and a client of the caller's face."""

    def __init__(
        self, client: Client, arguments: Mapping[str, object], config: RunnableConfig, runtime: object
    ) -> None:
        self.client = client
        self.arguments = arguments
        self.config = config
        self._runtime = runtime

    @property
    def blocking(self) -> bool:
        """True on the blocking face."""
        return isinstance(self.client, CozeClient)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """What is attached to the messages of the graph's state, the first one first."""
        state: object = getattr(self._runtime, "state", None)
        messages = state.get("messages", ()) if isinstance(state, dict) else getattr(state, "messages", ())
        return tuple(each for message in messages or () for each in _attachments(message))

    @property
    def id(self) -> str:
        """The model's id of this call; empty if no model asked for it."""
        return str(getattr(self._runtime, "tool_call_id", None) or "")


class CozeTool(BaseTool):
    """What all tools of Coze share: a signature, checked arguments, both faces, failures that a model can read.

    A failure of what was called becomes an error message for the model (``handle_tool_error=False`` raises
    ToolException instead, with the client's error as its cause). What cannot work at all is raised: a wrong token, an
    unpublished workflow, a server out of reach.
    """

    signature: WorkflowSignature
    """What the tool takes."""
    client: Client | None = Field(default=None, exclude=True, repr=False)
    """A client of yours, of either face; not given, one is made of the environment."""
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True  # LangChain's type is a private union
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _prepare(self) -> Self:
        if self.args_schema is None:
            self.args_schema = self.signature.schema
        if self.client is None:
            self.client = CozeClient()
        return self

    @classmethod
    def _made(cls, told: Mapping[str, Any], given: Mapping[str, Any]) -> Self:  # fields of a tool
        """A tool of what is told of it; what is `given` and not ``None`` goes before that."""
        return cls(**{**told, **{name: value for name, value in given.items() if value is not None}})

    @property
    def func(self) -> Any:
        """Where LangGraph's ToolNode looks for what it is to inject."""
        return self._run

    # A workflow's input may have any name: `self` takes none away, the names of the others are changed in the schema.
    def _run(
        self,
        /,
        *,
        config: RunnableConfig,
        run_manager: CallbackManagerForToolRun | None = None,
        runtime: Annotated[object | None, InjectedToolArg()] = None,
        **arguments: Any,
    ) -> ContentAndArtifact:
        with configured(config, run_manager) as inner:
            return Blocking.run(self._answer(ToolInvocation(blocking_client(self.client), arguments, inner, runtime)))

    async def _arun(
        self,
        /,
        *,
        config: RunnableConfig,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
        runtime: Annotated[object | None, InjectedToolArg()] = None,
        **arguments: Any,
    ) -> ContentAndArtifact:
        with configured(config, run_manager) as inner:
            return await self._answer(ToolInvocation(asyncio_client(self.client), arguments, inner, runtime))

    async def _answer(self, call: ToolInvocation) -> ContentAndArtifact:
        teller = EventReporter(self.name, call.config, blocking=call.blocking)
        try:
            outcome = await self._outcome(call, teller)
        finally:
            await teller.finish()
        if outcome.result is None:
            raise ToolException(outcome.failure) from outcome.error
        return self._tell(outcome.result)

    async def _outcome(self, call: ToolInvocation, teller: EventReporter) -> Outcome:
        if not in_graph(call.config):
            return await self._follow(call, teller, just_once, refuse)
        node = node_run(call.config, blocking=call.blocking)
        async with node.turn():
            keep, ask = partial(node.keep, owner=call.id), partial(node.ask, tool_name=self.name)
            return await self._follow(call, teller, keep, ask)

    @abstractmethod
    async def _follow(self, call: ToolInvocation, teller: EventReporter, once: Once, ask: Ask) -> Outcome:
        """What is called, from its beginning to its end, as ``WorkflowCall.follow`` has it."""

    def _tell(self, result: WorkflowResult) -> ContentAndArtifact:
        """Content and artifact."""
        return describe_result(result), result


def _attachments(message: object) -> Sequence[Attachment]:
    if isinstance(message, BaseMessage) and message.type == "human" and not isinstance(message.content, str):
        with suppress(ConfigurationError):  # what only another provider can read
            return convert_blocks(cast("list[Block]", message.content_blocks))[1]
    return ()
