"""One call of the model, planned: what is sent, with which options, and what is done with the answer; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.messages import BaseMessage

from coze_client.dialogue import ChatOptions, Outputs, Question, convert_to_options, next_step
from langchain_coze.messages import convert_to_lines

SPELLINGS: Mapping[str, str] = {
    "model": "bot_id",
    "user": "user_id",
    "api_key": "token",
    "coze_api_key": "token",
    "coze_api_base": "base_url",
    "request_timeout": "timeout",
    "stop_sequences": "stop",
}
"""Other names that are understood, LangChain's and langchain-community's, and what they are here."""

DECIDED_BY_THE_BOT = frozenset({"temperature", "max_tokens", "top_p"})
_NOTHING_TO_US = frozenset({"stream", "stream_usage", "strict", "parallel_tool_calls", "tool_choice"})


@dataclass(frozen=True)
class Turn:
    """A planned call. `tools`: the names that were bound, ``None`` if none were."""

    step: Question | Outputs
    options: ChatOptions
    stop: tuple[str, ...] = ()
    tools: frozenset[str] | None = None


def plan_turn(
    messages: Sequence[BaseMessage],
    *,
    settings: Mapping[str, object],
    given: Mapping[str, object],
    stop: Sequence[str] | str | None,
) -> Turn:
    """What to send for `messages`; what is `given` with the call goes before the model's `settings`.

    Raises TypeError for names that no chat takes, and ConfigurationError for messages that cannot be sent.
    """
    named = {SPELLINGS.get(name, name): value for name, value in given.items()}
    chosen = {name: value for name, value in named.items() if name not in _NOTHING_TO_US | DECIDED_BY_THE_BOT}
    tools = chosen.pop("tools", None)
    options = {**settings, **chosen}
    system_variable = cast("str | None", options.pop("system_variable", None))
    step = next_step(
        convert_to_lines(messages),
        conversation_id=cast("str | None", options.pop("conversation_id", None)) or None,
        join_instructions=not system_variable,
        trim=bool(options.pop("trim", False)),
    )
    if system_variable and step.instructions:
        variables = cast("Mapping[str, str]", options.get("custom_variables") or {})
        options["custom_variables"] = {**variables, system_variable: step.instructions}
    stops = (stop,) if isinstance(stop, str) else tuple(stop or ())
    names = frozenset(map(tool_name, cast("list[Mapping[str, Any]]", tools))) if tools else None
    return Turn(step, convert_to_options(options), stops, names)


def tool_name(tool: Mapping[str, Any]) -> str:  # an OpenAI-style tool: JSON of any kind
    """The name in an OpenAI-style tool, wrapped as a function or not."""
    function = tool.get("function", tool)
    return str(function.get("name") or function.get("type") or json.dumps(tool))
