"""A chatflow as the one that answers: a workflow that holds a dialogue, asked in place of a bot; pure.

API page workflow_chat: the messages are text, 50 at most, and it is either a bot's or an app's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, cast

from coze_client.api.workflows.resource import Workflows
from coze_client.errors import ConfigurationError

if TYPE_CHECKING:
    from coze_client.api.chats.stream import AsyncChatStream, ChatStream
    from coze_client.api.conversations.values import Message
    from coze_client.bridge.chat.dialogue import ChatOptions, SubmitOutputs, UserQuestion
    from coze_client.bridge.chat.drafts import Draft
    from coze_client.core.stream import Events

_MOST_MESSAGES = 50
_OF_BOTS = ("custom_variables", "meta_data", "shortcut_command", "enable_card", "publish_status")


class ChatflowOptions(TypedDict):
    """What ``workflows.chat`` takes besides messages and conversation; meanings as there."""

    workflow_id: str
    bot_id: str | None
    app_id: str | None
    parameters: Mapping[str, object] | None
    ext: Mapping[str, str]
    workflow_version: str | None
    connector_id: str | None


@dataclass(frozen=True)
class ChatflowQuestion:
    """A chatflow to run; also the answer to what it asked, in the same conversation."""

    conversation_id: str | None
    drafts: tuple[Draft, ...]
    chatflow: ChatflowOptions

    def ask(self, messages: Sequence[Message], options: ChatOptions) -> Events[ChatStream, AsyncChatStream]:
        """The stream that answers; `options` are a bot's."""
        return Workflows.chat(**self.chatflow, conversation_id=self.conversation_id, additional_messages=messages)


def ask_chatflow(
    step: UserQuestion | SubmitOutputs, given: Mapping[str, object], *, trim: bool = False
) -> ChatflowQuestion:
    """The step that asks a chatflow, from the one that would ask a bot, whose options are `given`.

    `trim` sends the last 50 of more messages. Raises ConfigurationError for what chatflows do not take.
    """
    if any(draft.attachments for draft in step.drafts):
        raise ConfigurationError(
            "A chatflow's messages are text only", cure="Give files as parameters of its start node, or ask a bot"
        )
    drafts = step.drafts[-_MOST_MESSAGES:] if trim else step.drafts
    return ChatflowQuestion(step.conversation_id, drafts, convert_to_chatflow(given))


def convert_to_chatflow(given: Mapping[str, object]) -> ChatflowOptions:
    """A chat's options as a chatflow's: ``bot_version`` is its version, ``extra_params`` and ``user_id`` its ``ext``.

    Raises ConfigurationError for options that it does not take, and unless exactly one of bot and app is given.
    """
    unknown = [name for name in _OF_BOTS if given.get(name) is not None]
    if given.get("auto_save_history") is False:
        unknown.append("auto_save_history=False")
    if unknown:
        raise ConfigurationError(
            f"A chatflow takes no {', '.join(unknown)}", cure="What its start node takes is given as parameters"
        )
    if bool(given.get("bot_id")) == bool(given.get("app_id")):
        raise ConfigurationError("A chatflow needs exactly one of bot_id and app_id: the bot or app that it belongs to")
    extra = cast("Mapping[str, str]", given.get("extra_params") or {})
    return {
        "workflow_id": str(given["workflow_id"]),
        "bot_id": cast("str | None", given.get("bot_id") or None),
        "app_id": cast("str | None", given.get("app_id") or None),
        "parameters": cast("Mapping[str, object] | None", given.get("parameters")),
        "ext": {**extra, "user_id": str(given["user_id"])},
        "workflow_version": cast("str | None", given.get("bot_version")),
        "connector_id": cast("str | None", given.get("connector_id")),
    }
