"""Recalls: find slices of datasets for a question through a workflow or a bot; Coze has no search endpoint.

API pages: workflow_stream_run, chat_v3. How to build the workflow: docs/recall-workflow.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from coze_client.api.chats.chat_event import MESSAGE_COMPLETED, ChatEvent
from coze_client.api.chats.resource import Chats
from coze_client.api.chats.stream import ChatOpening, ChatStreamRun
from coze_client.api.chats.values import PublishStatus
from coze_client.api.conversations.values import Message
from coze_client.api.recall.helper_bot import (
    RecallBot,
    bot_to_ask,
    build_helper_bot,
    find_helper_bot,
    unbind_helper_bot,
)
from coze_client.api.recall.slices import OutputPath, deduplicate, is_recall, read_output, read_recall
from coze_client.api.recall.values import Recall, Slice
from coze_client.api.workflows.failures import WorkflowInterrupted
from coze_client.api.workflows.resource import RunMode, Workflows
from coze_client.api.workflows.result import WorkflowResult
from coze_client.core.concurrency import maybe_await
from coze_client.core.resource import ConcurrencyT, Resource, flow
from coze_client.core.session import Session
from coze_client.errors import CozeError

_EXECUTE_ID = re.compile(r"[?&]execute_id=(\w+)")

RecallUntil = Literal["recall", "answer"]


class Recalls(Resource[ConcurrencyT]):
    """``client.recall``: find slices of datasets; a workflow costs no model call, a bot may bill a full answer."""

    @flow
    async def from_workflow(
        self,
        workflow_id: str,
        query: str,
        *,
        query_parameter: str = "query",
        parameters: Mapping[str, object] | None = None,
        path: OutputPath | None = None,
        mode: RunMode = "stream",
        bot_id: str | None = None,
        app_id: str | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
    ) -> Recall:
        """Run a workflow whose end node returns the output of its knowledge node, and read the slices from it.

        `query` is passed as the parameter `query_parameter`, beside `parameters`. `path` leads to the list of slices
        in the output ("found.outputList"); without it, the nearest list that looks like slices is used. An end node
        that returns text results in one slice with the source "text". Workflows return no scores; the knowledge node
        sets the number of slices. If nothing is found, the recall is empty.

        `mode`: "stream", "sync" (at most 90 seconds) or "async". `bot_id` if the workflow uses a bot's database or
        variables, `app_id` if it belongs to an app; not both. `workflow_version`: default the latest. `connector_id`:
        the channel, default "1024" (API). Raises WorkflowFailed, StreamInterrupted if the connection breaks, NotFound
        (4200) for a workflow that is not published, WorkflowInterrupted if it asks a question. API page:
        workflow_stream_run.
        """
        workflows: Workflows[Any] = Workflows(self._session, self._concurrency)
        try:
            result: WorkflowResult = await maybe_await(
                workflows.execute(
                    workflow_id=workflow_id,
                    parameters={**(parameters or {}), query_parameter: query},
                    mode=mode,
                    bot_id=bot_id,
                    app_id=app_id,
                    workflow_version=workflow_version,
                    connector_id=connector_id,
                )
            )
        except WorkflowInterrupted as interrupted:
            interrupted.cure = "For recalls, use a workflow that asks no question: start, knowledge, end"
            raise
        match = _EXECUTE_ID.search(result.debug_url)
        return Recall(
            query,
            read_output(result.output, path),
            workflow_id=workflow_id,
            execute_id=result.execute_id or (match[1] if match else ""),
            debug_url=result.debug_url,
        )

    @flow
    async def from_bot(
        self,
        bot_id: str | RecallBot,
        query: str,
        *,
        until: RecallUntil = "recall",
        user_id: str = "recall",
        conversation_id: str | None = None,
        save_history: bool = False,
        publish_status: PublishStatus | None = None,
        bot_version: str | None = None,
        custom_variables: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | None = None,
        connector_id: str | None = None,
    ) -> Recall:
        """Start a chat with a bot and read the slices that it recalls. EVERY CALL MAY BILL A FULL ANSWER, even unread.

        `bot_id`: an id, or what ``setup`` returned, which is asked as the draft that it is.

        `until`: "recall" returns after the first message with slices. "answer" reads until the answer begins, which may
        be seconds later, for a bot that searches its datasets several times. A bot that recalls nothing is also read up
        to its answer; the recall is then empty. Then the stream is closed. With `save_history`, the chat is also
        cancelled, which frees the conversation; Coze bills it nevertheless.

        `user_id`: always the same for the same user, because Coze keeps one memory per user_id. `conversation_id`:
        default a new conversation. `custom_variables` fill the bot's prompt, `parameters` the start node of a chatflow.
        `publish_status="unpublished_draft"` runs the draft, `bot_version` an older version; `connector_id`: the
        channel, default "1024" (API). Raises ChatFailed if the bot fails before it recalls anything, StreamInterrupted
        if the connection breaks, ConversationBusy (4016), NotFound for an unknown bot or conversation, InvalidRequest
        for an unpublished bot without `publish_status`. API page: chat_v3.
        """
        bot_id, publish_status = bot_to_ask(bot_id, publish_status)
        events = Chats.stream(
            bot_id=bot_id,
            user_id=user_id,
            additional_messages=[Message.user(query)],
            conversation_id=conversation_id,
            auto_save_history=save_history,
            publish_status=publish_status,
            bot_version=bot_version,
            custom_variables=custom_variables,
            parameters=parameters,
            connector_id=connector_id,
        )
        opening = ChatOpening(events.request, conversation_id, save_history, cancel_on_close=True)
        stream_run = _RecallStreamRun(self._session, opening, until)
        await stream_run.collect(stream_run.read_slices)
        return Recall(
            query,
            deduplicate(stream_run.slices),
            bot_id=bot_id,
            chat_id=stream_run.reading.chat_id or "",
            conversation_id=stream_run.reading.conversation_id or "",
            logid=stream_run.logid,
        )

    @flow
    async def setup(
        self, dataset_id: str, workspace_id: str, *, name: str | None = None, dry_run: bool = False
    ) -> RecallBot:
        """Create the helper bot of one dataset for ``from_bot``; later calls find the bot by its name.

        With `dry_run`, nothing is created, and ``todo`` lists the steps. The bot stays a draft and answers with one
        word, so its answers cost little. `name`: at most 20 characters, default "recall " and the end of the dataset's
        id. Two concurrent first calls may create two bots; both work, and later calls find one of them.
        Raises ConfigurationError if another bot has that name. API pages: create_bot, update_bot,
        bots_list_draft_published.
        """
        helper = await find_helper_bot(self._session, dataset_id, workspace_id, name)
        return helper if dry_run else await build_helper_bot(self._session, helper)

    @flow
    async def teardown(self, bot_id: str | RecallBot) -> RecallBot:
        """Unbind the dataset of a bot that ``setup`` created; ``todo`` names the bot to delete by hand in Coze.

        Raises ConfigurationError for any other bot, which stays unchanged. API page: update_bot.
        """
        return await unbind_helper_bot(self._session, bot_to_ask(bot_id, None)[0])


class _RecallStreamRun(ChatStreamRun):
    """A chat stream that is read only until the recall is known."""

    def __init__(self, session: Session, opening: ChatOpening, until: RecallUntil) -> None:
        super().__init__(session, opening)
        self.slices: list[Slice] = []
        self._until = until
        self._finished = False

    def read_slices(self, event: ChatEvent) -> None:
        """Collect the slices of a message, and end the stream when no more are needed."""
        message = event.message
        if self._finished or message is None:
            return
        if event.type == MESSAGE_COMPLETED and is_recall(message):
            self.slices += read_recall(message)
            self._finished = self._until == "recall" and bool(self.slices)
        else:
            self._finished = message.type == "answer"
        self.reading.over = self.reading.over or self._finished

    async def recover(self, failure: CozeError | None) -> Sequence[ChatEvent]:
        return () if self._finished else await super().recover(failure)

    def raise_failure(self) -> None:
        if not (self._finished or self.slices):
            super().raise_failure()
