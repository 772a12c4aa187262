"""A workflow as a LangChain tool."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from langchain_core.messages import ToolMessage
from typing_extensions import Self

from coze_client.api.workflows.file_arguments import FileSources
from coze_client.api.workflows.resource import Mode
from coze_client.api.workflows.signature import Given, WorkflowSignature
from coze_client.api.workflows.stream import WorkflowResult
from coze_client.bridge.tools.outcome import Outcome
from coze_client.bridge.tools.workflow_call import (
    Client,
    WorkflowCall,
    WorkflowFacts,
    asyncio_client,
    blocking_client,
    find_facts,
)
from coze_client.core.concurrency import Blocking
from coze_client.core.model import convert
from langchain_coze.tool import Ask, CozeTool, Once, ToolInvocation
from langchain_coze.tool_events import EventReporter

_OPTIONS = ("mode", "bot_id", "app_id", "ext", "workflow_version", "connector_id")


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
        return cls._made(told, given)

    @staticmethod
    def result_of(message: ToolMessage) -> WorkflowResult:
        """The result that a message of this tool stands for, new or out of a checkpoint; else raises ProtocolError."""
        return convert(WorkflowResult, message.artifact)

    async def _follow(self, call: ToolInvocation, teller: EventReporter, once: Once, ask: Ask) -> Outcome:
        facts = WorkflowFacts(self.workflow_id, self.name, self.description, self.signature)
        files = FileSources(call.attachments, self.file_roots)
        options = {name: getattr(self, name) for name in _OPTIONS}
        return await WorkflowCall(call.client, facts, call.arguments, files, options, teller).follow(once, ask)
