"""Values of a workflow run: its response, and the record that Coze keeps of it.

API pages: workflow_run, workflow_history, get_node_execute_history_response.
"""

from __future__ import annotations

import re

from pydantic import AliasChoices, Field

from coze_client.api.chats.values import Usage
from coze_client.api.workflows.values import Interrupt
from coze_client.core.model import Model, convert
from coze_client.core.response import Payload, RawResponse, read_envelope
from coze_client.errors import APIError, NotFound, PermissionDenied, ProtocolError

STUDIO_NO_RECORD = 777777775
_RUNNING = frozenset({"Running", ""})
_DENIED = re.compile("does not have access to space ([0-9]+)")
_UNKNOWN_RUN = "Check the execute id: coze-studio says so if it has no record of the run"
_NO_MEMBER = "Use the token of a user who may use the workspace of this run"


class WorkflowRun(Model):
    """The response to a run: ``data`` is text, mostly JSON.

    ``data`` is empty if the run is asynchronous or was interrupted. ``debug_url`` shows the run in Coze.
    """

    data: str = ""
    execute_id: str = ""
    debug_url: str = ""
    usage: Usage | None = None
    interrupt_data: Interrupt | None = None
    token: int | None = None
    cost: str = ""


class NodeStatus(Model):
    """The status of an output node in a run; ``update_time`` in unix seconds."""

    node_id: str = ""
    is_finish: bool = False
    loop_index: int | None = None
    batch_index: int | None = None
    update_time: int | None = None
    sub_execute_id: str = ""
    node_execute_uuid: str = ""


class RunHistory(Model):
    """The record of a run. ``execute_status``: Success, Running, Fail, Cancel (coze-studio), or another.

    ``output`` is JSON text: an object whose key Output holds the output of the end node. On coze-studio it is the
    output of the end node itself. Times are unix seconds.
    """

    execute_id: str = ""
    execute_status: str = ""
    bot_id: str = ""
    connector_id: str = ""
    connector_uid: str = ""
    run_mode: int | None = None
    logid: str = Field(default="", validation_alias=AliasChoices("logid", "log_id"))
    create_time: int | None = None
    update_time: int | None = None
    output: str = ""
    is_output_trimmed: bool = False
    node_execute_status: dict[str, NodeStatus] | None = None
    error_code: str = ""
    error_message: str = Field(default="", validation_alias=AliasChoices("error_message", "error_msg"))
    debug_url: str = ""
    usage: Usage | None = None
    interrupt_data: Interrupt | None = None

    @property
    def runs(self) -> bool:
        """True while the run continues by itself."""
        return self.execute_status in _RUNNING and self.interrupt_data is None


class NodeOutput(Model):
    """The output of one output node; for outputs that are too large for the record."""

    is_finish: bool = False
    node_output: str = ""


def read_studio_history(response: RawResponse) -> RunHistory:
    """Read a record of coze-studio, which takes an unknown run for one of a workspace "0" that nobody may use."""
    try:
        return read_history(response)
    except APIError as refused:
        denied = _DENIED.search(refused.message) if refused.code == STUDIO_NO_RECORD else None
        if denied is None:
            raise
        kind, cure = (NotFound, _UNKNOWN_RUN) if denied[1] == "0" else (PermissionDenied, _NO_MEMBER)
        raise kind(refused.message, code=refused.code, status=refused.status, logid=refused.logid, cure=cure) from None


def read_history(response: RawResponse) -> RunHistory:
    """Read a record, which Coze sends as a list of one; raises ProtocolError if there is none."""
    payload = Payload(RunHistory).extract(read_envelope(response))
    record = payload[0] if isinstance(payload, list) and payload else payload
    if not record:
        raise ProtocolError("The server reported success, but sent no record of the run")
    return convert(RunHistory, record)
