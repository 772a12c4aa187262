"""Routes of chatflows: a workflow run as chat events; the next message answers an open question."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

from coze_client.emulator.engine.chat_context import read_turn, saved_context
from coze_client.emulator.engine.chat_run import FIRST_CHAT_ID
from coze_client.emulator.engine.chatflow_format import chatflow_format_of
from coze_client.emulator.engine.incoming_messages import (
    FIRST_MESSAGE_ID,
    IncomingMessage,
    read_incoming,
    save_incoming,
)
from coze_client.emulator.engine.workflow_events import NodeOutput, QuestionAsked, RunEnded, RunEvent, RunFailed
from coze_client.emulator.engine.workflow_format import form_fields
from coze_client.emulator.engine.workflow_run import WorkflowRun
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.protocol.reply import EventReply, Reply
from coze_client.emulator.protocol.request import IncomingRequest
from coze_client.emulator.protocol.stream import Event, to_json
from coze_client.emulator.protocol.studio_refusals import unpublished
from coze_client.emulator.routes.bot_lookup import find_bot
from coze_client.emulator.routes.conversations import conversation_named, conversation_of, new_conversation
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
from coze_client.emulator.state.chat_records import StoredChat, StoredConversation, StoredMessage
from coze_client.emulator.state.execution_records import CHATFLOW
from coze_client.emulator.workflows import FORM, Ask, Output, Workflow

MOST_MESSAGES = 50
UNKNOWN_NAME = 720702204


async def chat(backend: Backend, request: IncomingRequest) -> Reply:
    workflow = published_workflow(backend, request)
    bot = _bot(backend, request, workflow)
    incoming = _incoming(backend, request)
    if incoming[-1].role != "user":
        raise ApiError(4000, "the last message must have role user")
    conversation = _conversation(backend, request, bot.id)
    if conversation is None:
        return EventReply(_unknown_name(), SPACED)
    waiting = backend.runs.get(WorkflowRun, _waiting_key(conversation.id, workflow))
    arguments = {} if waiting else arguments_of(backend, request, workflow)
    turn = read_turn(backend, bot, saved_context(backend, conversation), incoming, {})
    for message in incoming:
        save_incoming(backend, conversation, message)
    if waiting is not None:
        backend.runs.remove(WorkflowRun, _waiting_key(conversation.id, workflow))
        waiting.resume(turn.question)
    run = waiting or _start(backend, request, workflow, {**arguments, **_question(workflow, turn)})
    owner_id = (bot.id or request.body.text("app_id")) if backend.dialect.app_conversations else ""
    return EventReply(_ChatflowReply(backend, request.account, conversation, run, owner_id).events(), SPACED)


def _waiting_key(conversation_id: str, workflow: Workflow) -> str:
    """The key of a run whose question the next message of the conversation answers."""
    return f"{conversation_id} {workflow.id}"


def _bot(backend: Backend, request: IncomingRequest, workflow: Workflow) -> ScriptedBot:
    """Return the bot of the chatflow, or for an app a bot without id; 4000 if the request names neither."""
    body = request.body
    if not workflow.chatflow:
        raise ApiError(4000, f"workflow {workflow.id} is not a chatflow")
    bot_id = body.optional("bot_id")
    if bot_id:
        bot = find_bot(backend, bot_id)
        if bot is None:
            raise ApiError(4006, studio=unpublished(bot_id))
        return bot
    body.text("app_id")
    return ScriptedBot("", workflow.title, lambda _turn: ())


def _incoming(backend: Backend, request: IncomingRequest) -> list[IncomingMessage]:
    items = request.body.objects("additional_messages")
    if not 1 <= len(items) <= MOST_MESSAGES:
        raise ApiError(4000, f"additional_messages must have 1 to {MOST_MESSAGES} messages")
    if backend.dialect.strict_messages and any(item.optional("content_type") != "text" for item in items):
        raise ApiError(4000, "a chatflow takes messages of content_type text only")
    return read_incoming(backend, request.account, items, saved=False)


def _conversation(backend: Backend, request: IncomingRequest, bot_id: str) -> StoredConversation | None:
    """Find the conversation by the id in the body or the name in parameters, or create one; None for unknown names."""
    conversation_id, app_id = request.body.optional("conversation_id"), request.body.optional("app_id") or ""
    if conversation_id and backend.dialect.app_conversations:
        return _app_conversation(backend, conversation_id, bot_id, app_id)
    if conversation_id:
        return conversation_of(backend, request, conversation_id)
    name = read_parameters(request.body).get("CONVERSATION_NAME")
    if not name and not backend.dialect.conversation_name_optional:
        raise ApiError(4000, "parameters needs CONVERSATION_NAME where there is no conversation_id")
    if backend.dialect.app_conversations:
        owner_id, name = bot_id or app_id, str(name)
        found = conversation_named(backend, request, name, owner_id)
        return found or new_conversation(backend, request.caller, "", name, app_id=owner_id)
    if not name or bot_id:
        return new_conversation(backend, request.caller, bot_id)
    return conversation_named(backend, request, name, app_id)


def _app_conversation(backend: Backend, conversation_id: str, bot_id: str, app_id: str) -> StoredConversation:
    """Return any conversation for a bot, also another account's; for an app, 4000 unless it was created for it."""
    conversation = backend.state.get(StoredConversation, conversation_id)
    if conversation is None or (not bot_id and conversation.app_id != app_id):
        raise ApiError(4000, "conversation not found")
    return conversation


async def _unknown_name() -> AsyncIterator[Event]:
    yield Event("conversation.chat.failed", {"code": str(UNKNOWN_NAME), "msg": "the conversation name is unknown"})


def _question(workflow: Workflow, turn: Turn) -> dict[str, object]:
    signature = workflow.signature
    return {signature.question: turn if signature.whole_turn else turn.question} if signature.question else {}


def _start(backend: Backend, request: IncomingRequest, workflow: Workflow, arguments: dict[str, object]) -> WorkflowRun:
    run = WorkflowRun(backend, workflow, new_execution(backend, request, workflow, CHATFLOW), arguments)
    run.start()
    return run


class _ChatflowReply:
    """The events of one reply of a chatflow, up to its answer or its next question."""

    def __init__(
        self, backend: Backend, account: str, conversation: StoredConversation, run: WorkflowRun, owner_id: str
    ) -> None:
        self.backend = backend
        self.format = chatflow_format_of(backend)
        self.run = run
        self.run_events = run.events()
        self.chat = StoredChat(
            backend.state.new_id(StoredChat, FIRST_CHAT_ID),
            conversation.id,
            account,
            owner_id,
            conversation.section_id,
            "created",
            backend.now,
        )
        self._silent = True

    async def events(self) -> AsyncIterator[Event]:
        number = 1
        async for event in self._events():
            yield self.format.numbered(event, number)
            number += 1

    async def _events(self) -> AsyncIterator[Event]:
        for status in ("created", "in_progress"):
            self.chat = replace(self.chat, status=status)
            yield Event(f"conversation.chat.{status}", self.format.chat(self.chat, self.run.execution))
        async for run_event in self.run_events:
            for event in self._convert(run_event):
                yield event
                await asyncio.sleep(self.backend.settings.pace)

    def _convert(self, run_event: RunEvent) -> Iterator[Event]:
        execution = self.run.execution
        done = Event("done", {"debug_url": execution.debug_url})
        match run_event:
            case NodeOutput(node):
                yield from self._answer(node)
            case QuestionAsked(ask):
                self._wait()
                yield from self._answer(_question_as_output(ask))
                self.chat = replace(self.chat, status="requires_action")
                yield from self.format.interrupted(self.chat, execution, self._verbose())
                yield done
            case RunEnded(text, is_text):
                if is_text:
                    yield from self._answer(Output("", text))
                usage, now = execution.usage, self.backend.now
                self.chat = replace(self.chat, status="completed", usage=usage, ended_at=now)
                yield from self.format.ended(self.chat, execution, self._verbose(), silent=self._silent)
                yield done
            case RunFailed(code, msg):
                yield self.format.failed(code, msg, execution)

    def _wait(self) -> None:
        key = _waiting_key(self.chat.conversation_id, self.run.workflow)
        self.backend.runs.add(key, self.run)

    def _answer(self, node: Output) -> Iterator[Event]:
        self._silent = False
        message = self._message("answer")
        for piece in node.chunks:
            yield Event("conversation.message.delta", self.format.message(message.delta(self.backend.dialect, piece)))
        message = replace(message, content=node.text, stored_at=self.backend.next_millisecond())
        self.backend.state.save(message)
        described = message.describe(self.backend.dialect)
        yield Event("conversation.message.completed", self.format.message(described))

    def _verbose(self) -> Iterator[StoredMessage]:
        while True:
            yield self._message("verbose")

    def _message(self, kind: str) -> StoredMessage:
        return self.chat.message(self.backend.state.new_id(StoredMessage, FIRST_MESSAGE_ID), kind, self.backend.now)


def _question_as_output(ask: Ask) -> Output:
    """Convert a question to an answer: the options follow as lines, the fields of a form are JSON."""
    if ask.type == FORM:
        return Output(ask.title, to_json(form_fields(ask.parameters)))
    return Output(ask.title, "\n".join((ask.question, *ask.options)))


ENDPOINTS = (Endpoint("POST", "/v1/workflows/chat", ("run",), chat),)
