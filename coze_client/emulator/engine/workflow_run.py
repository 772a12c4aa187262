"""Run a workflow: call its function step by step and emit events, whether or not a client reads them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Generator, Mapping
from dataclasses import replace
from functools import partial

from pydantic_core import to_jsonable_python

from coze_client.emulator.engine.workflow_events import (
    NodeOutput,
    NoProgress,
    QuestionAsked,
    RunEnded,
    RunEvent,
    RunFailed,
)
from coze_client.emulator.engine.workflow_format import workflow_format_of
from coze_client.emulator.protocol.stream import to_json
from coze_client.emulator.scripts import Hold, Pause
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.execution_records import FIRST_EVENT_ID, STREAM, SYNC, StoredExecution, wrap_answer
from coze_client.emulator.state.file_records import uploaded_file_name
from coze_client.emulator.workflows import Ask, Output, Workflow, WorkflowError

logger = logging.getLogger(__name__)
_EventQueue = asyncio.Queue[RunEvent | None]
NODE_FAILED = 720701013
MOST_ANSWERS = 3  # wrong answers to a question, or resumes of a streamed run (page workflow_stream_resume)


class WorkflowRun:
    """One run of a workflow from its start to its end, including the questions on the way."""

    def __init__(
        self, backend: Backend, workflow: Workflow, execution: StoredExecution, arguments: Mapping[str, object]
    ) -> None:
        self.backend = backend
        self.workflow = workflow
        self.execution = execution
        self.ask: Ask | None = None
        self._arguments = arguments
        self._steps: Generator[object, object, object] | None = None
        self._events = _EventQueue()
        self._questions = 0
        self._wrong_answers = 0

    def start(self) -> None:
        """Start on the running event loop; the run is counted from here on."""
        self.backend.runs_started += 1
        self.backend.runs.add(self.execution.id, self)
        self._continue(None)

    def resume(self, answer: str) -> None:
        """Resume with an answer to the open question, or ask again if the answer is invalid."""
        self._events = _EventQueue()
        self._save(interrupt=None, resumes=self.execution.resumes + 1)
        ask, self.ask = self.ask, None
        if ask is None:
            raise RuntimeError("the run does not wait for an answer")
        if self.execution.mode == STREAM and self.execution.resumes > MOST_ANSWERS:
            self._fail_with(NODE_FAILED, f"a streamed run can be resumed {MOST_ANSWERS} times")
            return
        try:
            value = ask.read(answer, partial(uploaded_file_name, self.backend.state, self.execution.account))
        except ValueError as error:
            self._ask_again(ask, str(error))
            return
        self._wrong_answers = 0
        self._continue(value)

    def events(self, idle_after: float | None = None) -> AsyncIterator[RunEvent]:
        """Iterate over the events of this part of the run: from its start or the last answer to its next question.

        `NoProgress` is yielded after every `idle_after` seconds without an event. Call it before the run is resumed:
        an answer begins the next part, which has readers of its own.
        """
        return _read_events(self._events, idle_after)

    async def wait(self) -> RunEvent:
        """Wait until the run ends or asks; return its last event."""
        return [event async for event in self.events()][-1]

    def _continue(self, answer: object) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(answer))

    async def _run(self, answer: object) -> None:
        try:
            while True:
                step = await asyncio.to_thread(self._next_step, answer)
                answer = None
                match step:
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case Hold(until):
                        while not until():  # noqa: ASYNC110 - the predicate is the test's and cannot wake anybody
                            await asyncio.sleep(0.005)
                    case str() | Output():
                        self._output(step if isinstance(step, Output) else Output("Message", step, (step,)))
                    case Ask():
                        self._ask(step)
                        return
                    case RunEnded():
                        self._end(step)
                        return
                    case _:
                        raise TypeError(f"a workflow cannot yield {step!r}")
        except WorkflowError as error:
            self._fail(error)
        except Exception as error:
            logger.info("workflow %s failed", self.workflow.title, exc_info=True)
            self._fail(WorkflowError(NODE_FAILED, f"{type(error).__name__}: {error}"))

    def _next_step(self, answer: object) -> object:
        """Run the function up to its next step; the first call begins it."""
        try:
            if self._steps is not None:
                return self._steps.send(answer)
            result = self.workflow.function(**self._arguments)
            if not isinstance(result, Generator):
                return _ended(result)
            self._steps = result
            return next(result)
        except StopIteration as stop:
            return _ended(stop.value)

    def _output(self, node: Output) -> None:
        if self.execution.mode == SYNC:
            raise WorkflowError(4000, "a workflow with output nodes can only be streamed or run asynchronously", "Run")
        number = len(self.execution.nodes) + 1
        ids = {earlier["title"]: str(earlier["node_id"]) for earlier in self.execution.nodes}
        node_id = ids.get(node.title, str(110001 + len(ids)))
        uuid = f"{self.execution.id}-{number}"
        record = {"title": node.title, "text": node.text, "node_id": node_id, "uuid": uuid, "at": self.backend.now}
        self._save(nodes=[*self.execution.nodes, record])
        self._emit(NodeOutput(node, node_id, uuid))

    def _ask(self, ask: Ask) -> None:
        question = QuestionAsked(ask, f"{self.execution.id}/{FIRST_EVENT_ID + self._questions}")
        self._questions += 1
        self.ask = ask
        self._save(interrupt=workflow_format_of(self.backend).interrupt(ask, question.event_id, streamed=False))
        self._emit(question)
        self._emit(None)

    def _ask_again(self, ask: Ask, reason: str) -> None:
        self._wrong_answers += 1
        if self._wrong_answers >= MOST_ANSWERS:
            self._fail_with(NODE_FAILED, f'node "{ask.title}" got no answer in {MOST_ANSWERS} tries: {reason}')
        else:
            self._ask(ask)

    def _end(self, ended: RunEnded) -> None:
        self._finish("Success", output=wrap_answer(ended.text) if ended.is_text else ended.text)
        self._emit(ended)
        self._emit(None)

    def _fail(self, error: WorkflowError) -> None:
        self._fail_with(error.code, f'Workflow node "{error.node}" failed: {error.msg}')

    def _fail_with(self, code: int, msg: str) -> None:
        self._finish("Fail", error_code=code, error_msg=msg)
        self._emit(RunFailed(code, msg))
        self._emit(None)

    def _finish(self, status: str, **changes: object) -> None:
        self.backend.runs.remove(WorkflowRun, self.execution.id)
        self._save(status=status, usage=self._usage(str(changes.get("output", ""))), **changes)

    def _save(self, **changes: object) -> None:
        """Save the record before the event is emitted, so that a reader of the event finds the new state."""
        changed = {"updated_at": self.backend.now, **changes}
        self.execution = replace(self.execution, **changed)  # type: ignore[arg-type]  # the names are fields of the record
        self.backend.state.save(self.execution)
        self.backend.notify()

    def _usage(self, output: str) -> dict[str, int]:
        """Count four characters as one token, so that the count never varies; an answer costs as much as the start."""
        read = len(to_json(to_jsonable_python(dict(self._arguments)))) * (1 + self.execution.resumes)
        written = len(output) + sum(len(str(node["text"])) for node in self.execution.nodes)
        counts = {"output_count": written // 4 + 1, "input_count": read // 4 + 1}
        return {"token_count": sum(counts.values()), **counts}

    def _emit(self, event: RunEvent | None) -> None:
        self._events.put_nowait(event)


async def _read_events(queue: _EventQueue, idle_after: float | None) -> AsyncIterator[RunEvent]:
    while True:
        try:
            event = await asyncio.wait_for(queue.get(), idle_after)
        except asyncio.TimeoutError:
            yield NoProgress()
            continue
        if event is None:
            return
        yield event


def _ended(value: object) -> RunEnded:
    """Convert a return value; a value that is not an object becomes the variable `output`."""
    if isinstance(value, str):
        return RunEnded(value, is_text=True)
    plain = to_jsonable_python({} if value is None else value)
    return RunEnded(to_json(plain if isinstance(plain, dict) else {"output": plain}))
