"""Follow a run to its result, failure or interrupt, whether it is streamed, synchronous or asynchronous.

API pages: workflow_run, workflow_stream_run, workflow_resume, resume_workflow, workflow_history.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from coze_client.api.workflows.events import WorkflowEvent, read_question
from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
from coze_client.api.workflows.history import STUDIO_NO_RECORD, RunHistory, WorkflowRun
from coze_client.api.workflows.requests import Resumption, history_request, studio_history_request
from coze_client.api.workflows.result import (
    NO_PRIOR_OUTPUT,
    PriorOutput,
    WorkflowResult,
    join_messages,
    result_of_record,
    result_of_stream,
    result_of_text,
)
from coze_client.api.workflows.stream import WorkflowStreamRun
from coze_client.api.workflows.values import Interrupt
from coze_client.core.error_codes import tell_failure
from coze_client.core.request import Request
from coze_client.core.response import parse_code
from coze_client.core.server_text import without_advice
from coze_client.core.session import Session
from coze_client.errors import CozeError, NotFound, TimedOut

_NO_RECORD = 4314
_STUDIO_INTERRUPT_CURE = "coze-studio sends the question only in a stream: use mode='stream'"
_STUDIO_INTERRUPTED = "<UNSET>"  # coze-studio's status of an interrupted run
LONGEST_RUN = 86400.0  # seconds: Coze ends an asynchronous run after 24 hours
_GOES_ON = "The run goes on; poll it: client.workflows.result(workflow_id=…"
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0  # seconds between two polls


async def load_history(session: Session, workflow_id: str, execute_id: str) -> RunHistory:
    """Load the record of a run from the cloud's route or else coze-studio's; raises NotFound."""
    try:
        return await session.send(history_request(workflow_id, execute_id))
    except NotFound as missing:
        if missing.code == _NO_RECORD:
            raise
        try:
            return await session.send(studio_history_request(workflow_id, execute_id))
        except NotFound as unknown:
            raise (unknown if unknown.code == STUDIO_NO_RECORD else missing) from None


async def follow_stream(
    session: Session,
    workflow_id: str,
    request: Request[None],
    on_event: Callable[[WorkflowEvent], object] | None,
    earlier: PriorOutput = NO_PRIOR_OUTPUT,
) -> WorkflowResult:
    """Read a streamed run to its end; raises WorkflowInterrupted, WorkflowFailed or StreamInterrupted.

    `earlier`: the output before an answered interrupt.
    """
    stream_run = WorkflowStreamRun(session, request)
    try:
        await stream_run.collect(on_event or _ignore_event)
    except WorkflowFailed as failed:
        failed.messages = (*earlier.messages, *failed.messages)
        raise
    reading = stream_run.reading
    if reading.interrupt is not None:
        raise interruption(
            session,
            workflow_id,
            reading.interrupt,
            last_message=reading.messages[-1].content if reading.messages else "",
            node_title=reading.node_title,
            debug_url=reading.debug_url,
            execute_id=reading.execute_id,
            prior=earlier.extended_by(reading, join_messages(reading.messages)),
            logid=stream_run.logid,
            on_event=on_event,
        )
    return result_of_stream(reading, earlier)


async def follow_run(session: Session, workflow_id: str, run: WorkflowRun, deadline: float | None) -> WorkflowResult:
    """Return the result of a run that is not streamed; with a `deadline`, poll an asynchronous run until it ends."""
    if run.interrupt_data is not None and run.interrupt_data.event_id:
        raise interruption(
            session,
            workflow_id,
            run.interrupt_data,
            debug_url=run.debug_url,
            execute_id=run.execute_id,
            streamed=False,
        )
    if not run.data and deadline is not None and run.execute_id:
        return await _wait_for_started(session, workflow_id, run.execute_id, deadline)
    return result_of_text(run.data, run.execute_id, run.debug_url, run.usage)


async def _wait_for_started(session: Session, workflow_id: str, execute_id: str, deadline: float) -> WorkflowResult:
    """Like ``wait_for_run``; any error says that the run has started, and how to get its result."""
    try:
        return await wait_for_run(session, workflow_id, execute_id, deadline)
    except (WorkflowFailed, WorkflowInterrupted):
        raise
    except CozeError as error:
        error.execute_id = execute_id
        error.cure = f"{_GOES_ON}, execute_id={execute_id!r})"
        raise


async def wait_for_run(session: Session, workflow_id: str, execute_id: str, deadline: float) -> WorkflowResult:
    """Poll a run until it ends, with growing pauses; raises TimedOut after `deadline` seconds."""
    end_time, pause = monotonic() + deadline, _FIRST_PAUSE
    record = await load_history(session, workflow_id, execute_id)
    while record.runs:
        if monotonic() + pause > end_time:
            raise TimedOut(
                f"Run {execute_id} of workflow {workflow_id} did not end within {deadline:g} s",
                cure=f"{_GOES_ON}, execute_id={execute_id!r})",
            )
        await session.concurrency.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        record = await load_history(session, workflow_id, execute_id)
    if record.interrupt_data is not None:
        raise interruption(
            session,
            workflow_id,
            record.interrupt_data,
            debug_url=record.debug_url,
            execute_id=execute_id,
            streamed=False,
        )
    if record.execute_status != "Success":
        raise _record_failure(record, execute_id)
    return result_of_record(record)


def _record_failure(record: RunHistory, execute_id: str) -> WorkflowFailed:
    """The error of a run that its record shows as failed, with the code and cure that its stream would have."""
    failed = WorkflowFailed(
        f"The run ended as {record.execute_status}",
        debug_url=record.debug_url,
        execute_id=execute_id,
        messages=result_of_record(record).messages,
        logid=record.logid or None,
    )
    tell_failure(failed, parse_code(record.error_code) or None, record.error_message)
    failed.message = without_advice(failed.message)
    if record.execute_status == _STUDIO_INTERRUPTED:
        failed.message = failed.server_text or "The run stopped to ask a question"
        failed.cure = _STUDIO_INTERRUPT_CURE
    failed.args = (failed.message,)
    return failed


def interruption(
    session: Session,
    workflow_id: str,
    interrupt: Interrupt,
    *,
    last_message: str = "",
    node_title: str = "",
    debug_url: str = "",
    execute_id: str = "",
    prior: PriorOutput = NO_PRIOR_OUTPUT,
    streamed: bool = True,
    logid: str | None = None,
    on_event: Callable[[WorkflowEvent], object] | None = None,
) -> WorkflowInterrupted:
    """Build the error that holds a question and can resume the run on this client."""
    question, options = read_question(interrupt, last_message)
    error = WorkflowInterrupted(
        f"The workflow asks: {question}" if question else "The workflow waits for an answer",
        workflow_id=workflow_id,
        interrupt=interrupt,
        question=question,
        options=options,
        node_title=node_title,
        debug_url=debug_url,
        execute_id=execute_id,
        streamed=streamed,
        logid=logid,
        **prior._asdict(),
    )
    error.resumer = lambda answer: session.concurrency.run(
        answer_interrupt(
            session,
            workflow_id,
            interrupt,
            answer,
            streamed=streamed,
            earlier=prior,
            deadline=LONGEST_RUN,
            on_event=on_event,
        )
    )
    return error


async def answer_interrupt(
    session: Session,
    workflow_id: str,
    interrupt: Interrupt,
    answer: str,
    *,
    streamed: bool,
    earlier: PriorOutput,
    deadline: float,
    on_event: Callable[[WorkflowEvent], object] | None,
) -> WorkflowResult:
    """Resume a run with the answer to its interrupt, and follow it to its end or to its next interrupt.

    `streamed`: the run was started by a streaming call. `earlier`: the output before this interrupt.
    """
    resumption = Resumption(
        workflow_id=workflow_id, event_id=interrupt.event_id, interrupt_type=interrupt.type, resume_data=answer
    )
    if streamed:
        return await follow_stream(session, workflow_id, resumption.stream_request(), on_event, earlier)
    return await follow_run(session, workflow_id, await session.send(resumption.request()), deadline)


def _ignore_event(event: object) -> None:
    """The default for `on_event`."""
