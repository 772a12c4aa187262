"""Recalls: what datasets hold about a question, by way of a workflow or a bot, since Coze has no search endpoint.

API pages: workflow_stream_run, chat v3. How to build the workflow: docs/recall-workflow.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from coze_client.api.chats.events import MESSAGE_COMPLETED, ChatEvent
from coze_client.api.chats.resource import Chats
from coze_client.api.chats.stream import ChatOpening, ChatStreamRun
from coze_client.api.chats.values import PublishStatus
from coze_client.api.conversations.values import Message
from coze_client.api.recall.helper_bot import RecallBot, build_helper_bot, find_helper_bot, unbind_helper_bot
from coze_client.api.recall.slices import OutputPath, deduplicate, is_recall, read_output, read_recall
from coze_client.api.recall.values import Recall, Slice
from coze_client.api.workflows.failures import WorkflowInterrupted
from coze_client.api.workflows.resource import Mode, Workflows
from coze_client.api.workflows.stream import WorkflowResult
from coze_client.core.concurrency import maybe_await
from coze_client.core.resource import ConcurrencyT, Resource, flow
from coze_client.core.session import Session
from coze_client.errors import CozeError

_EXECUTE_ID = re.compile(r"[?&]execute_id=(\w+)")

Until = Literal["recall", "answer"]


class Recalls(Resource[ConcurrencyT]):
    """Slices of datasets for a question; by a workflow no model is paid, by a bot a whole answer may be."""

    @flow
    async def from_workflow(
        self,
        workflow_id: str,
        query: str,
        *,
        query_parameter: str = "query",
        parameters: Mapping[str, object] | None = None,
        path: OutputPath | None = None,
        mode: Mode = "stream",
        bot_id: str | None = None,
        app_id: str | None = None,
        workflow_version: str | None = None,
        connector_id: str | None = None,
    ) -> Recall:
        """Run a workflow whose end node returns what its knowledge node found, and read the slices out of that.

        `query` goes in as the parameter `query_parameter`, beside `parameters`. `path` leads to the list in the output
        ("found.outputList"); without it the nearest list that looks like slices is taken, whatever its name. An end
        node that answers with text gives one slice of source "text". Workflows tell no scores, and how many slices
        they find is set in the node. Nothing recalled is an empty recall. Other arguments, and what is raised, as in
        ``workflows.execute``; WorkflowInterrupted: a workflow that asks somebody is no use here.
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
        except WorkflowInterrupted as asked:
            asked.cure = "For recalls, take a workflow that asks nothing: start, knowledge, end"
            raise
        told = _EXECUTE_ID.search(result.debug_url)
        return Recall(
            query,
            read_output(result.output, path),
            workflow_id=workflow_id,
            execute_id=result.execute_id or (told[1] if told else ""),
            debug_url=result.debug_url,
        )

    @flow
    async def from_bot(
        self,
        bot_id: str,
        query: str,
        *,
        until: Until = "recall",
        user_id: str = "recall",
        conversation_id: str | None = None,
        save_history: bool = False,
        publish_status: PublishStatus | None = None,
        bot_version: str | None = None,
        custom_variables: Mapping[str, str] | None = None,
        parameters: Mapping[str, object] | None = None,
        connector_id: str | None = None,
    ) -> Recall:
        """Ask a bot and read what it recalled, before it answers. EVERY CALL MAY BILL A FULL ANSWER, unread as it is.

        It returns with the first message that tells of slices. A bot that looks into its datasets several times for a
        question is read `until` its "answer" begins, which may be seconds later; so is one that recalls nothing, which
        is an empty recall. Then the stream is closed; with `save_history` the chat is also cancelled, so that the
        conversation is free again (Coze bills it all the same). `user_id` separates users' memories. Other arguments,
        and what is raised, as in ``chats.stream``; ChatFailed only if the bot failed before it recalled anything.
        """
        described = Chats.stream(
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
        chat = ChatOpening(described.request, conversation_id, save_history, cancel_on_close=True)
        stream_run = _RecallStreamRun(self._session, chat, until)
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
        self, dataset_id: str, workspace_id: str, *, name: str | None = None, dry_run: bool = True
    ) -> RecallBot:
        """Make the helper bot that ``from_bot`` can ask for one dataset, once; later calls find it again by its name.

        With `dry_run` nothing is made: ``todo`` tells what would be. The bot stays a draft, is asked as such, and
        answers with one word, so that its answers cost little. Two first calls at once may make a bot each, which both
        work; later calls find one of them. `name` has 20 characters at most, by default "recall "
        and the end of the dataset's id. Raises ConfigurationError if another bot has that name.
        """
        helper = await find_helper_bot(self._session, dataset_id, workspace_id, name)
        return helper if dry_run else await build_helper_bot(self._session, helper)

    @flow
    async def teardown(self, bot_id: str) -> RecallBot:
        """Unbind the dataset of a bot that ``setup`` made; ``todo`` names the bot, to be deleted by hand in Coze.

        Raises ConfigurationError for any other bot, which is left as it is.
        """
        return await unbind_helper_bot(self._session, bot_id)


class _RecallStreamRun(ChatStreamRun):
    """A chat that is read until it has told what it recalled."""

    def __init__(self, session: Session, described: ChatOpening, until: Until) -> None:
        super().__init__(session, described)
        self.slices: list[Slice] = []
        self._until = until
        self._finished = False

    def read_slices(self, event: ChatEvent) -> None:
        """Keep what a message recalls; once nothing more is waited for, the rest is not read."""
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
