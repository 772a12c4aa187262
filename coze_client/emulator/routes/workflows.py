"""Routes of workflows: list, retrieve, and list versions."""

from __future__ import annotations

from coze_client.emulator.engine.workflow_format import workflow_format_of
from coze_client.emulator.protocol.reply import JsonReply, Reply
from coze_client.emulator.protocol.request import MANY, Fields, IncomingRequest
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.oauth.tokens import ACCOUNT
from coze_client.emulator.routes.workflow_runs import workflow_of
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.workflows import Workflow

LARGEST_PAGE = 30
PUBLISHED = "published_online"
STATUSES = ("all", PUBLISHED, "unpublished_draft")
CREATOR = {"id": ACCOUNT, "name": "emulator"}


async def list_(backend: Backend, request: IncomingRequest) -> Reply:
    query = request.query
    page = query.page(10, LARGEST_PAGE)
    mode = query.choice("workflow_mode", ("workflow", "chatflow", ""), "")
    status = query.choice("publish_status", STATUSES, PUBLISHED)
    workspace, app = query.optional("workspace_id"), query.optional("app_id")
    found = [
        workflow
        for workflow in backend.workflows.values()
        if mode in ("", "chatflow" if workflow.chatflow else "workflow")
        and workspace in (None, workflow.workspace_id)
        and app in (None, workflow.app_id)
        and _has_status(workflow, status)
    ]
    items = [describe_workflow(workflow, texts=True) for workflow in found[page]]
    return JsonReply({"items": items, "has_more": len(found) > page.stop})


async def retrieve(backend: Backend, request: IncomingRequest) -> Reply:
    workflow = workflow_of(backend, request.values["workflow_id"])
    details: dict[str, object] = {"workflow_detail": describe_workflow(workflow)}
    if _with_schema(request.query):
        details.update(input=workflow.signature.input, output=workflow.signature.output)
    return workflow_format_of(backend).info(workflow, details)


async def versions(backend: Backend, request: IncomingRequest) -> Reply:
    """List versions, newest first; the last page has a page token, too, as in the sample of the documentation."""
    query = request.query
    workflow = workflow_of(backend, request.values["workflow_id"])
    shown = _has_status(workflow, query.choice("publish_status", STATUSES, PUBLISHED))
    size = query.number("page_size", 10, 1, LARGEST_PAGE)
    start = Fields({"page_token": query.optional("page_token") or "0"}).number("page_token", 0, 0, MANY)
    found = workflow.versions[::-1] if shown else ()
    schema = {"input": workflow.signature.input, "output": workflow.signature.output}
    items = [
        {**_version(workflow, version), **(schema if _with_schema(query) else {})}
        for version in found[start : start + size]
    ]
    return JsonReply({"items": items, "has_more": len(found) > start + size, "next_page_token": str(start + size)})


def describe_workflow(workflow: Workflow, *, texts: bool = False) -> dict[str, object]:
    """Return the JSON of a workflow; with `texts` times are strings, as in lists."""
    time: object = str(workflow.created_at) if texts else workflow.created_at
    return {
        "workflow_id": workflow.id,
        "workflow_name": workflow.title,
        "description": workflow.description,
        "icon_url": "",
        "app_id": workflow.app_id,
        "created_at": time,
        "updated_at": time,
        "creator": CREATOR,
    }


def _version(workflow: Workflow, version: str) -> dict[str, object]:
    time = str(workflow.created_at)
    return {
        "workflow_id": workflow.id,
        "version": version,
        "description": workflow.description,
        "created_at": time,
        "updated_at": time,
        "creator": CREATOR,
    }


def _with_schema(query: Fields) -> bool:
    return query.choice("include_input_output", ("true", "false"), "false") == "true"


def _has_status(workflow: Workflow, status: str) -> bool:
    return status == "all" or (status == PUBLISHED) is workflow.published


ONE = "/v1/workflows/{workflow_id}"
ENDPOINTS = (
    Endpoint("GET", "/v1/workflows", ("listWorkflow",), list_),
    Endpoint("GET", ONE, ("getMetaData",), retrieve),
    Endpoint("GET", f"{ONE}/versions", ("listVersion",), versions),
)
