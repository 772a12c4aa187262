"""CozeWorkflowTool: a LlamaIndex tool that runs a Coze workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, cast

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.memory import BaseMemory
from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput
from llama_index.core.workflow import Context
from pydantic import SecretStr
from typing_extensions import Self

from coze_client.api.files.attachments import Attachment
from coze_client.api.workflows.file_arguments import FileSources
from coze_client.api.workflows.resource import RunMode
from coze_client.api.workflows.signature import SignatureLike, WorkflowSignature
from coze_client.bridge.connection import AnyCozeClient, asyncio_client, blocking_client, connect, take_client
from coze_client.bridge.tools.definitions import ToolDefinition, load_definition
from coze_client.bridge.tools.tool_outcome import ToolOutcome, describe_result
from coze_client.bridge.tools.workflow_call import OnEvent, WorkflowCall, raise_question, run_step
from coze_client.core.concurrency import Blocking
from coze_client.core.config import Region
from coze_client.core.credentials import Credentials, TokenFunction
from coze_client.core.rate_limit import RateLimit
from coze_client.core.request import fields
from coze_client.errors import InvalidArguments
from llama_index_coze.interrupts import StepStore
from llama_index_coze.messages import convert_to_dialogue


class CozeWorkflowTool(FunctionTool):
    """A workflow as a tool for agents, or for direct calls.

    ```python
    from llama_index_coze import CozeWorkflowTool

    book = CozeWorkflowTool.from_workflow("7420000000000000001")
    print(book(city="Rome", guests=2))
    ```

    The output's content is the end node's output as text or compact JSON; its ``raw_output`` is a ``WorkflowResult``
    with debug URL and usage. A failed run or invalid arguments give an output with ``is_error``, which the model can
    read. Errors that the model cannot correct are raised: a wrong token, an unpublished workflow, an unreachable
    server.

    In an agent's run, output nodes send ``CozeMessageEvent``, and an interrupted workflow sends
    ``CozeInputRequiredEvent``; the answer continues the same run. Outside an agent, an interrupt raises
    WorkflowInterrupted.

    A file argument is an http(s) URL, a file id, a path below `file_roots`, or ``attachment:1`` for the first file
    attached to the agent's messages; from Python, also bytes or a Path.
    """

    def __init__(
        self,
        workflow_id: str,
        signature: SignatureLike | WorkflowSignature,
        *,
        client: AnyCozeClient | None = None,
        token: str | SecretStr | TokenFunction | Credentials | None = None,
        base_url: str | None = None,
        region: Region | None = None,
        rate_limit: RateLimit | None = None,
        name: str | None = None,
        description: str | None = None,
        return_direct: bool = False,
        mode: RunMode = "stream",
        bot_id: str | None = None,
        app_id: str | None = None,
        ext: Mapping[str, str] | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
        file_roots: Sequence[str | PathLike[str]] = (),
    ) -> None:
        """Create a tool from a `signature` (a pydantic model, a JSON schema, a Python function); sends no request.

        `name` and `description`: default, the signature's. `client`: blocking or asyncio; or give `token`, `base_url`
        and `region` of a new one; default, those of the environment. `rate_limit`: a RateLimit of its calls.
        `return_direct`: the tool's output is the agent's answer. `file_roots`: folders whose files may be read if a
        language model names them. The other options are those of ``client.workflows.execute``.
        """
        self._definition = ToolDefinition.of_signature(workflow_id, signature)
        self._client = connect(client, token=token, base_url=base_url, region=region, rate_limit=rate_limit)
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
            description=description or self._definition.description,
            name=name or self._definition.name,
            fn_schema=self._definition.signature.model,
            return_direct=return_direct,
        )
        super().__init__(self._run, metadata, self._arun)
        self.requires_context, self.ctx_param_name = True, "ctx"

    @classmethod
    def from_workflow(
        cls, workflow_id: str, *, client: AnyCozeClient | None = None, name_prefix: str = "", **options: Any
    ) -> Self:
        """Create a tool with the workflow's name, description and arguments, which are fetched in one request.

        `options` are those of the class. Raises NotFound for an unknown workflow, and on servers without schemas, like
        coze-studio (ConfigurationError for its chatflows): there, create the tool with a signature.
        """
        made, rest = take_client({"client": client, **options})
        return Blocking.run(cls._load(blocking_client(made), workflow_id, name_prefix, rest))

    @classmethod
    async def afrom_workflow(
        cls, workflow_id: str, *, client: AnyCozeClient | None = None, name_prefix: str = "", **options: Any
    ) -> Self:
        """As ``from_workflow``, on asyncio."""
        made, rest = take_client({"client": client, **options})
        return await cls._load(asyncio_client(made), workflow_id, name_prefix, rest)

    @classmethod
    async def _load(cls, client: AnyCozeClient, workflow_id: str, prefix: str, options: Mapping[str, Any]) -> Self:
        definition = await load_definition(client, workflow_id, None, prefix=prefix)
        return cls._from_definition(definition, client=client, **options)

    @classmethod
    def _from_definition(cls, definition: ToolDefinition, **options: Any) -> Self:
        """Create a tool with the definition's name and description, unless `options` (those of the class) have them."""
        defaults: dict[str, Any] = {"name": definition.name, "description": definition.description}
        return cls(definition.workflow_id, definition.signature, **{**defaults, **fields(**options)})

    @property
    def signature(self) -> WorkflowSignature:
        """The workflow's inputs."""
        return self._definition.signature

    def call(self, *args: Any, **kwargs: Any) -> ToolOutput:
        """Run the workflow; positional arguments are in the order of its inputs."""
        arguments, _ = self._split(args, kwargs)
        call = self._call(blocking_client(self._client), arguments)
        return self._output(Blocking.run(call.run(run_step, raise_question)), arguments)

    async def acall(self, *args: Any, **kwargs: Any) -> ToolOutput:
        """As ``call``, on asyncio; with a context (agents pass it as ``ctx``), the workflow may ask a human."""
        arguments, context = self._split(args, kwargs)
        client = asyncio_client(self._client)
        if context is None:
            return self._output(await self._call(client, arguments).run(run_step, raise_question), arguments)
        steps = StepStore(context, self.metadata.get_name(), arguments)
        call = self._call(client, arguments, await _attachments(context), steps.write_message)
        outcome = await call.run(steps.run_once, steps.ask)
        await steps.finish()
        return self._output(outcome, arguments)

    def _call(
        self,
        client: AnyCozeClient,
        arguments: Mapping[str, object],
        attachments: Sequence[Attachment] = (),
        on_event: OnEvent | None = None,
    ) -> WorkflowCall:
        files = FileSources(attachments, self._file_roots)
        return WorkflowCall(client, self._definition, arguments, files, self._options, on_event)

    def _split(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], Context[Any] | None]:
        """Separate the context, if an agent gave one, from the arguments by name."""
        names = list(self.signature.schema["properties"])
        if len(args) > len(names):
            raise InvalidArguments(f"{self.metadata.name} takes {len(names)} arguments, not {len(args)}")
        arguments = {**dict(zip(names, args, strict=False)), **kwargs}
        return arguments, cast("Context[Any] | None", arguments.pop("ctx", None))

    def _output(self, outcome: ToolOutcome, arguments: dict[str, Any]) -> ToolOutput:
        return ToolOutput(
            tool_name=self.metadata.get_name(),
            content=outcome.failure if outcome.result is None else describe_result(outcome.result),
            raw_input=arguments,
            raw_output=outcome.result,
            is_error=outcome.result is None,
            exception=outcome.error,
        )

    def _run(self, /, *args: Any, **kwargs: Any) -> str:
        """The tool as a function, which FunctionTool requires."""
        return self.call(*args, **kwargs).content

    async def _arun(self, /, *args: Any, **kwargs: Any) -> str:
        output = await self.acall(*args, **kwargs)
        return output.content


async def _attachments(context: Context[Any]) -> tuple[Attachment, ...]:
    """The attachments of the user's messages in the agent's memory, oldest first."""
    memory: BaseMemory | None = await context.store.get("memory", default=None)
    messages: list[ChatMessage] = await memory.aget_all() if memory else []
    dialogue = convert_to_dialogue([message for message in messages if message.role == MessageRole.USER])
    return tuple(attachment for message in dialogue for attachment in message.attachments)
