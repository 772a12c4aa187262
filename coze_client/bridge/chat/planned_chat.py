"""Plan one call of a chat model from the dialogue, the same for every framework; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from coze_client.bridge.bot_names import BotName
from coze_client.bridge.chat.chatflow import ChatflowQuestion, convert_to_chatflow_question
from coze_client.bridge.chat.dialogue import NOBODY, DialogueMessage, Speaker
from coze_client.bridge.chat.next_step import ChatOptions, SubmitOutputs, UserQuestion, convert_to_options, next_step
from coze_client.errors import ConfigurationError

DECIDED_BY_THE_BOT = frozenset({"temperature", "max_tokens", "top_p"})
"""Options that Coze takes from the settings of the bot: they are not sent, and cause a warning."""


@dataclass(frozen=True)
class PlannedChat:
    """The request to send. `tools` are the names that the bot may call, ``None`` for any.

    `check_plugins`: warn if there are tools, and the bot has no plugins.
    """

    step: UserQuestion | SubmitOutputs | ChatflowQuestion
    options: ChatOptions
    stop: tuple[str, ...] = ()
    tools: frozenset[str] | None = None
    speaker: Speaker = NOBODY
    check_plugins: bool = False
    replan: Callable[[], PlannedChat] | None = field(default=None, compare=False)

    def in_words(self) -> PlannedChat:
        """The plan for a waiting chat that no longer waits: a new chat, with the calls and outputs as text."""
        return self.replan() if self.replan else self

    @property
    def model_name(self) -> str:
        """The id of the bot or chatflow that answers."""
        return self.step.chatflow["workflow_id"] if isinstance(self.step, ChatflowQuestion) else self.options["bot_id"]


@dataclass(frozen=True)
class PlanForName:
    """A chat that can be planned once the id of its bot is known: an earlier answer may be this bot's or another's."""

    bot: BotName
    plan: Callable[[str], PlannedChat]


def plan_chat(
    messages: Sequence[DialogueMessage],
    options: Mapping[str, object],
    *,
    stop: Sequence[str] | str | None = None,
    tools: frozenset[str] | None = None,
    system_variable: str | None = None,
    trim: bool = False,
    user_is_known: bool = True,
    continue_question: str | None = None,
    answer_prompt: str = "",
    check_plugins: bool = False,
    submits: bool = True,
) -> PlannedChat:
    """Plan the request that continues a dialogue.

    `user_is_known`: False if the ``user_id`` among the options is random. `continue_question` and `submits`: see
    ``next_step``. `answer_prompt`: how to answer, added to the last question; not sent with tool outputs.
    `check_plugins`: see PlannedChat.

    `options` are ChatOptions and ``conversation_id`` (empty means none). With a ``workflow_id`` among them, that
    chatflow of the ``bot_id`` or ``app_id`` answers. `system_variable` names the custom variable that takes the system
    messages; without it, they are joined to the first question. Raises TypeError for unknown options, and
    ConfigurationError for a dialogue that cannot be continued.
    """
    replan = partial(
        plan_chat,
        messages,
        options,
        stop=stop,
        tools=tools,
        system_variable=system_variable,
        trim=trim,
        user_is_known=user_is_known,
        continue_question=continue_question,
        answer_prompt=answer_prompt,
        check_plugins=check_plugins,
        submits=False,
    )
    given = dict(options)
    workflow_id, app_id = given.pop("workflow_id", None), given.pop("app_id", None)
    conversation_id = cast("str | None", given.pop("conversation_id", None)) or None
    speaker = Speaker.read(
        {**given, "workflow_id": workflow_id, "user_id": given.get("user_id") if user_is_known else ""}
    )
    step = next_step(
        messages,
        conversation_id=conversation_id,
        join_instructions=system_variable is None,
        trim=trim,
        speaker=speaker,
        continue_question=continue_question,
        submits=submits and not workflow_id,
    )
    if isinstance(step, UserQuestion):
        step = step.with_prompt(answer_prompt)
    if system_variable and step.instructions:
        variables = cast("Mapping[str, str]", given.get("custom_variables") or {})
        given["custom_variables"] = {**variables, system_variable: step.instructions}
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    chat_options = convert_to_options(given)
    if workflow_id:
        if tools:
            raise ConfigurationError(
                f"A chatflow cannot call tools of the client, but these are bound: {', '.join(sorted(tools))}"
            )
        chatflow = {**given, "workflow_id": workflow_id, "app_id": app_id}
        question = convert_to_chatflow_question(step, chatflow, trim=trim)
        return PlannedChat(question, chat_options, stops, tools, speaker)
    return PlannedChat(step, chat_options, stops, tools, speaker, check_plugins, replan)
