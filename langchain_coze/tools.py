"""Coze's workflows, plugins and bots as LangChain tools."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from os import PathLike
from typing import Annotated, Any, Literal, cast

from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool, InjectedToolArg, ToolException
from pydantic import Field, model_validator
from typing_extensions import Self

from coze_client import CozeClient
from coze_client.api.plugins import Plugin, PluginTool
from coze_client.api.workflow_stream import WorkflowResult
from coze_client.api.workflows import Mode
from coze_client.attachments import Attachment
from coze_client.bridge.tool_names import tool_name
from coze_client.bridge.tool_outcome import Outcome, outcome_of, told_result, told_value
from coze_client.bridge.workflow_tool import (
    Client,
    Step,
    WorkflowCall,
    WorkflowFacts,
    asyncio_client,
    blocking_client,
    find_facts,
    just_once,
    refuse,
)
from coze_client.errors import ConfigurationError
from coze_client.face import Blocking, settled
from coze_client.file_arguments import FileSources
from coze_client.model import convert
from coze_client.workflow_signature import Given, WorkflowSignature
from langchain_coze.attachments import Block, convert_blocks
from langchain_coze.chat_model import ChatCoze
from langchain_coze.interrupts import configured, in_graph, node_run
from langchain_coze.tool_events import Teller

_OPTIONS = ("mode", "bot_id", "app_id", "ext", "workflow_version", "connector_id")

Once = Callable[[Step], Awaitable[Outcome]]
Ask = Callable[[Outcome], object]
Answer = tuple[str, Any]  # content for the model, and the artifact, which each kind of tool has of its own


class Call:
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
    """What the tools of this module share: a signature, checked arguments, both faces, failures that a model can read.

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

    @model_validator(mode="after")
    def _prepare(self) -> Self:
        if self.args_schema is None:
            self.args_schema = self.signature.schema
        if self.client is None:
            self.client = CozeClient()
        return self

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
    ) -> Answer:
        with configured(config, run_manager) as inner:
            return Blocking.run(self._answer(Call(blocking_client(self.client), arguments, inner, runtime)))

    async def _arun(
        self,
        /,
        *,
        config: RunnableConfig,
        run_manager: AsyncCallbackManagerForToolRun | None = None,
        runtime: Annotated[object | None, InjectedToolArg()] = None,
        **arguments: Any,
    ) -> Answer:
        with configured(config, run_manager) as inner:
            return await self._answer(Call(asyncio_client(self.client), arguments, inner, runtime))

    async def _answer(self, call: Call) -> Answer:
        teller = Teller(self.name, call.config, blocking=call.blocking)
        try:
            outcome = await self._outcome(call, teller)
        finally:
            await teller.finish()
        if outcome.result is None:
            raise ToolException(outcome.failure) from outcome.error
        return self._tell(outcome.result)

    async def _outcome(self, call: Call, teller: Teller) -> Outcome:
        if not in_graph(call.config):
            return await self._follow(call, teller, just_once, refuse)
        node = node_run(call.config, blocking=call.blocking)
        async with node.turn():
            keep, ask = partial(node.keep, owner=call.id), partial(node.ask, tool_name=self.name)
            return await self._follow(call, teller, keep, ask)

    @abstractmethod
    async def _follow(self, call: Call, teller: Teller, once: Once, ask: Ask) -> Outcome:
        """What is called, from its beginning to its end, as ``WorkflowCall.follow`` has it."""

    def _tell(self, result: WorkflowResult) -> Answer:
        """Content and artifact."""
        return told_result(result), result


class CozeWorkflowTool(CozeTool):
    """A workflow as a tool.

    ```python
    from langchain_coze import CozeWorkflowTool

    book = CozeWorkflowTool.from_workflow("7420000000000000001")
    book.invoke({"city": "Rome", "guests": 2})
    ```

    Content is the end node's output as text or compact JSON, the artifact a ``WorkflowResult`` with debug URL and
    usage; a checkpoint holds it as a dict, of which ``result_of(message)`` makes the value again. What nodes say on the
    way are custom events named ``coze_workflow_message``. A workflow that asks something interrupts a LangGraph run,
    and ``Command(resume=answer)`` goes on with the same run (a thread that goes back to an earlier checkpoint begins a
    new one); outside a graph WorkflowInterrupted is raised. Files among the arguments: an http(s) URL, a file id,
    ``attachment:1`` for what is attached to the messages of a graph, paths below `file_roots`; from Python also bytes
    and Path objects.
    """

    workflow_id: str
    """Published to the API channel."""
    mode: Mode = "stream"
    """How it is run, see ``client.workflows.execute``; only ``stream`` tells what happens on the way."""
    bot_id: str | None = None
    """The bot whose database and variables the workflow uses."""
    app_id: str | None = None
    """The app that the workflow is part of; not together with ``bot_id``."""
    ext: dict[str, str] | None = None
    """Latitude, longitude, user_id."""
    workflow_version: str | None = None
    """An older version."""
    connector_id: str | None = None
    """The channel whose data the workflow uses."""
    file_roots: tuple[str | PathLike[str], ...] = ()
    """Folders of which files may be read that a language model names."""

    @classmethod
    def from_workflow(
        cls,
        workflow_id: str,
        *,
        client: Client | None = None,
        signature: Given | WorkflowSignature | None = None,
        name: str | None = None,
        description: str | None = None,
        name_prefix: str = "",
        **options: Any,  # the fields of this class
    ) -> Self:
        """A tool whose name, description and arguments are the workflow's, asked for in one request.

        With a `signature` (a pydantic model, a JSON schema, a Python function) nothing is asked: coze-studio tells no
        schemas. Raises NotFound for an unknown workflow.
        """
        given = {"name": name, "description": description, **options}
        loading = cls._load(blocking_client(client), workflow_id, signature, name_prefix, given)
        return Blocking.run(loading)

    @classmethod
    async def afrom_workflow(
        cls,
        workflow_id: str,
        *,
        client: Client | None = None,
        signature: Given | WorkflowSignature | None = None,
        name: str | None = None,
        description: str | None = None,
        name_prefix: str = "",
        **options: Any,  # the fields of this class
    ) -> Self:
        """As ``from_workflow``, on asyncio."""
        given = {"name": name, "description": description, **options}
        return await cls._load(asyncio_client(client), workflow_id, signature, name_prefix, given)

    @classmethod
    async def _load(
        cls,
        client: Client,
        workflow_id: str,
        signature: Given | WorkflowSignature | None,
        name_prefix: str,
        given: Mapping[str, Any],
    ) -> Self:
        facts = await find_facts(client, workflow_id, signature, prefix=name_prefix)
        return cls.of_facts(facts, client=client, **given)

    @classmethod
    def of_facts(cls, facts: WorkflowFacts, **given: Any) -> Self:
        """A tool of what is known of a workflow; `given` are the fields of this class."""
        told = {**facts._asdict(), "metadata": {"coze_workflow_id": facts.workflow_id}}
        return cls(**_filled(told, given))

    @staticmethod
    def result_of(message: ToolMessage) -> WorkflowResult:
        """The result that a message of this tool stands for, new or out of a checkpoint; else raises ProtocolError."""
        return convert(WorkflowResult, message.artifact)

    async def _follow(self, call: Call, teller: Teller, once: Once, ask: Ask) -> Outcome:
        facts = WorkflowFacts(self.workflow_id, self.name, self.description, self.signature)
        files = FileSources(call.attachments, self.file_roots)
        options = {name: getattr(self, name) for name in _OPTIONS}
        return await WorkflowCall(call.client, facts, call.arguments, files, options, teller).follow(once, ask)


class CozePluginTool(CozeTool):
    """A tool of a plugin of Coze's store, called without a bot; needs a paid plan and a paid plugin.

    Content is the result as text or compact JSON, the artifact ``{"result": …}``.
    """

    plugin_id: str
    """The plugin's entity id."""
    tool_name: str
    """The tool's own name in the plugin."""

    @classmethod
    def of_plugin(cls, plugin: Plugin, tool: PluginTool, **given: Any) -> Self:
        """A tool of what ``client.plugins.retrieve`` or ``load`` told; `given` are the fields of this class."""
        told = {
            "name": tool_name(tool.name, tool.tool_id or plugin.plugin_id, kind="plugin"),
            "description": _described(f"{plugin.name} {tool.name}", tool.description or plugin.description),
            "metadata": {"coze_plugin_id": plugin.plugin_id, "coze_tool": tool.name},
        }
        signature = WorkflowSignature.of(tool.input_schema or {})
        return cls(plugin_id=plugin.plugin_id, tool_name=tool.name, signature=signature, **_filled(told, given))

    async def _follow(self, call: Call, teller: Teller, once: Once, ask: Ask) -> Outcome:
        return await once(partial(outcome_of, partial(self._execute, call)))

    async def _execute(self, call: Call) -> WorkflowResult:
        arguments = self.signature.check(call.arguments)
        calling = call.client.plugins.call(plugin_id=self.plugin_id, tool_name=self.tool_name, arguments=arguments)
        value = await settled(calling)
        return WorkflowResult(output=value, text=told_value(value))

    def _tell(self, result: WorkflowResult) -> Answer:
        return told_result(result), {"result": result.output}


_QUESTION = {
    "type": "object",
    "properties": {"question": {"type": "string", "description": "What to ask, with all that is needed to answer it."}},
    "required": ["question"],
}


class CozeBotTool(CozeTool):
    """A bot as a tool: it is asked one question, in a conversation of its own, and its answer is the content.

    ```python
    from langchain_coze import CozeBotTool

    lawyer = CozeBotTool("7350000000000000001", name="lawyer", description="Knows the law.")
    ```

    Every field of ``ChatCoze`` can be given. The artifact is the answer as an ``AIMessage``.
    """

    signature: WorkflowSignature = WorkflowSignature(_QUESTION)
    model: ChatCoze

    def __init__(self, bot_id: str, name: str, description: str, **options: Any) -> None:
        own = {each: options.pop(each) for each in BaseTool.model_fields if each in options}
        model = ChatCoze(bot_id=bot_id, **options)
        own |= {"name": name, "description": description, "model": model, "client": model._coze}
        super().__init__(**own)

    async def _follow(self, call: Call, teller: Teller, once: Once, ask: Ask) -> Outcome:
        return await once(partial(outcome_of, partial(self._execute, call)))

    async def _execute(self, call: Call) -> WorkflowResult:
        question = str(self.signature.check(call.arguments)["question"])
        asking = self.model.invoke if call.blocking else self.model.ainvoke
        message = await settled(cast("AIMessage | Awaitable[AIMessage]", asking(question, call.config)))
        return WorkflowResult(output=message.model_dump(mode="json"), text=str(message.text))

    def _tell(self, result: WorkflowResult) -> Answer:
        return result.text, AIMessage.model_validate(result.output)


def _attachments(message: object) -> Sequence[Attachment]:
    if isinstance(message, BaseMessage) and message.type == "human" and not isinstance(message.content, str):
        with suppress(ConfigurationError):  # what only another provider can read
            return convert_blocks(cast("list[Block]", message.content_blocks))[1]
    return ()


def _described(title: str, description: str) -> str:
    return ": ".join(filter(None, (title, description)))


def _filled(told: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:  # fields of a tool
    return {**told, **{name: value for name, value in given.items() if value is not None}}
