"""The stored record of a workflow run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from coze_client.emulator.protocol.stream import to_json

FIRST_EXECUTE_ID = 7500000000000000001
FIRST_EVENT_ID = 7510000000000000001
SYNC, STREAM, ASYNC = 0, 1, 2  # run_mode (page workflow_history)
CHATFLOW = -1  # not a mode of Coze: the next message resumes these runs


@dataclass(frozen=True)
class StoredExecution:
    """A workflow run; `status` is Running, Success or Fail; `interrupt` is the JSON of an open question, or None.

    `input` is the JSON of the parameters, `output` the output of the end node, `nodes` are the outputs of output nodes;
    `resumes` counts the answers.
    Times are Unix seconds.
    """

    KIND: ClassVar[str] = "Execution"

    id: str
    account: str
    workflow_id: str
    mode: int
    created_at: int
    updated_at: int
    bot_id: str = "0"
    connector_id: str = "1024"
    connector_uid: str = ""
    workspace_id: str = ""
    status: str = "Running"
    output: str = ""
    nodes: list[dict[str, object]] = field(default_factory=list)
    error_code: int = 0
    error_msg: str = ""
    interrupt: dict[str, object] | None = None
    resumes: int = 0
    logid: str = ""
    input: str = ""
    usage: dict[str, int] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        return self.workflow_id

    @property
    def run_mode(self) -> int:
        """The mode in the run history."""
        return STREAM if self.mode == CHATFLOW else self.mode

    @property
    def debug_url(self) -> str:
        """The address of the run in Coze's editor."""
        return (
            f"https://www.coze.com/work_flow?execute_id={self.id}"
            f"&space_id={self.workspace_id}&workflow_id={self.workflow_id}"
        )


def wrap_answer(text: str) -> str:
    """Wrap the text of an end node as JSON replies do (example of page workflow_history)."""
    return to_json({"content_type": 1, "data": text, "original_result": None, "type_for_model": 2})
