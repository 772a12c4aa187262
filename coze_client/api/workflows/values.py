"""Values of the workflow API: workflows, parameters, versions, interrupts and messages.

API pages: get_workflow_list, get_workflow_info, list_workflow_version.
"""

from __future__ import annotations

from pydantic import Field

from coze_client.api.chats.values import Usage
from coze_client.core.model import Model
from coze_client.core.paging import Page
from coze_client.core.response import Payload, RawResponse


class Parameter(Model):
    """One input or output of a workflow, in Coze's own format (a tree, not JSON Schema).

    ``type``: string, integer, number, boolean, time, object, array, a file type, or another text that the server sends.
    """

    type: str = ""
    required: bool = False
    description: str = ""
    default_value: str | None = None
    items: Parameter | None = None
    properties: dict[str, Parameter] | None = None


class Interrupt(Model):
    """Why a workflow run stopped. ``type``: 2 question, 5 input node, 6 local plugin, 7 OAuth plugin, or another.

    All fields are as Coze sent them; WorkflowInterrupted has ``question`` and ``options``, parsed from ``data``.
    """

    event_id: str = ""
    type: int = 0
    data: str = ""
    required_parameters: dict[str, Parameter] | None = None


class WorkflowMessage(Model):
    """A message of an output node, question node or end node; the end node has ``node_title`` "" or "End"."""

    content: str = ""
    content_type: str = ""
    node_id: str = ""
    node_title: str = ""
    node_type: str = ""
    node_seq_id: str = ""
    node_is_finish: bool = False
    node_execute_uuid: str = ""
    usage: Usage | None = None
    ext: dict[str, str] | None = None


class Creator(Model):
    """The user who created a workflow or version."""

    id: str = ""
    name: str = ""


class Workflow(Model):
    """A workflow in a listing; times are unix seconds, ``app_id`` is "0" or "" if it belongs to no app."""

    workflow_id: str = ""
    workflow_name: str = ""
    description: str = ""
    icon_url: str = ""
    app_id: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    creator: Creator | None = None


class Inputs(Model):
    """The inputs of the start node, by name."""

    parameters: dict[str, Parameter] | None = None


class Outputs(Model):
    """The outputs of the end node, by name.

    ``content`` is its template if ``terminate_plan`` is use_answer_content.
    """

    parameters: dict[str, Parameter] | None = None
    terminate_plan: str = ""
    content: str = ""


class WorkflowInfo(Model):
    """A workflow with its inputs and outputs; both are ``None`` on coze-studio, which returns no schema."""

    workflow_detail: Workflow = Field(default_factory=Workflow)
    input: Inputs | None = None
    output: Outputs | None = None


class WorkflowVersion(Model):
    """A version of a workflow, like v0.0.1; times are unix seconds."""

    workflow_id: str = ""
    version: str = ""
    description: str = ""
    created_at: int | None = None
    updated_at: int | None = None
    creator: Creator | None = None
    input: Inputs | None = None
    output: Outputs | None = None


class _WorkflowPage(Model):
    items: tuple[Workflow, ...] = ()
    has_more: bool = False


class _VersionPage(Model):
    items: tuple[WorkflowVersion, ...] = ()
    has_more: bool = False
    next_page_token: str = ""


def read_workflows(response: RawResponse) -> Page[Workflow]:
    """Read a page of workflows."""
    found = Payload(_WorkflowPage)(response)
    return Page(found.items, found.has_more)


def read_versions(response: RawResponse) -> Page[WorkflowVersion]:
    """Read a page of versions, with the token of the next page."""
    found = Payload(_VersionPage)(response)
    return Page(found.items, found.has_more, cursor=found.next_page_token or None)
