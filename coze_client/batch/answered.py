"""What became of one prompt: its answer or its error, with tokens and ids."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from coze_client.api.chats.values import ChatResult, Usage
from coze_client.api.workflows.result import WorkflowResult
from coze_client.core.json_values import find_problems
from coze_client.errors import CozeError


@dataclass(frozen=True)
class Answered:
    """An answer with what is known of it; a function that answers prompts may return one.

    ``value``: the answer, JSON; other objects are stored as their JSON (pydantic) or as text. ``tokens``: all tokens.
    """

    value: object
    tokens: int | None = None
    conversation_id: str = ""
    chat_id: str = ""
    execute_id: str = ""
    logid: str = ""


def as_answered(value: object) -> Answered:
    """What a function returned; tokens and ids of a ChatResult or WorkflowResult are kept."""
    if isinstance(value, Answered):
        return value
    if isinstance(value, ChatResult):
        chat = value.chat
        return Answered(value.text, _tokens(chat.usage), chat.conversation_id, chat.id)
    if isinstance(value, WorkflowResult):
        return Answered(value.output, _tokens(value.usage), execute_id=value.execute_id)
    return Answered(value)


def _tokens(usage: Usage | None) -> int | None:
    return usage.token_count if usage else None


def result_line(prompt: object, answered: Answered, seconds: float) -> dict[str, object]:
    """The result of a prompt that has an answer."""
    return {
        "status": "completed",
        "prompt": prompt,
        "answer": _as_json(answered.value),
        "tokens": answered.tokens,
        **_known(
            conversation_id=answered.conversation_id,
            chat_id=answered.chat_id,
            execute_id=answered.execute_id,
            logid=answered.logid,
        ),
        "seconds": round(seconds, 3),
    }


def failure_line(prompt: object, error: Exception, seconds: float) -> dict[str, object]:
    """The result of a prompt that failed: the error's kind and text, code, logid and ids."""
    known: dict[str, object] = {}
    if isinstance(error, CozeError):
        known = _known(
            code=error.code,
            logid=error.logid,
            conversation_id=error.conversation_id,
            chat_id=error.chat_id,
            execute_id=error.execute_id,
        )
    text = f"{type(error).__name__}: {error}"
    return {"status": "failed", "prompt": prompt, "error": text, **known, "seconds": round(seconds, 3)}


def _known(**fields: object) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _as_json(value: object) -> object:
    """An answer was paid for: an object that is no JSON is kept as well as possible."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", fallback=str)
    return str(value) if next(find_problems(value, "answer"), None) else value
