"""What a span says about a chat: bot, ids, status and token usage; questions and answers only if they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from coze_client.api.chats.values import Chat, Usage, is_answer
from coze_client.api.conversations.values import Message
from coze_client.core.json_text import dump_json
from coze_client.core.telemetry import Attributes, Facts, Operation


def chat_operation(bot_id: str, conversation_id: str | None, body: Mapping[str, object]) -> Operation:
    """The start of a chat with a bot; `body` is that of the request."""
    given: dict[str, str] = {"gen_ai.agent.id": bot_id}
    if conversation_id:
        given["gen_ai.conversation.id"] = conversation_id
    return Operation("chat", bot_id, Facts(given, partial(_describe_question, body)))


def submission_operation(conversation_id: str, chat_id: str) -> Operation:
    """The submission of tool outputs to a chat, which goes on."""
    return Operation("chat", "", Facts({"gen_ai.conversation.id": conversation_id, "gen_ai.response.id": chat_id}))


def describe_chat(chat: Chat | None, messages: Iterable[Message]) -> Facts:
    """What is known about a chat at its end: its ids, its status, its token usage, and its answer."""
    content = partial(_describe_answer, messages)
    if chat is None:
        return Facts(content=content)
    found = {
        "gen_ai.response.id": chat.id,
        "gen_ai.conversation.id": chat.conversation_id,
        "gen_ai.agent.id": chat.bot_id,
        "coze.chat.status": chat.status,
    }
    return Facts({**{name: value for name, value in found.items() if value}, **describe_usage(chat.usage)}, content)


def describe_usage(usage: Usage | None) -> Attributes:
    """The counts of tokens that are known."""
    if usage is None or not usage.known:
        return {}
    found = {
        "gen_ai.usage.input_tokens": usage.input_count,
        "gen_ai.usage.output_tokens": usage.output_count,
        "coze.usage.total_tokens": usage.token_count,
    }
    return {name: count for name, count in found.items() if count is not None}


def _describe_question(body: Mapping[str, object]) -> Attributes:
    given = body.get("additional_messages")
    messages = given if isinstance(given, list) else []
    asked = [_message(str(each.get("role", "")), str(each.get("content", ""))) for each in messages]
    return {"gen_ai.input.messages": dump_json(asked)}


def _describe_answer(messages: Iterable[Message]) -> Attributes:
    said = [_message("assistant", each.content) for each in messages if is_answer(each)]
    return {"gen_ai.output.messages": dump_json(said)}


def _message(role: str, content: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}
