"""The result of a workflow run, read from a stream, from a plain answer, or from the record of the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple, cast

from coze_client.api.chats.values import Usage
from coze_client.api.workflows.events import WorkflowReading
from coze_client.api.workflows.history import RunHistory, WorkflowRun
from coze_client.api.workflows.values import WorkflowMessage
from coze_client.core.json_text import load_json
from coze_client.core.model import Model, convert
from coze_client.core.response import RawResponse, read_envelope
from coze_client.core.sse import begins_stream
from coze_client.errors import ProtocolError

_END_TITLES = ("", "End")


class PriorOutput(NamedTuple):
    """The messages and gaps of a run before its interrupt was answered."""

    messages: tuple[WorkflowMessage, ...] = ()
    gaps: tuple[str, ...] = ()

    def extended_by(self, reading: WorkflowReading, messages: Sequence[WorkflowMessage]) -> PriorOutput:
        """Append the joined `messages` and the gaps of a further stream."""
        return PriorOutput((*self.messages, *messages), (*self.gaps, *reading.gaps))


NO_PRIOR_OUTPUT = PriorOutput()


class WorkflowResult(Model):
    """The result of a workflow run.

    ``output`` is the output of the end node, parsed if it is JSON; ``text`` is the same as text. ``messages`` are those
    of output nodes and questions before the end. ``gaps`` describes the numbers that were missing in the stream. After
    an answered interrupt, both cover the whole run. ``is_trimmed``: the record lacks output, because the run had more
    than 1 MB of it; ``node_history`` has the output of each node. ``model_dump_json`` and ``model_validate_json`` are
    lossless.
    """

    output: object
    text: str
    content_type: str = "text"
    execute_id: str = ""
    debug_url: str = ""
    usage: Usage | None = None
    messages: tuple[WorkflowMessage, ...] = ()
    gaps: tuple[str, ...] = ()
    is_trimmed: bool = False


def decode_output(text: str) -> tuple[object, str]:
    """Return an output parsed as JSON (if it is JSON) and as text, without Coze's wrapper around a text output."""
    try:
        value = load_json(text)
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return text, text
    if isinstance(value, dict) and "type_for_model" in value and isinstance(value.get("data"), str):
        return decode_output(value["data"])
    return value, value if isinstance(value, str) else text


def join_messages(messages: Sequence[WorkflowMessage]) -> list[WorkflowMessage]:
    """Join the parts of each node output to one message; keep the order of first appearance."""
    joined: list[WorkflowMessage] = []
    open_indexes: dict[str, int] = {}
    for message in messages:
        node = message.node_id or message.node_title
        if node in open_indexes:
            index = open_indexes[node]
            content = joined[index].content + message.content
            joined[index] = message.model_copy(update={"content": content})
        else:
            open_indexes[node] = len(joined)
            joined.append(message)
        if message.node_is_finish:
            del open_indexes[node]
    return joined


def is_end(message: WorkflowMessage) -> bool:
    """True for a message of the end node, whose content is the output of the run."""
    return message.node_title in _END_TITLES


def result_of_text(text: str, execute_id: str = "", debug_url: str = "", usage: Usage | None = None) -> WorkflowResult:
    """Build the result from the ``data`` text of a run that was not streamed."""
    output, output_text = decode_output(text)
    return WorkflowResult(output=output, text=output_text, execute_id=execute_id, debug_url=debug_url, usage=usage)


def read_run(response: RawResponse) -> WorkflowRun:
    """Read the response to a plain run: JSON, or the events of the run if the server streams it even so.

    Raises WorkflowFailed for a failure in a stream, and StreamInterrupted for a stream without its end.
    """
    if not begins_stream(response.content):
        return convert(WorkflowRun, read_envelope(response))
    reading = WorkflowReading(len(response.content))
    reading.logid = response.logid
    reading.feed(response.content)
    reading.finish()
    if reading.failure:
        raise reading.failure
    if not reading.complete:
        raise reading.interruption()
    result = result_of_stream(reading)
    return WorkflowRun(
        data=result.text, debug_url=reading.debug_url, usage=result.usage, interrupt_data=reading.interrupt
    )


def read_started_run(response: RawResponse) -> WorkflowRun:
    """Read the response to an asynchronous run; raises ProtocolError if it lacks the id of the run."""
    run = read_run(response)
    if not (run.execute_id or run.data):
        raise ProtocolError("The server reported success, but sent no execute_id", logid=response.logid)
    return run


def result_of_stream(reading: WorkflowReading, earlier: PriorOutput = NO_PRIOR_OUTPUT) -> WorkflowResult:
    """Build the result from a finished stream; `earlier` is the output before an answered interrupt."""
    joined = join_messages(reading.messages)
    ends = [message for message in joined if is_end(message)]
    end = ends[-1] if ends else WorkflowMessage()
    output, text = decode_output(end.content)
    usages = [message.usage for message in reading.messages if message.usage and message.usage.known]
    total = earlier.extended_by(reading, [message for message in joined if message is not end])
    return WorkflowResult(
        output=output,
        text=text,
        content_type=end.content_type or "text",
        execute_id=reading.execute_id,
        debug_url=reading.debug_url,
        usage=usages[-1] if usages else None,
        **total._asdict(),
    )


def result_of_record(record: RunHistory) -> WorkflowResult:
    """Build the result from the record of a run: from its key Output, or on coze-studio from the whole output."""
    outputs, text = decode_output(record.output)
    is_by_node = isinstance(outputs, dict) and ("Output" in outputs or bool(record.node_execute_status))
    nodes = cast("dict[str, object]", outputs) if is_by_node else None
    if nodes is not None:
        inner = nodes.get("Output", "")
        outputs, text = decode_output(inner) if isinstance(inner, str) else (inner, json.dumps(inner))
    messages = tuple(
        WorkflowMessage(node_title=title, content=_as_text(content), node_is_finish=True)
        for title, content in (nodes or {}).items()
        if _is_output_node(title, record)
    )
    return WorkflowResult(
        output=outputs,
        text=text,
        execute_id=record.execute_id,
        debug_url=record.debug_url,
        usage=record.usage,
        messages=messages,
        is_trimmed=record.is_output_trimmed,
    )


def _is_output_node(title: str, record: RunHistory) -> bool:
    """True if a key of a record's output names an output node; Coze adds the key node_status for itself."""
    return title in record.node_execute_status if record.node_execute_status else title not in ("Output", "node_status")


def _as_text(content: object) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
