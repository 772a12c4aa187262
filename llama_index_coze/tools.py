"""Coze's workflows as LlamaIndex tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, cast

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.memory import BaseMemory
from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.workflow import Context
from typing_extensions import Self

from coze_client.api.files.attachments import Attachment
from coze_client.api.workflows.file_arguments import FileSources
from coze_client.api.workflows.resource import Mode
from coze_client.api.workflows.signature import Given, WorkflowSignature
from coze_client.bridge.connection import Client, asyncio_client, blocking_client
from coze_client.bridge.tools.definitions import ToolDefinition, load_definition
from coze_client.bridge.tools.tool_outcome import ToolOutcome, describe_result
from coze_client.bridge.tools.workflow_call import OnEvent, WorkflowCall, raise_question, run_step
from coze_client.client import CozeClient
from coze_client.core.concurrency import Blocking
from coze_client.core.request import fields
from coze_client.errors import InvalidArguments
from llama_index_coze.interrupts import Keeping
from llama_index_coze.messages import convert_to_dialogue


class CozeWorkflowTool(FunctionTool):
    """A workflow as a tool of agents, or called by itself.

    ```python
    from llama_index_coze import CozeWorkflowTool

    book = CozeWorkflowTool.from_workflow("7420000000000000001")
    print(book(city="Rome", guests=2))
    ```

    Content is the end node's output as text or compact JSON, ``raw_output`` a ``WorkflowResult`` with debug URL and
    usage. A run that fails, or arguments that do not fit, are an output with ``is_error``, for the model to read; what
    cannot work at all is raised: a wrong token, an unpublished workflow, a server out of reach.

    In an agent's run, output nodes are told as ``CozeMessageEvent``, and a workflow that asks something as
    ``CozeInputRequiredEvent``; its answer goes on with the same run. Outside, WorkflowInterrupted is raised.

    Files among the arguments: an http(s) URL, a file id, ``attachment:1`` for what is attached to the agent's messages,
    paths below `file_roots`; from Python also bytes and Path objects.
    """

    def __init__(
        self,
        workflow_id: str,
        signature: Given | WorkflowSignature,
        *,
        client: Client | None = None,
        name: str | None = None,
        description: str | None = None,
        return_direct: bool = False,
        mode: Mode = "stream",
        bot_id: str | None = None,
        app_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
        file_roots: Sequence[str | PathLike[str]] = (),
    ) -> None:
        """A tool of a `signature` (a pydantic model, a JSON schema, a Python function), without any request.

        `name` and `description` are the signature's, a `client` (of either face) is made of the environment, if they
        are not given. The agent's answer is the tool's with `return_direct`. `file_roots` are folders of which files
        may be read that a language model names. The others are those of ``client.workflows.execute``.
        """
        self._facts = ToolDefinition.of_signature(workflow_id, signature)
        self._client = client or CozeClient()
        self._file_roots = tuple(file_roots)
        self._options = fields(
            mode=mode,
            bot_id=bot_id,
            app_id=app_id,
            ext=ext,
            workflow_version=workflow_version,
            connector_id=connector_id,
        )
        metadata = ToolMetadata(
            description=description or self._facts.description,
            name=name or self._facts.name,
            fn_schema=self._facts.signature.model,
            return_direct=return_direct,
        )
        super().__init__(self._told, metadata, self._atold)
        self.requires_context, self.ctx_param_name = True, "ctx"

    @classmethod
    def from_workflow(
        cls, workflow_id: str, *, client: Client | None = None, name_prefix: str = "", **options: Any
    ) -> Self:
        """A tool whose name, description and arguments are the workflow's, asked for in one request.

        `options` are those of the class. Raises NotFound for an unknown workflow, and where the server tells no
        schemas, as coze-studio (ConfigurationError for its chatflows): give the class a signature there.
        """
        return Blocking.run(cls._find(blocking_client(client), workflow_id, name_prefix, options))

    @classmethod
    async def afrom_workflow(
        cls, workflow_id: str, *, client: Client | None = None, name_prefix: str = "", **options: Any
    ) -> Self:
        """As ``from_workflow``, on asyncio."""
        return await cls._find(asyncio_client(client), workflow_id, name_prefix, options)

    @classmethod
    async def _find(cls, client: Client, workflow_id: str, prefix: str, options: Mapping[str, Any]) -> Self:
        return cls.of_facts(await load_definition(client, workflow_id, None, prefix=prefix), client=client, **options)

    @classmethod
    def of_facts(cls, facts: ToolDefinition, **options: Any) -> Self:
        """A tool of what is known of a workflow; `options` are those of the class."""
        given: dict[str, Any] = {"name": facts.name, "description": facts.description, **fields(**options)}
        return cls(facts.workflow_id, facts.signature, **given)

    @property
    def signature(self) -> WorkflowSignature:
        """What the workflow takes."""
        return self._facts.signature

    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        """Runs the workflow; positional arguments are in the order of its inputs."""
        arguments, _ = self._read(args, kwargs)
        call = self._call(blocking_client(self._client), arguments)
        return self._output(Blocking.run(call.run(run_step, raise_question)), arguments)

    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        """As ``call``, on asyncio; with a context (agents give one as ``ctx``) the workflow may ask a human."""
        arguments, context = self._read(args, kwargs)
        client = asyncio_client(self._client)
        if context is None:
            return self._output(await self._call(client, arguments).run(run_step, raise_question), arguments)
        keeping = Keeping(context, self.metadata.get_name(), arguments)
        call = self._call(client, arguments, await _attachments(context), keeping.tell)
        outcome = await call.run(keeping.once, keeping.ask)
        await keeping.forget()
        return self._output(outcome, arguments)

    def _call(
        self,
        client: Client,
        arguments: Mapping[str, object],
        attached: Sequence[Attachment] = (),
        tell: OnEvent | None = None,
    ) -> WorkflowCall:
        files = FileSources(attached, self._file_roots)
        return WorkflowCall(client, self._facts, arguments, files, self._options, tell)

    def _read(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], Context[Any] | None]:
        """Arguments by name, and the context if an agent gave one."""
        names = list(self.signature.schema["properties"])
        if len(args) > len(names):
            raise InvalidArguments(f"{self.metadata.name} takes {len(names)} arguments, not {len(args)}")
        arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        return arguments, cast("Context[Any] | None", arguments.pop("ctx", None))

    def _output(self, outcome: ToolOutcome, arguments: dict[str, Any]) -> ToolOutput:
        failed = outcome.result is None
        return ToolOutput(
            tool_name=self.metadata.get_name(),
            content=outcome.failure if outcome.result is None else describe_result(outcome.result),
            raw_input=arguments,
            raw_output=outcome.result,
            is_error=failed,
            exception=outcome.error,
        )

    def _told(self, /, *args: Any, **kwargs: Any) -> str:
        """What stands for this tool where a plain function is wanted."""
        return self.call(*args, **kwargs).content

    async def _atold(self, /, *args: Any, **kwargs: Any) -> str:
        output = await self.acall(*args, **kwargs)
        return output.content


async def _attachments(context: Context[Any]) -> tuple[Attachment, ...]:
    """What is attached to the user's messages that the agent remembers, the first one first."""
    memory: BaseMemory | None = await context.store.get("memory", default=None)
    messages: list[ChatMessage] = await memory.aget_all() if memory else []
    lines = convert_to_dialogue([message for message in messages if message.role == MessageRole.USER])
    return tuple(attachment for line in lines for attachment in line.attachments)
