"""The settings of a bot as a chat model: the fields that the models of both adapters share."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pydantic import Field, PrivateAttr, model_validator
from typing_extensions import Self

from coze_client.api.chats.values import PublishStatus
from coze_client.bridge.bot_names import BotName
from coze_client.bridge.chat.answer_builder import AnswerBuilder
from coze_client.bridge.chat.caller import caller_level
from coze_client.bridge.chat.chatflow import convert_to_chatflow_options
from coze_client.bridge.chat.dialogue import DialogueMessage
from coze_client.bridge.chat.next_step import CHAT_OPTIONS
from coze_client.bridge.chat.planned_chat import DECIDED_BY_THE_BOT, PlanForName, PlannedChat, plan_chat
from coze_client.bridge.chat.tool_options import TOOL_OPTIONS, without_effect
from coze_client.bridge.connection import Connection
from coze_client.errors import ConfigurationError

_NAME_OPTIONS = ("bot_name", "workspace_id")
_OPTIONS = (*sorted(CHAT_OPTIONS), "conversation_id", "workflow_id", "app_id", *_NAME_OPTIONS)
_OWN_OPTIONS = ("stop", "system_variable", "trim", "check_plugins")  # settings that are not sent
_EMPTY_MEANS_NONE = ("user_id", "conversation_id")


class BotSettings(Connection):
    """The bot, the user, the options of a chat, and the client."""

    bot_id: str = ""
    """The id of a bot that is published to the API channel. Or give its name, or the app of a chatflow."""
    bot_name: str = ""
    """The name of the bot, exactly as Coze lists it, in place of its id. The first call of a process looks it up, which
    needs the permission listBot; a bot that gets the name later is not noticed."""
    workspace_id: str | None = None
    """The workspace of the bot that ``bot_name`` names; it is only given together with it."""
    workflow_id: str | None = None
    """A chatflow of the bot or app that answers instead: text only, at most 50 messages, no client plugins."""
    app_id: str | None = None
    """The app that the chatflow belongs to, if it belongs to no bot."""
    user_id: str = Field(default_factory=lambda: uuid4().hex)
    """The user whose memory the bot uses: the same id for the same user. Default, or if empty: random per instance."""
    conversation_id: str | None = None
    """Where Coze stores the history; an unknown id raises NotFound (4002), or ConversationMismatch on coze-studio."""
    accept_new_conversation: bool = False
    """True: warn, instead of raising ConversationMismatch, if the server answers in another conversation."""
    custom_variables: dict[str, str] | None = None
    """Values of the bot's prompt variables."""
    parameters: dict[str, Any] | None = None
    """Inputs of a chatflow's start node, as JSON values."""
    auto_save_history: bool = True
    """False: Coze does not store the chat; a broken stream cannot be recovered and tool outputs cannot be submitted."""
    meta_data: dict[str, str] | None = None
    """At most 16 pairs, stored with the chat."""
    extra_params: dict[str, str] | None = None
    """Latitude and longitude."""
    shortcut_command: dict[str, Any] | None = None
    """The shortcut command to run, as JSON."""
    enable_card: bool | None = None
    """True: answers may be cards."""
    publish_status: PublishStatus | None = None
    """``unpublished_draft`` runs the draft of the bot."""
    bot_version: str | None = None
    """An earlier version of the bot or chatflow."""
    connector_id: str | None = None
    """The channel that the bot is published to."""
    cancel_on_close: bool = True
    """True: closing a stream early cancels its chat on the server."""

    system_variable: str | None = None
    """The prompt variable that takes the system messages. Default: they are joined to the first question."""
    trim: bool = False
    """True: of more than 100 messages, the last 100 are sent. False: ConfigurationError is raised."""
    continue_question: str | None = "Continue."
    """The question after a dialogue that ends with an answer, for example another agent's. ``None``: an error."""
    stop: list[str] | str | None = None
    """Stop sequences. The client cuts the answer there and cancels the chat."""
    check_plugins: bool = True
    """True: warn of tools for a bot that has no plugins. Before its first chat with tools, one request is sent."""

    temperature: float | None = Field(default=None, exclude=True)
    """Not sent, with a warning: the settings of the bot decide."""
    max_tokens: int | None = Field(default=None, exclude=True)
    """Not sent, with a warning: the settings of the bot decide."""
    top_p: float | None = Field(default=None, exclude=True)
    """Not sent, with a warning: the settings of the bot decide."""

    _warned: set[str] = PrivateAttr(default_factory=set)

    @model_validator(mode="before")
    @classmethod
    def _normalize_ids(cls, given: Mapping[str, object]) -> dict[str, object]:
        return {name: value for name, value in given.items() if value or name not in _EMPTY_MEANS_NONE}

    @model_validator(mode="after")
    def _check(self) -> Self:
        options = self._options({})
        BotName.read(options)
        options |= {"bot_id": self.bot_id or self.bot_name}
        if self.workflow_id:
            convert_to_chatflow_options(options)
        elif not options["bot_id"] or self.app_id:
            raise ConfigurationError("Give a bot_id or bot_name, or an app_id and the workflow_id of its chatflow")
        self._warn({name for name in DECIDED_BY_THE_BOT if getattr(self, name) is not None})
        return self

    @property
    def model_name(self) -> str:
        """The id of the chatflow or bot that answers; the bot's name if that was given."""
        return self.workflow_id or self.bot_id or self.bot_name

    @property
    def model(self) -> str:
        """The same as ``model_name``: frameworks read either."""
        return self.model_name

    @property
    def _user_is_known(self) -> bool:
        """False if the ``user_id`` is random: then it must not decide what equals what."""
        return "user_id" in self.model_fields_set

    def _answer_builder(self, messages: Sequence[DialogueMessage], given: Mapping[str, Any]) -> AnswerBuilder:
        """Plan the chat; options that are `given` with the call override the settings.

        `given` may have any option of a chat, ``stop``, ``system_variable``, ``trim``, ``check_plugins``, ``tools``
        (the names of the tools that the bot may call), and ``answer_prompt`` (how to answer, added to the question).
        """
        rest = {**{name: getattr(self, name) for name in _OWN_OPTIONS}, "tools": None, "answer_prompt": "", **given}
        own = {name: rest.pop(name) for name in (*_OWN_OPTIONS, "answer_prompt")}
        tools = rest.pop("tools")
        options = self._options(rest)

        def plan(found: Mapping[str, object]) -> PlannedChat:
            return plan_chat(
                messages,
                {**_without_name(options), **found},
                tools=None if tools is None else frozenset(tools),
                continue_question=self.continue_question,
                user_is_known=self._user_is_known or "user_id" in given,
                **own,
            )

        bot = BotName.read(options)
        return AnswerBuilder(plan({}) if bot is None else PlanForName(bot, lambda bot_id: plan({"bot_id": bot_id})))

    def _options(self, given: Mapping[str, object]) -> dict[str, object]:
        """The options of a chat, `given` before the settings; warns of options that Coze does not take."""
        self._warn(DECIDED_BY_THE_BOT & given.keys() | without_effect(given))
        settings = {name: getattr(self, name) for name in _OPTIONS}
        taken = given.keys() - DECIDED_BY_THE_BOT - TOOL_OPTIONS
        options = {**settings, **{name: value for name, value in given.items() if name in taken}}
        if given.get("bot_name"):
            options["bot_id"] = given.get("bot_id") or ""
        elif given.get("bot_id") and not given.get("workspace_id"):
            return _without_name(options)
        return options if options["bot_name"] or options["workspace_id"] else _without_name(options)

    def _warn(self, names: Collection[str]) -> None:
        """Warn of options without effect, once for each name."""
        if new := set(names) - self._warned:
            self._warned |= new | (DECIDED_BY_THE_BOT if new & DECIDED_BY_THE_BOT else frozenset())
            listed = ", ".join(sorted(new))
            message = f"{listed}: not sent, because the settings of the bot decide it"
            warnings.warn(message, stacklevel=caller_level())


def _without_name(options: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in options.items() if name not in _NAME_OPTIONS}


def rename_fields(given: Mapping[str, object], other_names: Mapping[str, str]) -> dict[str, object]:
    """Replace other names of fields by the fields that they mean; raises ValueError for a field given twice."""
    fields: dict[str, object] = {}
    for given_name, value in given.items():
        name = other_names.get(given_name, given_name)
        if name in fields:
            first = next(each for each in given if other_names.get(each, each) == name and each != given_name)
            raise ValueError(f"{first} and {given_name} mean the same: give only one of them")
        fields[name] = value
    return fields
