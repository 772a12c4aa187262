"""What a bot gets to see: the question, and what was said before it in the conversation and in the request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coze_client.emulator.engine.incoming_messages import IncomingMessage, read_content
from coze_client.emulator.protocol.refusal import Refusal
from coze_client.emulator.scripting.bot import ScriptedBot
from coze_client.emulator.scripts import Line, Part, Turn
from coze_client.emulator.state.backend import Backend
from coze_client.emulator.state.records import StoredChat, StoredConversation, StoredMessage


@dataclass(frozen=True)
class ContextMessage:
    """A message of the context, saved or entered."""

    role: str
    text: str
    parts: tuple[Part, ...]


def read_turn(
    backend: Backend,
    bot: ScriptedBot,
    before: Sequence[ContextMessage],
    entered: Sequence[IncomingMessage],
    variables: dict[str, str],
) -> Turn:
    """The turn that the last message opens; 4000 if that is none of the user's."""
    said = [*before, *(ContextMessage(message.role, message.text, message.parts) for message in entered)]
    if not said:
        raise Refusal(4000, "additional_messages is required when the conversation is new or empty")
    if said[-1].role != "user":
        raise Refusal(4000, "the last message must have role user")
    opening = len(said) - 1
    while opening > 0 and said[opening].role == "user" and not said[opening].text:
        opening -= 1
    question = said[opening:] if said[opening].role == "user" else said[-1:]
    return Turn(
        question="".join(message.text for message in question),
        parts=_question_parts(said),
        history=tuple(Line(message.role, message.text) for message in said[: len(said) - len(question)]),
        variables=variables,
        plugins=bot.plugins,
        pace=backend.settings.pace,
    )


def _question_parts(said: Sequence[ContextMessage]) -> tuple[Part, ...]:
    """Files of all messages since the bot last spoke: a question and its images may come as neighbours."""
    since = next((n for n in range(len(said), 0, -1) if said[n - 1].role == "assistant"), 0)
    return tuple(part for message in said[since:] for part in message.parts)


def remembered(backend: Backend, conversation: StoredConversation) -> list[ContextMessage]:
    """Questions, answers and handmade messages of the conversation's present section, but none of cancelled chats."""
    chats = backend.state.owned(StoredChat, conversation.id)
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
