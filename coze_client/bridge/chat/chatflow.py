"""A chatflow, which is a workflow that holds a dialogue, as the model instead of a bot; pure.

API page workflow_chat: messages are text, at most 50; exactly one of bot and app is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream
    from coze_client.api.conversations.values import Message
    from coze_client.bridge.chat.drafts import Draft
    from coze_client.bridge.chat.next_step import ChatOptions, SubmitOutputs, UserQuestion
    from coze_client.core.stream import Events

_MAX_MESSAGES = 50
_BOT_ONLY = ("custom_variables", "meta_data", "shortcut_command", "enable_card", "publish_status")


class ChatflowOptions(TypedDict):
    """Arguments of ``workflows.chat`` besides messages and conversation; see there for their meaning."""

    workflow_id: str
    bot_id: str | None
    app_id: str | None
    parameters: Mapping[str, object] | None
    ext: Mapping[str, str]
    workflow_version: str | None
    connector_id: str | None
    accept_new_conversation: bool


@dataclass(frozen=True)
class ChatflowQuestion:
    """A message to a chatflow: a new question, or the reply to a question of the chatflow in the same conversation."""

    conversation_id: str | None
    drafts: tuple[Draft, ...]
    chatflow: ChatflowOptions
    known_chat_id: str = ""

    def events(self, messages: Sequence[Message], options: ChatOptions) -> Events[ChatStream, AsyncChatStream]:
        """The stream of the answer; `messages` are the drafts after their upload, `options` (a bot's) are not used."""
        from coze_client.api.workflows.resource import Workflows  # most models ask a bot

        return Workflows.chat(**self.chatflow, conversation_id=self.conversation_id, additional_messages=messages)


def convert_to_chatflow_question(
    step: UserQuestion | SubmitOutputs, given: Mapping[str, object], *, trim: bool = False
) -> ChatflowQuestion:
    """Convert a step that was planned for a bot; `given` are its options.

    `trim`: of more than 50 messages, send the last 50. Raises ConfigurationError for what chatflows do not take.
    """
    if any(draft.attachments for draft in step.drafts):
        raise ConfigurationError(
            "A chatflow's messages are text only", cure="Pass files as parameters of its start node, or ask a bot"
        )
    drafts = step.drafts[-_MAX_MESSAGES:] if trim else step.drafts
    chatflow = convert_to_chatflow_options(given)
    return ChatflowQuestion(step.conversation_id, drafts, chatflow, step.known_chat_id)


def convert_to_chatflow_options(given: Mapping[str, object]) -> ChatflowOptions:
    """Convert a bot's chat options: ``bot_version`` to its version, ``extra_params`` and ``user_id`` to ``ext``.

    Raises ConfigurationError for options that chatflows do not take, and unless exactly one of bot and app is given.
    """
    unknown = [name for name in _BOT_ONLY if given.get(name) is not None]
    if given.get("auto_save_history") is False:
        unknown.append("auto_save_history=False")
    if unknown:
        raise ConfigurationError(
            f"A chatflow takes no {', '.join(unknown)}", cure="Pass the inputs of its start node as parameters"
        )
    if bool(given.get("bot_id")) == bool(given.get("app_id")):
        raise ConfigurationError(
            "A chatflow needs exactly one of bot_id and app_id: the bot or the app that it belongs to"
        )
    extra = cast("Mapping[str, str]", given.get("extra_params") or {})
    return {
        "workflow_id": str(given["workflow_id"]),
        "bot_id": cast("str | None", given.get("bot_id") or None),
        "app_id": cast("str | None", given.get("app_id") or None),
        "parameters": cast("Mapping[str, object] | None", given.get("parameters")),
        "ext": {**extra, "user_id": str(given["user_id"])},
        "workflow_version": cast("str | None", given.get("bot_version")),
        "connector_id": cast("str | None", given.get("connector_id")),
        "accept_new_conversation": bool(given.get("accept_new_conversation")),
    }
