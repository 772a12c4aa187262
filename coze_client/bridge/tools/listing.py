"""Load the definitions of many workflows and plugins, to make tools of them; works with both clients."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import partial

from coze_client.api.plugins import Plugin, Plugins
from coze_client.api.workflows.resource import Workflows
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.bridge.tools.workflow_call import Client
from coze_client.core.paging import Cursor
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError

_AT_ONCE = 10
_MOST_PLUGINS = 20


async def load_workflows(
    client: Client,
    *,
    workflow_ids: Sequence[str] = (),
    workspace_id: str | None = None,
    cache: MutableMapping[str, WorkflowInfo] | None = None,
) -> tuple[WorkflowInfo, ...]:
    """Load workflows with their parameters: the given ones, then all published ones of the workspace.

    Chatflows of the workspace are left out. Ten requests run at a time. Workflows in `cache` (by workflow id) are not
    requested; the others are added to it. Raises ConfigurationError if `workflow_ids` is one text.
    """
    session = client._session
    wanted = [*_checked(workflow_ids), *(await _published(session, workspace_id) if workspace_id else ())]
    known = {} if cache is None else cache
    missing = [each for each in dict.fromkeys(wanted) if each not in known]
    requests = [Workflows.retrieve(workflow_id=each) for each in missing]
    found = await session.concurrency.gather([partial(session.send, request) for request in requests], _AT_ONCE)
    known.update(zip(missing, found, strict=True))
    return tuple(known[each] for each in dict.fromkeys(wanted))


async def load_plugins(client: Client, *, plugin_ids: Sequence[str]) -> tuple[Plugin, ...]:
    """Load plugins with their tools, by their entity ids; one request for every 20 plugins.

    Raises ConfigurationError if `plugin_ids` is one text.
    """
    session = client._session
    wanted = list(dict.fromkeys(_checked(plugin_ids)))
    batches = [wanted[start : start + _MOST_PLUGINS] for start in range(0, len(wanted), _MOST_PLUGINS)]
    requests = [Plugins.batch_retrieve(plugin_ids=batch) for batch in batches]
    found = await session.concurrency.gather([partial(session.send, request) for request in requests], _AT_ONCE)
    return tuple(plugin for batch in found for plugin in batch)


def _checked(ids: Sequence[str]) -> Sequence[str]:
    if isinstance(ids, str):
        raise ConfigurationError(f"Expected a list of ids, not the text {ids!r}", cure=f"Give [{ids!r}]")
    return ids


async def _published(session: Session, workspace_id: str) -> list[str]:
    cursor = Cursor(session, Workflows.list(workspace_id=workspace_id, workflow_mode="workflow"))
    found: list[str] = []
    while (page := await cursor.next()) is not None:
        found += [workflow.workflow_id for workflow in page.items]
    return found
