"""CozeTool: what the LangChain tools for workflows, plugins and bots have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import Annotated, Any, Literal, cast

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolArg, ToolException
from langchain_core.tools.base import ArgsSchema
from pydantic import ConfigDict, model_validator
from typing_extensions import Self

from coze_client import CozeClient
from coze_client.api.files.attachments import Attachment
from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.signature import WorkflowSignature
from coze_client.bridge.connection import AnyCozeClient, Connection
from coze_client.bridge.tools.tool_outcome import ToolOutcome, describe_result
from coze_client.bridge.tools.workflow_call import AskHuman, RunStep, raise_question, run_step
from coze_client.core.concurrency import Blocking
from coze_client.core.json_schema import SchemaModel, describe_as_model
from coze_client.errors import ConfigurationError, InvalidArguments
from langchain_coze.attachments import Block, convert_blocks
from langchain_coze.event_reporter import EventReporter
from langchain_coze.langgraph_interrupts import configured, in_graph, node_run

ContentAndArtifact = tuple[str, Any]  # the text for the model, and a value that depends on the kind of tool


_OF_LANGCHAIN = ("config", "run_manager", "runtime")  # what LangChain passes to `_run` itself


class _NotGiven(Enum):  # a member of an enum stays the same in copies
    NOT_GIVEN = "not given"


class ToolInvocation:
    """One call of a tool: its arguments, the config of its run, and the client (blocking or asyncio) to use."""

    def __init__(
        self, client: AnyCozeClient, arguments: Mapping[str, object], config: RunnableConfig, runtime: object
    ) -> None:
        self.client = client
        self.arguments = arguments
        self.config = config
        self._runtime = runtime

    @property
    def blocking(self) -> bool:
        """True if the client is the blocking one."""
        return isinstance(self.client, CozeClient)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The attachments of the messages in the graph's state, in order."""
        state: object = getattr(self._runtime, "state", None)
        messages = state.get("messages", ()) if isinstance(state, dict) else getattr(state, "messages", ())
        return tuple(each for message in messages or () for each in _attachments(message))

    @property
    def id(self) -> str:
        """The model's id of this tool call; empty if no model called the tool."""
        return str(getattr(self._runtime, "tool_call_id", None) or "")


class CozeTool(Connection, BaseTool):
    """A tool that calls Coze: checks the arguments, works blocking and on asyncio, reports failures to the model.

    A failed call becomes an error message for the model. With ``handle_tool_error=False`` it raises ToolException
    instead, whose cause is the error of the client. Errors that the model cannot correct are always raised: a wrong
    token, an unpublished workflow, an unreachable server.

    ``args_schema`` is a pydantic model of the ``signature``, as ``to_fastmcp`` of langchain-mcp-adapters needs it; you
    may set the JSON schema instead (``tool.signature.schema``). It only describes the tool: the arguments are checked
    by the ``signature``, and Coze receives the same in either form.
    """

    signature: WorkflowSignature
    """The parameters of the tool."""
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    handle_tool_error: Any = True  # LangChain's type is a private union
    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _prepare(self) -> Self:
        self._describe_arguments()
        return self

    def _describe_arguments(self) -> None:
        if self.args_schema is None:
            self.args_schema = describe_as_model("Arguments", self.signature.schema, absent=_NotGiven.NOT_GIVEN)

    @property
    def tool_call_schema(self) -> ArgsSchema:
        """The ``args_schema`` itself if it was made of the signature: LangChain's copy would lose the JSON schema."""
        made = self.args_schema
        return made if made is not None and self._has_made_model else super().tool_call_schema

    @property
    def _has_made_model(self) -> bool:
        return isinstance(self.args_schema, type) and issubclass(self.args_schema, SchemaModel)

    def _to_args_and_kwargs(
        self, tool_input: str | dict[str, Any], tool_call_id: str | None
    ) -> tuple[tuple[()], dict[str, Any]]:
        """The arguments as they were given. LangChain would validate them by the model, and so change numbers."""
        if isinstance(tool_input, str):
            raise InvalidArguments(f"{self.name} takes its arguments by name, as a dict, not as text")
        renamed = {name: f"{name}_" for name in _OF_LANGCHAIN if self._is_own_argument(name, tool_input.get(name))}
        given = {renamed.get(name, name): value for name, value in tool_input.items()}
        return (), {name: value for name, value in given.items() if value is not _NotGiven.NOT_GIVEN}

    def _is_own_argument(self, name: str, value: object) -> bool:
        """True for an input of the workflow that has a name of LangChain's; the schema calls it ``config_``."""
        is_injected = name == "runtime" and hasattr(value, "tool_call_id")
        return value is not None and not is_injected and f"{name}_" in self.signature.schema["properties"]

    def __getstate__(self) -> dict[Any, Any]:
        """Without a model that was made of the signature: no pickle can hold it, and it is made again."""
        state = super().__getstate__()
        fields = {**state["__dict__"], "args_schema": None} if self._has_made_model else state["__dict__"]
        return {**state, "__dict__": fields}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self._describe_arguments()

    @classmethod
    def _from_fields(cls, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> Self:  # fields of a tool
        """A tool with the fields that are `given` and not ``None``, and the `defaults` for the others."""
        return cls(**{**defaults, **{name: value for name, value in given.items() if value is not None}})

    @property
    def func(self) -> Any:
        """The function whose signature LangGraph's ToolNode reads to inject arguments."""
        return self._run

    # The slash: a workflow's input may be called `self`, too. Inputs with the other names are renamed in the schema.
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
            return Blocking.run(self._answer(ToolInvocation(self._blocking, arguments, inner, runtime)))

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
            return await self._answer(ToolInvocation(self._asyncio, arguments, inner, runtime))

    async def _answer(self, call: ToolInvocation) -> ContentAndArtifact:
        reporter = EventReporter(self.name, call.config, blocking=call.blocking)
        try:
            outcome = await self._outcome(call, reporter)
        finally:
            await reporter.finish()
        if outcome.result is None:
            raise ToolException(outcome.failure) from outcome.error
        return self._convert_result(outcome.result)

    async def _outcome(self, call: ToolInvocation, reporter: EventReporter) -> ToolOutcome:
        if not in_graph(call.config):
            return await self._call(call, reporter, run_step, raise_question)
        node = node_run(call.config, blocking=call.blocking)
        async with node.lock():
            run_once, ask_human = partial(node.run_once, call_id=call.id), partial(node.ask_human, tool_name=self.name)
            return await self._call(call, reporter, run_once, ask_human)

    @abstractmethod
    async def _call(
        self, call: ToolInvocation, reporter: EventReporter, run_step: RunStep, ask_human: AskHuman
    ) -> ToolOutcome:
        """Call Coze; the arguments as in ``WorkflowCall.run``."""

    def _convert_result(self, result: WorkflowResult) -> ContentAndArtifact:
        return describe_result(result), result


def _attachments(message: object) -> Sequence[Attachment]:
    if isinstance(message, BaseMessage) and message.type == "human" and not isinstance(message.content, str):
        return [each for block in message.content_blocks for each in _readable(cast("Block", block))]
    return ()


def _readable(block: Block) -> Sequence[Attachment]:
    with suppress(ConfigurationError):  # only another provider can read it
        return convert_blocks([block])[1]
    return ()
