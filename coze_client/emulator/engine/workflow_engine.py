"""A workflow being performed: what its function says, asks and returns, whether or not anybody listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Generator, Mapping
from dataclasses import dataclass, replace

from pydantic_core import to_jsonable_python

from coze_client.emulator.engine.workflow_wire import spelling_of
from coze_client.emulator.protocol.stream import to_json
from coze_client.emulator.scripts import Hold, Pause
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.executions import FIRST_EVENT_ID, STREAM, SYNC, Execution, as_answer
from coze_client.emulator.state.records import StoredFile
from coze_client.emulator.workflows import Ask, Output, Workflow, WorkflowError

logger = logging.getLogger(__name__)
NODE_FAILED = 720701013
MOST_ANSWERS = 3  # wrong answers to a question, and answers to a streamed run (page workflow_stream_resume)


@dataclass(frozen=True)
class NodeMessage:
    """What an output node says, once."""

    node: Output
    node_id: str
    uuid: str


@dataclass(frozen=True)
class Asked:
    ask: Ask
    event_id: str


@dataclass(frozen=True)
class Ended:
    """The end node's output: JSON, or with `is_text` an answer in words."""

    text: str
    is_text: bool = False


@dataclass(frozen=True)
class Failed:
    code: int
    msg: str


@dataclass(frozen=True)
class Idle:
    """Nothing has happened for a while."""


Happening = NodeMessage | Asked | Ended | Failed | Idle


class WorkflowRunner:
    """One run from its start, over every answer that it waits for, to its end."""

    def __init__(
        self, backend: Backend, workflow: Workflow, execution: Execution, arguments: Mapping[str, object]
    ) -> None:
        self.backend = backend
        self.workflow = workflow
        self.execution = execution
        self.ask: Ask | None = None
        self._arguments = arguments
        self._steps: Generator[object, object, object] | None = None
        self._happenings: asyncio.Queue[Happening | None] = asyncio.Queue()
        self._questions = 0
        self._wrong_answers = 0

    def start(self) -> None:
        """Begins on the running loop: from here on the run has happened."""
        self.backend.runs_started += 1
        self.backend.runs.add(self.execution.id, self)
        self._go_on(None)

    def resume(self, answer: str) -> None:
        """Goes on with an answer to what was asked, or asks again."""
        self._save(interrupt=None, resumes=self.execution.resumes + 1)
        ask, self.ask = self.ask, None
        if ask is None:
            raise RuntimeError("the run does not wait for an answer")
        if self.execution.mode == STREAM and self.execution.resumes > MOST_ANSWERS:
            self._fail_with(NODE_FAILED, f"a streamed run can be resumed {MOST_ANSWERS} times")
            return
        try:
            value = ask.read(answer, self.file_name)
        except ValueError as error:
            self._ask_again(ask, str(error))
            return
        self._wrong_answers = 0
        self._go_on(value)

    async def happenings(self, idle_after: float | None = None) -> AsyncIterator[Happening]:
        """What happens until the run rests; `Idle` whenever nothing did for `idle_after` seconds."""
        while True:
            try:
                happening = await asyncio.wait_for(self._happenings.get(), idle_after)
            except asyncio.TimeoutError:
                yield Idle()
                continue
            if happening is None:
                return
            yield happening

    async def rest(self) -> Happening:
        """The last that happens before the run rests."""
        return [happening async for happening in self.happenings()][-1]

    def file_name(self, file_id: str) -> str | None:
        file = self.backend.state.get(StoredFile, file_id)
        return file.file_name if file is not None and file.account == self.execution.account else None

    def _go_on(self, answer: object) -> None:
        self._task = asyncio.get_running_loop().create_task(self._perform(answer))

    async def _perform(self, answer: object) -> None:
        try:
            while True:
                step = await asyncio.to_thread(self._next, answer)
                answer = None
                match step:
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case Hold(until):
                        while not until():  # noqa: ASYNC110 - the predicate is the test's and cannot wake anybody
                            await asyncio.sleep(0.005)
                    case str() | Output():
                        self._say(step if isinstance(step, Output) else Output("Message", step, (step,)))
                    case Ask():
                        self._ask(step)
                        return
                    case Ended():
                        self._end(step)
                        return
                    case _:
                        raise TypeError(f"a workflow cannot yield {step!r}")
        except WorkflowError as error:
            self._fail(error)
        except Exception as error:
            logger.info("workflow %s failed", self.workflow.title, exc_info=True)
            self._fail(WorkflowError(NODE_FAILED, f"{type(error).__name__}: {error}"))

    def _next(self, answer: object) -> object:
        """The function's next step; the first call begins it."""
        try:
            if self._steps is not None:
                return self._steps.send(answer)
            begun = self.workflow.function(**self._arguments)
            if not isinstance(begun, Generator):
                return _ended(begun)
            self._steps = begun
            return next(begun)
        except StopIteration as stop:
            return _ended(stop.value)

    def _say(self, node: Output) -> None:
        if self.execution.mode == SYNC:
            raise WorkflowError(4000, "a workflow with output nodes can only be streamed or run asynchronously", "Run")
        number = len(self.execution.nodes) + 1
        ids = {said["title"]: str(said["node_id"]) for said in self.execution.nodes}
        node_id = ids.get(node.title, str(110001 + len(ids)))
        uuid = f"{self.execution.id}-{number}"
        said = {"title": node.title, "text": node.text, "node_id": node_id, "uuid": uuid, "at": self.backend.now}
        self._save(nodes=[*self.execution.nodes, said])
        self._tell(NodeMessage(node, node_id, uuid))

    def _ask(self, ask: Ask) -> None:
        asked = Asked(ask, f"{self.execution.id}/{FIRST_EVENT_ID + self._questions}")
        self._questions += 1
        self.ask = ask
        self._save(interrupt=spelling_of(self.backend).interrupt(ask, asked.event_id, streamed=False))
        self._tell(asked)
        self._tell(None)

    def _ask_again(self, ask: Ask, why: str) -> None:
        self._wrong_answers += 1
        if self._wrong_answers >= MOST_ANSWERS:
            self._fail_with(NODE_FAILED, f'node "{ask.title}" got no answer in {MOST_ANSWERS} tries: {why}')
        else:
            self._ask(ask)

    def _end(self, ended: Ended) -> None:
        self._rest("Success", output=as_answer(ended.text) if ended.is_text else ended.text)
        self._tell(ended)
        self._tell(None)

    def _fail(self, error: WorkflowError) -> None:
        self._fail_with(error.code, f'Workflow node "{error.node}" failed: {error.msg}')

    def _fail_with(self, code: int, msg: str) -> None:
        self._rest("Fail", error_code=code, error_msg=msg)
        self._tell(Failed(code, msg))
        self._tell(None)

    def _rest(self, status: str, **changes: object) -> None:
        self.backend.runs.remove(WorkflowRunner, self.execution.id)
        self._save(status=status, usage=self._usage(str(changes.get("output", ""))), **changes)

    def _save(self, **changes: object) -> None:
        """The state is saved before anything tells it, so that whoever is told finds it so."""
        changed = {"updated_at": self.backend.now, **changes}
        self.execution = replace(self.execution, **changed)  # type: ignore[arg-type]  # the names are its own
        self.backend.state.save(self.execution)
        self.backend.notify()

    def _usage(self, output: str) -> dict[str, int]:
        """Tokens counted as four characters each, the same every time; each answer costs as much as the start."""
        read = len(to_json(to_jsonable_python(dict(self._arguments)))) * (1 + self.execution.resumes)
        written = len(output) + sum(len(str(said["text"])) for said in self.execution.nodes)
        counts = {"output_count": written // 4 + 1, "input_count": read // 4 + 1}
        return {"token_count": sum(counts.values()), **counts}

    def _tell(self, happening: Happening | None) -> None:
        self._happenings.put_nowait(happening)


def _ended(value: object) -> Ended:
    """Variables have names: what is no object is called `output`."""
    if isinstance(value, str):
        return Ended(value, is_text=True)
    plain = to_jsonable_python({} if value is None else value)
    return Ended(to_json(plain if isinstance(plain, dict) else {"output": plain}))
