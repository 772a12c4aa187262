"""Workflows and plugins as tools of a language model: finding out what they take, and making arguments ready."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from functools import partial

from coze_client.api.plugins import Plugin, Plugins
from coze_client.api.workflows.resource import Workflows
from coze_client.api.workflows.values import WorkflowInfo
from coze_client.core.paging import Cursor
from coze_client.core.session import Session
from coze_client.errors import ConfigurationError

_AT_ONCE = 10
_MOST_PLUGINS = 20


async def load_workflows(
    session: Session,
    workflow_ids: Sequence[str],
    workspace_id: str | None,
    cache: MutableMapping[str, WorkflowInfo] | None,
) -> tuple[WorkflowInfo, ...]:
    """What the workflows take, asked for ten at a time."""
    wanted = [*_listed(workflow_ids), *(await _published(session, workspace_id) if workspace_id else ())]
    known = {} if cache is None else cache
    missing = [each for each in dict.fromkeys(wanted) if each not in known]
    requests = [Workflows.retrieve(workflow_id=each) for each in missing]
    found = await session.concurrency.gather([partial(session.send, request) for request in requests], _AT_ONCE)
    known.update(zip(missing, found, strict=True))
    return tuple(known[each] for each in dict.fromkeys(wanted))


async def load_plugins(session: Session, plugin_ids: Sequence[str]) -> tuple[Plugin, ...]:
    """The plugins with their tools, asked for in as few requests as can be."""
    wanted = list(dict.fromkeys(_listed(plugin_ids)))
    batches = [wanted[at : at + _MOST_PLUGINS] for at in range(0, len(wanted), _MOST_PLUGINS)]
    requests = [Plugins.batch_retrieve(plugin_ids=batch) for batch in batches]
    found = await session.concurrency.gather([partial(session.send, request) for request in requests], _AT_ONCE)
    return tuple(plugin for batch in found for plugin in batch)


def _listed(ids: Sequence[str]) -> Sequence[str]:
    if isinstance(ids, str):
        raise ConfigurationError(f"{ids!r} is one id, and what is wanted a list of ids", cure=f"Give [{ids!r}]")
    return ids


async def _published(session: Session, workspace_id: str) -> list[str]:
    cursor = Cursor(session, Workflows.list(workspace_id=workspace_id, workflow_mode="workflow"))
    found: list[str] = []
    while (page := await cursor.next()) is not None:
        found += [workflow.workflow_id for workflow in page.items]
    return found
