"""A run followed to its end: streamed, plain or asynchronous, it comes to a result, a failure or a question."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from coze_client.api.workflows.events import WorkflowEvent, read_question
from coze_client.api.workflows.failures import WorkflowFailed, WorkflowInterrupted
from coze_client.api.workflows.history import RunHistory, WorkflowRun
from coze_client.api.workflows.requests import Resumption, history_request, studio_history_request
from coze_client.api.workflows.stream import (
    NO_PRIOR_OUTPUT,
    PriorOutput,
    WorkflowResult,
    WorkflowStreamRun,
    join_messages,
)
from coze_client.api.workflows.values import Interrupt
from coze_client.core.request import Request
from coze_client.core.session import Session
from coze_client.errors import NotFound, TimedOut

_NO_RECORD = 4314
_STUDIO_INTERRUPTED = "<UNSET>"  # a state that coze-studio has no name for: interrupted
LONGEST_RUN = 86400.0  # seconds: Coze ends an asynchronous run after 24 hours
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0  # seconds between two questions about an asynchronous run


async def load_history(session: Session, workflow_id: str, execute_id: str) -> RunHistory:
    """A run's record by whichever of its two routes the server has; raises NotFound."""
    try:
        return await session.send(history_request(workflow_id, execute_id))
    except NotFound as missing:
        if missing.code == _NO_RECORD:
            raise
        try:
            return await session.send(studio_history_request(workflow_id, execute_id))
        except NotFound:
            raise missing from None


async def follow_stream(
    session: Session,
    workflow_id: str,
    request: Request[None],
    on_event: Callable[[WorkflowEvent], object] | None,
    earlier: PriorOutput = NO_PRIOR_OUTPUT,
) -> WorkflowResult:
    """One streamed run to its end; or its going on, with what it said `earlier`."""
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
            text=reading.messages[-1].content if reading.messages else "",
            node_title=reading.node_title,
            debug_url=reading.debug_url,
            said=earlier.extended_by(reading, join_messages(reading.messages)),
            logid=stream_run.logid,
            on_event=on_event,
        )
    return WorkflowResult.of_messages(reading, earlier)


async def follow_run(session: Session, workflow_id: str, run: WorkflowRun, deadline: float | None) -> WorkflowResult:
    """What a plain run came to; one that was begun asynchronously is polled, if there is a `deadline`."""
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
        return await wait_for_run(session, workflow_id, run.execute_id, deadline)
    return WorkflowResult.of_text(run.data, run.execute_id, run.debug_url, run.usage)


async def wait_for_run(session: Session, workflow_id: str, execute_id: str, deadline: float) -> WorkflowResult:
    """What came of a run that goes on by itself, asked for in growing steps; raises TimedOut after `deadline` s."""
    end_time, pause = monotonic() + deadline, _FIRST_PAUSE
    record = await load_history(session, workflow_id, execute_id)
    while record.runs:
        if monotonic() + pause > end_time:
            raise TimedOut(
                f"Run {execute_id} of workflow {workflow_id} did not end within {deadline:g} s",
                cure=f"Ask later: client.workflows.result(workflow_id=…, execute_id={execute_id!r})",
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
        asks = record.execute_status == _STUDIO_INTERRUPTED
        raise WorkflowFailed(
            record.error_message or ("The run stopped to ask" if asks else f"The run ended as {record.execute_status}"),
            code=record.error_code or None,
            debug_url=record.debug_url,
            execute_id=execute_id,
            logid=record.logid or None,
            cure="coze-studio tells only streams what a run asks: use mode='stream'" if asks else "",
        )
    return WorkflowResult.of_record(record)


def interruption(
    session: Session,
    workflow_id: str,
    interrupt: Interrupt,
    *,
    text: str = "",
    node_title: str = "",
    debug_url: str = "",
    execute_id: str = "",
    said: PriorOutput = NO_PRIOR_OUTPUT,
    streamed: bool = True,
    logid: str | None = None,
    on_event: Callable[[WorkflowEvent], object] | None = None,
) -> WorkflowInterrupted:
    """The error that carries a question, and resumes the run on the client that ran it; `text` was said last."""
    question, options = read_question(interrupt, text)
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
        **said._asdict(),
    )
    error.resumer = lambda answer: session.concurrency.run(
        answer_interrupt(
            session,
            workflow_id,
            interrupt,
            answer,
            streamed=streamed,
            earlier=said,
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
    """Resume a run with the answer to its interrupt, and follow it to its end or to its next interrupt."""
    resumption = Resumption(
        workflow_id=workflow_id, event_id=interrupt.event_id, interrupt_type=interrupt.type, resume_data=answer
    )
    if streamed:
        return await follow_stream(session, workflow_id, resumption.stream_request(), on_event, earlier)
    return await follow_run(session, workflow_id, await session.send(resumption.request()), deadline)


def _ignore_event(event: object) -> None:
    """For who wants no events."""
