"""Build the answer of a chat from its stream of events, the same for every framework."""

from __future__ import annotations

from collections.abc import Sequence

from coze_client.api.chats.chat_event import MESSAGE_DELTA, ChatEvent
from coze_client.api.chats.stream import AsyncChatStream, ChatStream
from coze_client.api.chats.values import Chat, ToolCall, Usage
from coze_client.api.conversations.values import Message
from coze_client.bridge.bot_names import find_bot_id
from coze_client.bridge.chat.answer_parts import Part, PartCollector
from coze_client.bridge.chat.chatflow import ChatflowQuestion
from coze_client.bridge.chat.client_calls import check_chatflow, plugin_calls
from coze_client.bridge.chat.declared_plugins import warn_without_plugins
from coze_client.bridge.chat.drafts import attach
from coze_client.bridge.chat.next_step import SubmitOutputs, UserQuestion
from coze_client.bridge.chat.planned_chat import PlanForName, PlannedChat
from coze_client.bridge.chat.stop_sequences import StopFilter
from coze_client.bridge.chat.submissions import Submission, check_no_longer_waits, note_finished, note_sent
from coze_client.bridge.chat.unanswered import leave_out_asked
from coze_client.client import AsyncCozeClient, CozeClient
from coze_client.core.concurrency import Blocking
from coze_client.core.session import Session
from coze_client.core.stream import Events
from coze_client.errors import ConfigurationError, CozeError

AnswerDelta = tuple[str, str, Sequence[Part]]
"""What one event adds: text, reasoning, and other parts. A plain tuple, because there are so many."""

ReadStream = ChatStream | AsyncChatStream
"""A stream after its last event, or after a stop sequence."""


class AnswerBuilder:
    """Builds one answer: ``open`` the stream, ``feed`` every event, then ``finish``.

    ``stopped`` becomes true at a stop sequence: the rest of the stream is not needed. ``metadata``, ``usage`` and
    ``tool_calls`` are complete after ``finish``.
    """

    plan: PlannedChat
    """What is sent; with a bot's name instead of its id, it is known once the stream is open."""

    def __init__(self, plan: PlannedChat | PlanForName) -> None:
        self._plan_for_name: PlanForName | None = None
        self._stop_filter: StopFilter | None = None
        if isinstance(plan, PlannedChat):
            self._take(plan)
        else:
            self._plan_for_name = plan
        self.stopped = False
        self.chat: Chat | None = None
        self._parts = PartCollector()
        self._origin: dict[str, object] = {}
        self._submission: Submission | None = None
        self._has_question = False  # only a verbose message reports that a chatflow on coze.com waits for a reply

    def _take(self, plan: PlannedChat) -> None:
        self.plan = plan
        self._stop_filter = StopFilter(plan.stop) if plan.stop else None

    def open(self, client: CozeClient) -> ChatStream:
        """The stream of the answer; before, a bot's name is looked up, and attachments of the question are uploaded.

        If the chat no longer waits for tool outputs, a new chat gets them as text, see ``check_no_longer_waits``.
        """
        session = client._session
        stream = self._events(Blocking.run(self._messages(session))).blocking(session)
        step = self.plan.step
        if not isinstance(step, SubmitOutputs):
            return stream
        submission = note_sent(session, step)
        try:
            stream.__enter__()
        except CozeError as refusal:
            Blocking.run(self._plan_in_words(session, submission, refusal))
            return self.open(client)
        self._submission = submission
        return stream

    async def aopen(self, client: AsyncCozeClient) -> AsyncChatStream:
        """As ``open``, on asyncio."""
        session = client._session
        stream = self._events(await self._messages(session)).asyncio(session)
        step = self.plan.step
        if not isinstance(step, SubmitOutputs):
            return stream
        submission = note_sent(session, step)
        try:
            await stream.__aenter__()
        except CozeError as refusal:
            await self._plan_in_words(session, submission, refusal)
            return await self.aopen(client)
        self._submission = submission
        return stream

    async def _plan_in_words(self, session: Session, submission: Submission, refusal: CozeError) -> None:
        await check_no_longer_waits(session, submission, refusal)
        self.plan = self.plan.in_words()

    async def _messages(self, session: Session) -> list[Message]:
        if (later := self._plan_for_name) is not None:
            self._take(later.plan(await find_bot_id(session, later.bot)))
            self._plan_for_name = None
        step, options, tools = self.plan.step, self.plan.options, self.plan.tools
        if tools and self.plan.check_plugins and isinstance(step, UserQuestion):
            draft = options.get("publish_status") == "unpublished_draft"
            await warn_without_plugins(session, options["bot_id"], tools, draft=draft)
        new = await leave_out_asked(session, step.conversation_id, step.drafts, step.known_chat_id)
        return await attach(session, new)

    def _events(self, messages: Sequence[Message]) -> Events[ChatStream, AsyncChatStream]:
        return self.plan.step.events(messages, self.plan.options)

    def feed(self, event: ChatEvent) -> AnswerDelta:
        """What the event adds, often nothing."""
        text = event.delta
        if text and self._stop_filter is not None:
            text = self._stop_filter.feed(text)
            self.stopped = self._stop_filter.reached
        if event.type == MESSAGE_DELTA:
            return text, event.reasoning, ()
        if event.chat is not None and isinstance(self.plan.step, ChatflowQuestion):
            check_chatflow(event.chat)
        if event.message is not None and event.message.verbose_type == "interrupt":
            self._has_question = True
        return text, event.reasoning, tuple(self._parts.feed(event))

    def finish(self, stream: ReadStream) -> AnswerDelta:
        """What was held back; call it when `stream` has ended or the answer is ``stopped``."""
        self.chat = stream.chat
        note_finished(self._submission)
        self._origin = {
            "chat_id": stream.chat_id or "",
            "conversation_id": stream.conversation_id or "",
            "logid": stream.logid or "",
        }
        return self._stop_filter.finish() if self._stop_filter else "", "", tuple(self._parts.rest(stream.chat))

    @property
    def metadata(self) -> dict[str, object]:
        """The origin of the answer, which ``Origin.read`` reads; its log id, bot and follow-up questions."""
        status = "requires_action" if self._has_question else self.chat.status if self.chat else ""
        speaker = self.plan.speaker
        known = {"workflow_id": speaker.workflow_id, "user_id": speaker.user_id}
        return {
            **self._origin,
            "bot_id": self.plan.options["bot_id"],
            **{name: value for name, value in known.items() if value},
            "status": "canceled" if self.stopped else status or "completed",
            "message_ids": self._parts.message_ids,
            "saved": self.plan.options.get("auto_save_history", True),
            "follow_ups": self._parts.follow_ups,
        }

    @property
    def usage(self) -> Usage | None:
        """Token counts; ``None`` if Coze sent none."""
        usage = self.chat.usage if self.chat else None
        return usage if usage and usage.known else None

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls of client plugins that the chat waits for; a workflow's question to the user is not one.

        Raises ConfigurationError if the bot called a tool that was not offered.
        """
        calls = plugin_calls(self.chat) if self.chat else []
        names, offered = [call.function.name for call in calls if call.function], self.plan.tools
        if offered is not None and (unknown := [name for name in names if name not in offered]):
            raise ConfigurationError(
                f"The bot called {', '.join(unknown)}, but the given tools are {', '.join(sorted(offered)) or 'none'}",
                cure="Coze calls only client plugins declared on the bot: give your tools the names of these plugins",
            )
        return calls
