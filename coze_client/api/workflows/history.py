"""What a run answers, and what is kept of it. API pages: workflow_run, workflow_history."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from coze_client.api.chats.values import Usage
from coze_client.api.workflows.values import Interrupt
from coze_client.core.model import Model, convert
from coze_client.core.response import Payload, RawResponse, read_envelope

_RUNNING = frozenset({"Running", ""})


class WorkflowRun(Model):
    """What a run answered: ``data`` is text, mostly JSON; empty if it runs on (asynchronous) or was interrupted."""

    data: str = ""
    execute_id: str = ""
    debug_url: str = ""
    usage: Usage | None = None
    interrupt_data: Interrupt | None = None
    token: int | None = None
    cost: str = ""


class NodeStatus(Model):
    """How an output node came out in a run."""

    node_id: str = ""
    is_finish: bool = False
    loop_index: int | None = None
    batch_index: int | None = None
    update_time: int | None = None
    sub_execute_id: str = ""
    node_execute_uuid: str = ""


class RunHistory(Model):
    """A run's record. ``execute_status``: Success, Running, Fail, Cancel (coze-studio), or another.

    ``output`` is JSON text; its key Output holds the end node's, on coze-studio it is the end node's itself.
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
        """True while the run goes on."""
        return self.execute_status in _RUNNING and self.interrupt_data is None


class NodeOutput(Model):
    """What one output node gave out, for outputs too large for the record."""

    is_finish: bool = False
    node_output: str = ""


def read_run(response: RawResponse) -> WorkflowRun:
    """The whole envelope is the answer: its ``data`` is text beside ids and usage."""
    return convert(WorkflowRun, read_envelope(response))


def read_history(response: RawResponse) -> RunHistory:
    """A record, which Coze puts into a list of one."""
    payload = Payload(RunHistory).extract(read_envelope(response))
    if isinstance(payload, list):
        payload = payload[0] if payload else {}
    return convert(RunHistory, payload)
