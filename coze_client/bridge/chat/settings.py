"""What a bot as a chat model is told once, in whichever framework: the fields of both adapters' models."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import uuid4

from pydantic import Field, PrivateAttr, model_validator
from typing_extensions import Self

from coze_client.api.chats.values import PublishStatus
from coze_client.bridge.chat.answer import AnswerBuilder
from coze_client.bridge.chat.chatflow import convert_to_chatflow
from coze_client.bridge.chat.dialogue import CHAT_OPTIONS, DialogueMessage
from coze_client.bridge.chat.turn import DECIDED_BY_THE_BOT, plan_chat
from coze_client.bridge.connection import Connection
from coze_client.errors import ConfigurationError

_OPTIONS = (*sorted(CHAT_OPTIONS), "conversation_id", "workflow_id", "app_id")
_EMPTY_MEANS_NONE = ("user_id", "conversation_id")


class BotSettings(Connection):
    """Which bot, for whom, with which options of a chat, and over which client."""

    bot_id: str = ""
    """The bot, published to the API channel. May be left out only for a chatflow of an app."""
    workflow_id: str | None = None
    """A chatflow of that bot or of the app, which then answers: text only, at most 50 messages, no client plugins."""
    app_id: str | None = None
    """The app that the chatflow belongs to, instead of a bot."""
    user_id: str = Field(default_factory=lambda: uuid4().hex)
    """Whose memory the bot uses; the same for the same user. Empty or not given: random for this instance."""
    conversation_id: str | None = None
    """Where Coze keeps the history; an unknown one raises NotFound (4002)."""
    custom_variables: dict[str, str] | None = None
    """Values of the bot's prompt variables."""
    parameters: dict[str, Any] | None = None
    """Inputs of a chatflow's start node; JSON of any kind."""
    auto_save_history: bool = True
    """False: Coze forgets the chat, which then can neither heal a broken stream nor wait for tool outputs."""
    meta_data: dict[str, str] | None = None
    """At most 16 pairs, kept with the chat."""
    extra_params: dict[str, str] | None = None
    """Latitude and longitude."""
    shortcut_command: dict[str, Any] | None = None
    """The shortcut that was clicked; JSON of its own shape."""
    enable_card: bool | None = None
    """True: answers may be cards."""
    publish_status: PublishStatus | None = None
    """``unpublished_draft`` runs the draft."""
    bot_version: str | None = None
    """An older version of the bot, or of the chatflow."""
    connector_id: str | None = None
    """The channel that the bot is published to."""
    cancel_on_close: bool = True
    """True: a stream that is left early cancels its chat on the server."""

    system_variable: str | None = None
    """The prompt variable that takes system messages; not given, they are joined to the first question."""
    trim: bool = False
    """True: of more than 100 messages the last 100 are sent; else more raise an error."""
    stop: list[str] | str | None = None
    """Where to cut the answer, on our side; the chat is then cancelled."""

    temperature: float | None = Field(default=None, exclude=True)
    """Not sent (with a warning): the bot decides."""
    max_tokens: int | None = Field(default=None, exclude=True)
    """Not sent (with a warning): the bot decides."""
    top_p: float | None = Field(default=None, exclude=True)
    """Not sent (with a warning): the bot decides."""

    _warned: bool = PrivateAttr(default=False)

    @model_validator(mode="before")
    @classmethod
    def _read_names(cls, given: Mapping[str, object]) -> dict[str, object]:
        return {name: value for name, value in given.items() if value or name not in _EMPTY_MEANS_NONE}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.workflow_id:
            convert_to_chatflow(self._options({}))
        elif not self.bot_id or self.app_id:
            raise ConfigurationError("Give a bot_id; an app_id only with the workflow_id of a chatflow")
        self._warn_of({name for name in DECIDED_BY_THE_BOT if getattr(self, name) is not None})
        return self

    def _answering(self, lines: Sequence[DialogueMessage], given: Mapping[str, Any]) -> AnswerBuilder:
        """The answering of what `lines` ask; what is `given` with the call goes before the settings.

        A call may be given any option of a chat, ``stop``, ``system_variable``, ``trim``, and as ``tools`` the names of
        those that were offered.
        """
        rest = {"stop": self.stop, "system_variable": self.system_variable, "trim": self.trim, "tools": None, **given}
        stop, system_variable, trim, tools = (rest.pop(name) for name in ("stop", "system_variable", "trim", "tools"))
        turn = plan_chat(
            lines,
            self._options(rest),
            stop=stop,
            tools=None if tools is None else frozenset(tools),
            system_variable=system_variable,
            trim=trim,
        )
        return AnswerBuilder(turn)

    def _options(self, given: Mapping[str, object]) -> dict[str, object]:
        """A chat's options, those `given` with the call before the settings; warns of what Coze does not take."""
        self._warn_of(DECIDED_BY_THE_BOT & given.keys())
        settings = {name: getattr(self, name) for name in _OPTIONS}
        return {**settings, **{name: value for name, value in given.items() if name not in DECIDED_BY_THE_BOT}}

    def _warn_of(self, names: Collection[str]) -> None:
        if names and not self._warned:
            self._warned = True
            told = ", ".join(sorted(names))
            warnings.warn(f"{told}: not sent, since in Coze the bot's settings decide it", stacklevel=3)
