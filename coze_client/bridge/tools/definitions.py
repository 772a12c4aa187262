"""Load what a tool needs to know about a workflow or plugin: name, description and parameters."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from coze_client.api.workflows.resource import Workflows
from coze_client.api.workflows.signature import SignatureLike, WorkflowSignature
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.bridge.connection import AnyCozeClient
from coze_client.bridge.tools.tool_names import tool_name
from coze_client.core.concurrency import maybe_await
from coze_client.core.paging import Cursor
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.plugins import Plugin

DefinitionCache = MutableMapping[str, WorkflowInfo]
"""Workflows by id. WorkflowInfo is a pydantic model, so it can be stored as JSON."""

_MAX_CONCURRENT = 10
_MAX_PLUGINS = 20
_MAX_DESCRIPTION = 1024  # characters, of a tool's description in the APIs of language models


class ToolDefinition(NamedTuple):
    """A workflow as a tool. The description contains the workflow's title, because `name` is ASCII only."""

    workflow_id: str
    name: str
    description: str
    signature: WorkflowSignature

    @classmethod
    def of_info(cls, info: WorkflowInfo, name: str = "", *, prefix: str = "") -> ToolDefinition:
        """Convert the value of ``client.workflows.retrieve``; raises ConfigurationError if it has no schema."""
        detail = info.workflow_detail
        description = ": ".join(filter(None, (detail.workflow_name, detail.description)))
        name = name or tool_name(detail.workflow_name, detail.workflow_id, prefix=prefix)
        return cls(detail.workflow_id, name, shorten(description or name), WorkflowSignature.of_info(info))

    @classmethod
    def of_signature(
        cls, workflow_id: str, given: SignatureLike | WorkflowSignature, *, prefix: str = ""
    ) -> ToolDefinition:
        """Convert a signature of the user; of a function, name and description are its name and docstring."""
        signature = given if isinstance(given, WorkflowSignature) else WorkflowSignature.of(given)
        name = tool_name(str(signature.schema.get("title", "")), workflow_id, prefix=prefix)
        return cls(workflow_id, name, str(signature.schema.get("description", name)), signature)


def shorten(description: str) -> str:
    """A description that the APIs of language models take: the end of a long one is left out."""
    return description if len(description) <= _MAX_DESCRIPTION else f"{description[: _MAX_DESCRIPTION - 1]}…"


async def load_definition(
    client: AnyCozeClient, workflow_id: str, signature: SignatureLike | WorkflowSignature | None, *, prefix: str = ""
) -> ToolDefinition:
    """Load the definition of one workflow in one request; with a `signature`, no request is sent."""
    if signature is not None:
        return ToolDefinition.of_signature(workflow_id, signature, prefix=prefix)
    return ToolDefinition.of_info(await maybe_await(client.workflows.retrieve(workflow_id=workflow_id)), prefix=prefix)


async def load_workflows(
    client: AnyCozeClient,
    *,
    workflow_ids: Sequence[str] = (),
    workspace_id: str | None = None,
    cache: DefinitionCache | None = None,
) -> tuple[WorkflowInfo, ...]:
    """Load workflows with their parameters: the given ones, then all published ones of the workspace.

    Chatflows of the workspace are left out. Ten requests run at a time. Workflows in `cache` (by workflow id) are not
    requested; the others are added to it. Raises ConfigurationError if `workflow_ids` is one text.
    """
    session = client._session
    wanted = [*_check_list(workflow_ids), *(await _list_published(session, workspace_id) if workspace_id else ())]
    known = {} if cache is None else cache
    missing = [each for each in dict.fromkeys(wanted) if each not in known]
    requests = [Workflows.retrieve(workflow_id=each) for each in missing]
    found = await session.concurrency.gather([partial(session.send, request) for request in requests], _MAX_CONCURRENT)
    known.update(zip(missing, found, strict=True))
    return tuple(known[each] for each in dict.fromkeys(wanted))


async def load_plugins(client: AnyCozeClient, *, plugin_ids: Sequence[str]) -> tuple[Plugin, ...]:
    """Load plugins with their tools, by their entity ids; one request for every 20 plugins.

    Raises ConfigurationError if `plugin_ids` is one text.
    """
    from coze_client.api.plugins import Plugins

    session = client._session
    wanted = list(dict.fromkeys(_check_list(plugin_ids)))
    batches = [wanted[start : start + _MAX_PLUGINS] for start in range(0, len(wanted), _MAX_PLUGINS)]
    requests = [Plugins.batch_retrieve(plugin_ids=batch) for batch in batches]
    found = await session.concurrency.gather([partial(session.send, request) for request in requests], _MAX_CONCURRENT)
    return tuple(plugin for batch in found for plugin in batch)


def _check_list(ids: Sequence[str]) -> Sequence[str]:
    if isinstance(ids, str):
        raise ConfigurationError(f"Expected a list of ids, not the text {ids!r}", cure=f"Give [{ids!r}]")
    return ids


async def _list_published(session: Session, workspace_id: str) -> list[str]:
    cursor = Cursor(session, Workflows.list(workspace_id=workspace_id, workflow_mode="workflow"))
    ids: list[str] = []
    while (page := await cursor.next()) is not None:
        ids += [workflow.workflow_id for workflow in page.items]
    return ids
