"""The responses and steps of an answer, made from parts: every count by name, and what only looks empty."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from llama_index.core import PromptTemplate
from llama_index.core.agent.workflow import ToolCall as AgentToolCall
from llama_index.core.base.llms.types import CitationBlock, TextBlock, ThinkingBlock, ToolCallBlock
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index_instrumentation import get_dispatcher
from pydantic import BaseModel, PrivateAttr
from workflows.runtime.types.results import Returns, StepWorkerContext, StepWorkerState, StepWorkerStateContextVar

from coze_client import Usage
from coze_client.api.chats.chat_event import MESSAGE_DELTA, ChatEvent
from coze_client.api.chats.values import Chat, FunctionCall, ToolCall
from coze_client.api.recall.values import Slice
from coze_client.api.workflows.result import WorkflowResult
from coze_client.bridge.chat.answer_builder import AnswerBuilder
from coze_client.bridge.chat.dialogue import DialogueMessage
from coze_client.bridge.chat.planned_chat import plan_chat
from coze_client.bridge.tools.tool_outcome import ToolOutcome
from coze_client.errors import ConnectionFailed
from llama_index_coze.interrupts import StepStore
from llama_index_coze.responses import (
    ChatResponseBuilder,
    convert_to_call_block,
    convert_to_citation,
    convert_to_counts,
    convert_to_usage,
)
from tests.support.llama_index_calls import Make, chat_body

USAGE = Usage(token_count=9, input_count=7, output_count=2)


def test_every_count_stands_under_its_name() -> None:
    assert convert_to_counts(USAGE) == {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    llama_index = {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9}
    assert convert_to_usage(USAGE) == {"token_count": 9, "input_count": 7, "output_count": 2, **llama_index}
    assert convert_to_counts(Usage(output_count=0)) == {"completion_tokens": 0}


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ('{"city": "Chur"}', {"city": "Chur"}),
        ("", {}),
        ("{}", {}),
        ('{"city": "Ch', '{"city": "Ch'),
        ("[1]", "[1]"),
        ("null", "null"),
    ],
)
def test_arguments_that_are_no_object_stay_text(text: str, arguments: Any) -> None:
    call = ToolCall(id="c1", type="function", function=FunctionCall(name="look", arguments=text))
    assert convert_to_call_block(call) == ToolCallBlock(tool_call_id="c1", tool_name="look", tool_kwargs=arguments)


@pytest.mark.parametrize(
    ("slice_", "source", "title"),
    [
        (Slice("a", document_id="7", document_name="Towns"), "7", "Towns"),
        (Slice("a", document_id="7", document_name="Towns", title="Chur", url="https://c"), "https://c", "Chur"),
    ],
)
def test_a_citation_names_the_nearest_title_and_source(slice_: Slice, source: str, title: str) -> None:
    citation = convert_to_citation(slice_)
    assert isinstance(citation, CitationBlock)
    assert (citation.source, citation.title) == (source, title)


def builder() -> ChatResponseBuilder:
    plan = plan_chat([DialogueMessage("user", "Hi")], {"bot_id": "1", "user_id": "u"})
    return ChatResponseBuilder(AnswerBuilder(plan))


def ended(**chat: Any) -> Any:
    """A stream after its last event."""
    found = Chat.model_validate({"id": "7", "conversation_id": "8", "status": "completed", **chat})
    return SimpleNamespace(chat=found, chat_id="7", conversation_id="8", logid="log1")


ACTION = {"submit_tool_outputs": {"tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look"}}]}}


def test_an_empty_answer_is_an_empty_text_unless_it_calls_a_tool() -> None:
    assert builder().final(ended()).message.blocks == [TextBlock(text="")]
    waiting = builder().final(ended(status="requires_action", required_action=ACTION))
    assert [type(block) for block in waiting.message.blocks] == [ToolCallBlock]


def test_thoughts_stand_before_the_text_in_every_response() -> None:
    made = builder()
    pieces = [
        made.add(ChatEvent(MESSAGE_DELTA, b"", None, None, text, thought)) for text, thought in (("", "Hm"), ("A", ""))
    ]
    responses = [made.partial(piece) for piece in pieces if piece] + [made.final(ended())]
    order = [[type(block) for block in response.message.blocks] for response in responses]
    assert order == [[ThinkingBlock, TextBlock]] * 3


class Listener(BaseEventHandler):
    """Collects the events of structured predictions."""

    _events: list[Any] = PrivateAttr(default_factory=list)

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if event.class_name().startswith("LLMStructured"):
            self._events.append(event)


class Town(BaseModel):
    name: str


def test_a_structured_prediction_tells_its_begin_and_end_and_keeps_the_system_prompt(llm: Make, emulator: Any) -> None:
    dispatcher, listener = get_dispatcher(), Listener()
    dispatcher.add_event_handler(listener)
    try:
        town = llm("assistant", system_prompt="Be brief.").structured_predict(
            Town, PromptTemplate("'{town}'"), town="Chur"
        )
    finally:
        dispatcher.event_handlers.remove(listener)
    begin, end = listener._events
    assert (begin.output_cls, begin.template_args, end.output) == (Town, {"town": "Chur"}, town)
    assert "Be brief." in chat_body(emulator)["additional_messages"][0]["content"]


class StoredContext:
    """The part of a run's context in which steps are stored."""

    def __init__(self) -> None:
        self.store, self._stored = self, dict[str, Any]()

    async def get(self, path: str, default: Any) -> Any:
        return self._stored.get(path, default)

    async def set(self, path: str, value: Any) -> None:
        self._stored[path] = value


async def done() -> ToolOutcome:
    return ToolOutcome(WorkflowResult(output="done", text="done"))


async def refused() -> ToolOutcome:
    raise ConnectionFailed("refused", sent=False)


@contextmanager
def execution_of_a_step() -> Iterator[None]:
    """One execution of an agent's step that calls a tool, as LlamaIndex's runtime announces it."""
    call = AgentToolCall(tool_name="book", tool_kwargs={}, tool_id="call-1")
    state = StepWorkerState("call_tool", {}, [])
    step = StepWorkerContext(event=call, state=state, returns=Returns([]))
    token = StepWorkerStateContextVar.set(step)
    try:
        yield
    finally:
        StepWorkerStateContextVar.reset(token)


async def test_a_step_that_began_nothing_may_begin_again() -> None:
    context: Any = StoredContext()
    with execution_of_a_step(), pytest.raises(ConnectionFailed):
        await StepStore(context, "book", {}).run_once(refused)
    with execution_of_a_step():
        again = StepStore(context, "book", {})
        outcome = await again.run_once(done)
    assert (outcome.failure, len(await again._load())) == ("", 1)


async def test_a_step_that_may_have_begun_something_does_not_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    context: Any = StoredContext()

    async def stopped() -> ToolOutcome:
        raise KeyboardInterrupt

    with execution_of_a_step(), pytest.raises(KeyboardInterrupt):
        await StepStore(context, "book", {}).run_once(stopped)
    monkeypatch.setattr("llama_index_coze.interrupts._started", WeakKeyDictionary())  # another process goes on
    with execution_of_a_step():
        outcome = await StepStore(context, "book", {}).run_once(done)
    assert "not started again" in outcome.failure
