"""CozeWorkflowTool: a workflow as a LangChain tool."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from langchain_core.messages import ToolMessage
from typing_extensions import Self

from coze_client.api.workflows.file_arguments import FileSources
from coze_client.api.workflows.resource import RunMode
from coze_client.api.workflows.result import WorkflowResult
from coze_client.api.workflows.signature import SignatureLike, WorkflowSignature
from coze_client.bridge.connection import AnyCozeClient, asyncio_client, blocking_client, take_client
from coze_client.bridge.tools.definitions import ToolDefinition, load_definition
from coze_client.bridge.tools.tool_outcome import ToolOutcome
from coze_client.bridge.tools.workflow_call import AskHuman, RunStep, WorkflowCall
from coze_client.core.concurrency import Blocking
from coze_client.core.model import convert
from langchain_coze.coze_tool import CozeTool, ToolInvocation
from langchain_coze.event_reporter import EventReporter

_OPTIONS = ("mode", "bot_id", "app_id", "ext", "workflow_version", "connector_id")


class CozeWorkflowTool(CozeTool):
    """A workflow as a tool.

    ```python
    from langchain_coze import CozeWorkflowTool

    book = CozeWorkflowTool.from_workflow("7420000000000000001")
    book.invoke({"city": "Rome", "guests": 2})
    ```

    The content is the output of the end node as text or compact JSON. The artifact is a ``WorkflowResult`` with debug
    URL and usage. A checkpoint stores it as a dict; ``result_of(message)`` converts it back. Messages of output nodes
    are sent as custom events named ``coze_workflow_message``.

    A question of the workflow interrupts a LangGraph graph, and ``Command(resume=answer)`` continues the same run. A
    thread that goes back to an earlier checkpoint starts a new run. Outside a graph, WorkflowInterrupted is raised.

    A file argument is an http(s) URL, a file id, a path below `file_roots`, or ``attachment:1`` for the first
    attachment of the graph's messages; in Python code also bytes or a Path object.
    """

    workflow_id: str
    """The id of a workflow that is published to the API channel."""
    mode: RunMode = "stream"
    """How to run it, see ``client.workflows.execute``; only ``stream`` sends messages of output nodes."""
    bot_id: str | None = None
    """The bot whose database and variables the workflow uses."""
    app_id: str | None = None
    """The app that the workflow is part of; only without ``bot_id``."""
    ext: dict[str, str] | None = None
    """May have ``latitude``, ``longitude`` and ``user_id``."""
    workflow_version: str | None = None
    """An earlier version of the workflow."""
    connector_id: str | None = None
    """The channel whose data the workflow uses."""
    file_roots: tuple[str | PathLike[str], ...] = ()
    """Folders from which a language model may name files to read."""

    @classmethod
    def from_workflow(
        cls,
        workflow_id: str,
        *,
        client: AnyCozeClient | None = None,
        signature: SignatureLike | WorkflowSignature | None = None,
        name: str | None = None,
        description: str | None = None,
        name_prefix: str = "",
        **options: Any,  # the fields of this class
    ) -> Self:
        """Make a tool with the name, description and parameters of the workflow, loaded in one request.

        With a `signature` (a pydantic model, a JSON schema, a Python function), no request is sent; coze-studio, which
        returns no schemas, needs one. `options` are fields of this class, with ``token``, ``base_url`` and ``region``
        among them instead of a `client`. Raises NotFound for an unknown workflow.
        """
        made, rest = take_client({"client": client, **options})
        given = {"name": name, "description": description, **rest}
        return Blocking.run(cls._load(blocking_client(made), workflow_id, signature, name_prefix, given))

    @classmethod
    async def afrom_workflow(
        cls,
        workflow_id: str,
        *,
        client: AnyCozeClient | None = None,
        signature: SignatureLike | WorkflowSignature | None = None,
        name: str | None = None,
        description: str | None = None,
        name_prefix: str = "",
        **options: Any,  # the fields of this class
    ) -> Self:
        """As ``from_workflow``, on asyncio."""
        made, rest = take_client({"client": client, **options})
        given = {"name": name, "description": description, **rest}
        return await cls._load(asyncio_client(made), workflow_id, signature, name_prefix, given)

    @classmethod
    async def _load(
        cls,
        client: AnyCozeClient,
        workflow_id: str,
        signature: SignatureLike | WorkflowSignature | None,
        name_prefix: str,
        given: Mapping[str, Any],
    ) -> Self:
        definition = await load_definition(client, workflow_id, signature, prefix=name_prefix)
        return cls._from_definition(definition, client=client, **given)

    @classmethod
    def _from_definition(cls, definition: ToolDefinition, **given: Any) -> Self:
        defaults = {**definition._asdict(), "metadata": {"coze_workflow_id": definition.workflow_id}}
        return cls._from_fields(defaults, given)

    @staticmethod
    def result_of(message: ToolMessage) -> WorkflowResult:
        """The result in a message of this tool, new or from a checkpoint.

        Raises ProtocolError for a message that has no result.
        """
        return convert(WorkflowResult, message.artifact)

    async def _call(
        self, call: ToolInvocation, reporter: EventReporter, run_step: RunStep, ask_human: AskHuman
    ) -> ToolOutcome:
        definition = ToolDefinition(self.workflow_id, self.name, self.description, self.signature)
        files = FileSources(call.attachments, self.file_roots)
        options = {name: getattr(self, name) for name in _OPTIONS}
        workflow_call = WorkflowCall(call.client, definition, call.arguments, files, options, reporter)
        return await workflow_call.run(run_step, ask_human)
