"""How coze-studio refuses a call about workflows: its codes, and the status and the body of each route."""

from __future__ import annotations

from types import MappingProxyType

from coze_client.emulator.protocol.api_error import ApiError, GoError
from coze_client.emulator.protocol.reply import RawReply
from coze_client.emulator.protocol.stream import to_json

WORKFLOW_PATHS = ("/v1/workflow/", "/v1/workflows/")
EXECUTION_FAILED, OPERATION_FAILED = 720701013, 777777775
NOT_PUBLISHED = GoError(
    720702011,
    "Workflow not published. The requested operation cannot be performed on an unpublished workflow."
    " Please publish the workflow and try again.",
)
INTERRUPTED = GoError(
    720702078,
    "Synchronous requests do not support interruption."
    " Please switch to asynchronous requests for interruptible operations.",
)
TWO_OWNERS = GoError(
    EXECUTION_FAILED, "Workflow execution failure: project_id and bot_id cannot be set at the same time"
)
NAME_NOT_FOUND = GoError(
    777777762,
    "Conversation not found. Please create a conversation before attempting to perform any related operations.",
)
OPEN_API_CODES = MappingProxyType(
    {720702011: 6031, 720702001: 4000, 720702002: 4000, 720712014: 4000, 720702078: 6039, 720702085: 6023}
)
"""The codes of plain runs and run records, by the studio's own; all others stay as they are."""

_STREAMS = ("/v1/workflow/stream_run", "/v1/workflow/stream_resume", "/v1/workflows/chat")
_EVENT_HEADERS = MappingProxyType(
    {"cache-control": "no-cache", "connection": "keep-alive", "access-control-allow-origin": "*"}
)


def workflow_not_found(workflow_id: str) -> GoError:
    """Return the error for an unknown workflow."""
    return GoError(720702004, f"workflow {workflow_id} not found, please check if the workflow exists and not deleted")


def no_access(account: str, workspace_id: str) -> GoError:
    """Return the error for the record of a run in another's workspace; that of an unknown run is "0"."""
    cause = f"user {account} does not have access to space {workspace_id}"
    return GoError(OPERATION_FAILED, f"Workflow operation failure: {cause}")


def workflow_refusal(error: ApiError, path: str) -> RawReply:
    """Build the reply of a route about workflows.

    A stream that is refused before its start has lost its code: the server has promised events when it finds out, and
    sends neither events nor the JSON of the error.
    """
    if path in _STREAMS:
        return RawReply(200, b"", headers=_EVENT_HEADERS, chunked=True)
    found = error.studio or GoError(720702001, error.msg)
    if path == "/v1/workflow/run":
        return RawReply(200, to_json(run_reply(code=open_api_code(found.code), msg=found.text)).encode())
    if path == "/v1/workflow/get_run_history":
        body = {"code": open_api_code(found.code), "msg": found.text, "BaseResp": None}
        return RawReply(200, to_json(body).encode())
    return RawReply(200, to_json({"code": found.code, "msg": found.text}).encode())


def run_reply(**fields: object) -> dict[str, object]:
    """Return the JSON of a plain run; what `fields` do not contain is null."""
    unset = dict.fromkeys(("code", "msg", "data", "token", "cost", "debug_url", "execute_id", "BaseResp"))
    return {**unset, **fields}


def open_api_code(code: int | None) -> int:
    """Return the code that plain runs and run records have for one of the studio's own."""
    code = EXECUTION_FAILED if code is None else code
    return OPEN_API_CODES.get(code, code)
