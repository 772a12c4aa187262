"""One turn of a chat model, planned from the dialogue, in no framework's words; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from coze_client.bridge.chat.chatflow import ChatflowQuestion, ask_chatflow
from coze_client.bridge.chat.dialogue import (
    ChatOptions,
    DialogueMessage,
    SubmitOutputs,
    UserQuestion,
    convert_to_options,
    next_step,
)
from coze_client.errors import ConfigurationError

DECIDED_BY_THE_BOT = frozenset({"temperature", "max_tokens", "top_p"})
"""What other models are told with a call, and Coze's in the bot's settings: to be warned of, not sent."""


@dataclass(frozen=True)
class PlannedChat:
    """A planned call. `tools`: the names that were offered, ``None`` if the bot may call any."""

    step: UserQuestion | SubmitOutputs | ChatflowQuestion
    options: ChatOptions
    stop: tuple[str, ...] = ()
    tools: frozenset[str] | None = None

    @property
    def model_name(self) -> str:
        """Who answers: the bot's id, or the chatflow's."""
        return self.step.chatflow["workflow_id"] if isinstance(self.step, ChatflowQuestion) else self.options["bot_id"]


def plan_chat(
    lines: Sequence[DialogueMessage],
    options: Mapping[str, object],
    *,
    stop: Sequence[str] | str | None = None,
    tools: frozenset[str] | None = None,
    system_variable: str | None = None,
    trim: bool = False,
) -> PlannedChat:
    """What to send for a dialogue.

    `options`: those of a chat, and its ``conversation_id``, an empty one meaning none. `system_variable` is the custom
    variable that takes the system's words, which are otherwise joined to the first question. Raises TypeError for an
    option that no chat takes, and ConfigurationError for a dialogue that cannot be carried on. With a ``workflow_id``
    among the options, the chatflow is asked.
    """
    given = dict(options)
    conversation_id = cast("str | None", given.pop("conversation_id", None)) or None
    joined = system_variable is None
    step = next_step(lines, conversation_id=conversation_id, join_instructions=joined, trim=trim)
    if system_variable and step.instructions:
        variables = cast("Mapping[str, str]", given.get("custom_variables") or {})
        given["custom_variables"] = {**variables, system_variable: step.instructions}
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    workflow_id, app_id = given.pop("workflow_id", None), given.pop("app_id", None)
    chat_options = convert_to_options(given)
    if workflow_id:
        if tools:
            raise ConfigurationError(
                f"A chatflow calls no tools of its caller, and {', '.join(sorted(tools))} is bound"
            )
        chatflow = {**given, "workflow_id": workflow_id, "app_id": app_id}
        return PlannedChat(ask_chatflow(step, chatflow, trim=trim), chat_options, stops, tools)
    return PlannedChat(step, chat_options, stops, tools)
