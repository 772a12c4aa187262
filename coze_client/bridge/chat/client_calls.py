"""Calls of client plugins, for whose outputs a chat waits, where nobody can give an output; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from coze_client.api.chats.values import Chat, ToolCall
from coze_client.errors import ConfigurationError


def plugin_calls(chat: Chat) -> list[ToolCall]:
    """The calls of client plugins that `chat` waits for, without the questions of a workflow to the user."""
    return [call for call in chat.tool_calls if call.function and call.type != "reply_message"]


def plugin_names(chat: Chat | None) -> list[str]:
    """The names of the client plugins that `chat` waits for."""
    return [call.function.name for call in (plugin_calls(chat) if chat else ()) if call.function]


def check_chatflow(chat: Chat) -> None:
    """Raise ConfigurationError if the chat of a chatflow waits for a client plugin: Coze takes no output for it."""
    if names := plugin_names(chat):
        raise _waiting(
            f"The chatflow called a client plugin ({', '.join(names)}) and waits, but Coze takes outputs only for bots",
            "Remove the client plugin from the chatflow, or ask the bot with this plugin without a workflow_id",
            {"chat_id": chat.id, "conversation_id": chat.conversation_id},
        )


def check_calls_nothing(names: Iterable[str], metadata: Mapping[str, object], *, taken: str, cure: str) -> None:
    """Raise ConfigurationError if a bot called client plugins (`names`), where only `taken` is of use.

    `metadata` is that of the answer; the error has its ids. `cure` says which call gives outputs to a bot.
    """
    if called := ", ".join(names):
        message = f"The bot called a client plugin ({called}) and waits for its output, but {taken} is wanted here"
        raise _waiting(message, cure, metadata)


def _waiting(message: str, cure: str, ids: Mapping[str, object]) -> ConfigurationError:
    error = ConfigurationError(message, cure=cure)
    error.chat_id, error.conversation_id = (str(ids.get(name) or "") or None for name in ("chat_id", "conversation_id"))
    return error
