"""Chatflows: workflows that hold a dialogue, told as chat events. A question is answered by the next message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from coze_client.emulator.engine.chat_engine import FIRST_CHAT_ID
from coze_client.emulator.engine.chatflow_wire import chat_spelling_of
from coze_client.emulator.engine.context import read_turn, remembered
from coze_client.emulator.engine.incoming_messages import (
    FIRST_MESSAGE_ID,
    IncomingMessage,
    read_incoming,
    save_incoming,
)
from coze_client.emulator.engine.workflow_engine import Asked, Ended, Failed, Happening, NodeMessage, WorkflowRunner
from coze_client.emulator.engine.workflow_wire import form_fields
from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.protocol.reply import EventReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.routes.bot_drafts import find_bot
from coze_client.emulator.routes.conversations import begin, conversation_of
from coze_client.emulator.routes.endpoint import Endpoint
from coze_client.emulator.routes.workflow_runs import (
    SPACED,
    arguments_of,
    new_execution,
    published_workflow,
    read_parameters,
)
from coze_client.emulator.scripting.bot import ScriptedBot
from coze_client.emulator.scripts import Turn
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.executions import CHATFLOW
from coze_client.emulator.state.records import StoredChat, StoredConversation, StoredMessage
from coze_client.emulator.workflows import FORM, Ask, Output, Workflow

MOST_MESSAGES = 50
UNKNOWN_NAME = 720702204


async def chat(backend: Backend, request: IncomingRequest) -> Reply:
    workflow = published_workflow(backend, request)
    bot = _bot(backend, request, workflow)
    entered = _entered(backend, request)
    conversation = _conversation(backend, request, bot.id)
    if conversation is None:
        return EventReply(_unknown_name(), SPACED)
    waiting = backend.runs.get(WorkflowRunner, _waiting_key(conversation.id, workflow))
    arguments = {} if waiting else arguments_of(backend, request, workflow)
    turn = read_turn(backend, bot, remembered(backend, conversation), entered, {})
    for message in entered:
        save_incoming(backend, conversation, message)
    if waiting is not None:
        backend.runs.remove(WorkflowRunner, _waiting_key(conversation.id, workflow))
        waiting.resume(turn.question)
    performance = waiting or _begun(backend, request, workflow, {**arguments, **_question(workflow, turn)})
    return EventReply(_Telling(backend, request.account, conversation, performance).events(), SPACED)


def _waiting_key(conversation_id: str, workflow: Workflow) -> str:
    """The key of a run whose question the next message of the conversation answers."""
    return f"{conversation_id} {workflow.id}"


def _bot(backend: Backend, request: IncomingRequest, workflow: Workflow) -> ScriptedBot:
    """The bot that the chatflow runs in, or one without id for an app; 4000 unless exactly one of the two is named."""
    body = request.body
    if not workflow.chatflow:
        raise Refusal(4000, f"workflow {workflow.id} is no chatflow")
    bot_id = body.optional("bot_id")
    if bot_id:
        bot = find_bot(backend, bot_id)
        if bot is None:
            raise Refusal(4006)
        return bot
    body.text("app_id")
    return ScriptedBot("", workflow.title, lambda _turn: ())


def _entered(backend: Backend, request: IncomingRequest) -> list[IncomingMessage]:
    items = request.body.objects("additional_messages")
    if not 1 <= len(items) <= MOST_MESSAGES:
        raise Refusal(4000, f"additional_messages has 1 to {MOST_MESSAGES} messages")
    if backend.dialect.strict_messages and any(item.optional("content_type") != "text" for item in items):
        raise Refusal(4000, "a chatflow takes messages of content_type text only")
    return read_incoming(backend, request.account, items, saved=False)


def _conversation(backend: Backend, request: IncomingRequest, bot_id: str) -> StoredConversation | None:
    """The one that the body names by id, or parameters by name, or a new one; None if nobody knows the name."""
    known = request.body.optional("conversation_id")
    if known:
        return conversation_of(backend, request, known)
    name = read_parameters(request.body).get("CONVERSATION_NAME")
    if not name and not backend.dialect.nameless_chatflows:
        raise Refusal(4000, "parameters needs CONVERSATION_NAME where there is no conversation_id")
    if not name or bot_id:
        return begin(backend, request.caller, bot_id)
    named = (each for each in backend.state.owned(StoredConversation, request.account) if each.name == name)
    return next(named, None)


async def _unknown_name() -> AsyncIterator[Event]:
    yield Event("conversation.chat.failed", {"code": str(UNKNOWN_NAME), "msg": "the conversation name is unknown"})


def _question(workflow: Workflow, turn: Turn) -> dict[str, object]:
    signature = workflow.signature
    return {signature.question: turn if signature.whole_turn else turn.question} if signature.question else {}


def _begun(
    backend: Backend, request: IncomingRequest, workflow: Workflow, arguments: dict[str, object]
) -> WorkflowRunner:
    performance = WorkflowRunner(backend, workflow, new_execution(backend, request, workflow, CHATFLOW), arguments)
    performance.start()
    return performance


class _Telling:
    """One turn of a chatflow's dialogue, from the question to the answer or to a question back."""

    def __init__(
        self, backend: Backend, account: str, conversation: StoredConversation, performance: WorkflowRunner
    ) -> None:
        self.backend = backend
        self.spelling = chat_spelling_of(backend)
        self.performance = performance
        self.chat = StoredChat(
            backend.state.new_id(StoredChat, FIRST_CHAT_ID),
            conversation.id,
            account,
            "",
            conversation.section_id,
            "created",
            backend.now,
        )
        self._silent = True

    async def events(self) -> AsyncIterator[Event]:
        number = 1
        async for event in self._events():
            yield self.spelling.numbered(event, number)
            number += 1

    async def _events(self) -> AsyncIterator[Event]:
        for status in ("created", "in_progress"):
            self.chat = replace(self.chat, status=status)
            yield Event(f"conversation.chat.{status}", self.spelling.chat(self.chat, self.performance.execution))
        async for happening in self.performance.happenings():
            for event in self._told(happening):
                yield event
                await asyncio.sleep(self.backend.settings.pace)

    def _told(self, happening: Happening) -> Iterator[Event]:
        execution = self.performance.execution
        done = Event("done", {"debug_url": execution.debug_url})
        match happening:
            case NodeMessage(node):
                yield from self._answer(node)
            case Asked(ask):
                self._wait()
                yield from self._answer(_asking(ask))
                self.chat = replace(self.chat, status="requires_action")
                yield from self.spelling.interrupted(self.chat, execution, self._verbose())
                yield done
            case Ended(text, is_text):
                if is_text:
                    yield from self._answer(Output("", text))
                usage, now = execution.usage, self.backend.now
                self.chat = replace(self.chat, status="completed", usage=usage, ended_at=now)
                yield from self.spelling.ended(self.chat, execution, self._verbose(), silent=self._silent)
                yield done
            case Failed(code, msg):
                yield self.spelling.failed(code, msg, execution)

    def _wait(self) -> None:
        key = _waiting_key(self.chat.conversation_id, self.performance.workflow)
        self.backend.runs.add(key, self.performance)

    def _answer(self, node: Output) -> Iterator[Event]:
        self._silent = False
        message = self._message("answer")
        for piece in node.chunks:
            yield Event("conversation.message.delta", self.spelling.message(message.delta(piece)))
        message = replace(message, content=node.text)
        self.backend.state.save(message)
        told = message.wire(self.backend.dialect)
        yield Event("conversation.message.completed", self.spelling.message(told))

    def _verbose(self) -> Iterator[StoredMessage]:
        while True:
            yield self._message("verbose")

    def _message(self, kind: str) -> StoredMessage:
        return self.chat.message(self.backend.state.new_id(StoredMessage, FIRST_MESSAGE_ID), kind, self.backend.now)


def _asking(ask: Ask) -> Output:
    """A question as an answer: with its options below it, or the fields of a form as JSON."""
    if ask.type == FORM:
        return Output(ask.title, to_json(form_fields(ask.parameters)))
    return Output(ask.title, "\n".join((ask.question, *ask.options)))


ENDPOINTS = (Endpoint("POST", "/v1/workflows/chat", ("run",), chat),)
