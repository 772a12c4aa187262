"""Build the `Turn` of a chat: the question, and the messages before it in the conversation and in the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coze_client.emulator.engine.incoming_messages import IncomingMessage, read_content
from coze_client.emulator.engine.studio_messages import split_question
from coze_client.emulator.protocol.api_error import ApiError
from coze_client.emulator.scripting.bot import ScriptedBot
from coze_client.emulator.scripts import Line, Part, Turn
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.chat_records import StoredChat, StoredConversation, StoredMessage


@dataclass(frozen=True)
class ContextMessage:
    """A message of the context, from the conversation or from the request."""

    role: str
    text: str
    parts: tuple[Part, ...]


def read_turn(
    backend: Backend,
    bot: ScriptedBot,
    saved: Sequence[ContextMessage],
    incoming: Sequence[IncomingMessage],
    variables: dict[str, str],
) -> Turn:
    """Build the turn whose question ends with the last message; 4000 if that is not a message of the user."""
    if backend.dialect.empty_questions:
        return _read_loosely(backend, bot, saved, incoming, variables)
    messages = [*saved, *(ContextMessage(message.role, message.text, message.parts) for message in incoming)]
    if not messages:
        raise ApiError(4000, "additional_messages is required when the conversation is new or empty")
    if messages[-1].role != "user":
        raise ApiError(4000, "the last message must have role user")
    first = len(messages) - 1
    while first > 0 and messages[first].role == "user" and not messages[first].text:
        first -= 1
    question = messages[first:] if messages[first].role == "user" else messages[-1:]
    return Turn(
        question="".join(message.text for message in question),
        parts=_question_parts(messages),
        history=tuple(Line(message.role, message.text) for message in messages[: len(messages) - len(question)]),
        variables=variables,
        plugins=bot.plugins,
        pace=backend.settings.pace,
    )


def _read_loosely(
    backend: Backend,
    bot: ScriptedBot,
    saved: Sequence[ContextMessage],
    incoming: Sequence[IncomingMessage],
    variables: dict[str, str],
) -> Turn:
    """Build the turn of coze-studio, which asks an empty question if the last message is not the user's."""
    context, question = split_question(list(incoming))
    return Turn(
        question=question.text,
        parts=question.parts,
        history=(
            *(Line(message.role, message.text) for message in saved),
            *(Line(message.saved_role, message.text) for message in context),
        ),
        variables=variables,
        plugins=bot.plugins,
        pace=backend.settings.pace,
    )


def _question_parts(messages: Sequence[ContextMessage]) -> tuple[Part, ...]:
    """Collect the files of all messages since the bot's last; a question and its images may be separate messages."""
    start = next((n for n in range(len(messages), 0, -1) if messages[n - 1].role == "assistant"), 0)
    return tuple(part for message in messages[start:] for part in message.parts)


def saved_context(backend: Backend, conversation: StoredConversation) -> list[ContextMessage]:
    """Return the context saved in the conversation's current section, without the messages of cancelled chats.

    It consists of questions, answers and messages that the API created. The studio keeps those of cancelled chats.
    """
    chats = backend.state.owned(StoredChat, conversation.id) if backend.dialect.cancelling_stops else []
    canceled = {chat.id for chat in chats if chat.status == backend.dialect.canceled_status}
    return [
        ContextMessage(
            message.role, *read_content(backend, conversation.account, message.content, message.content_type)
        )
        for message in backend.state.owned(StoredMessage, conversation.id)
        if message.section_id == conversation.section_id
        and message.type in ("question", "answer", "")
        and message.chat_id not in canceled
    ]
