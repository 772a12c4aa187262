"""A chat followed to its end: asked for until it says no more by itself, then its messages.

API pages: retrieve_chat, list_chat_messages, chat_cancel.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic

from coze_client.api.chats.requests import cancel_request, messages_request, retrieve_request
from coze_client.api.chats.values import COMPLETED, REQUIRES_ACTION, Chat, ChatResult
from coze_client.api.conversations.values import Message
from coze_client.core.session import Session
from coze_client.errors import CozeError, NotFound, TimedOut

_POLL_SECONDS = 1.0  # Coze asks for one question a second at most
_CANCEL_SECONDS = 5.0
_UNKNOWN_CHAT = 4001  # also answered for a moment after a chat was made


async def follow_chat(session: Session, chat: Chat, deadline: float) -> ChatResult:
    """A chat that ended in whatever way, and its messages; cancelled if the waiting is given up. Raises TimedOut."""
    try:
        ended = await wait_for_chat(session, chat, deadline)
    except BaseException as error:  # nobody waits for the answer any more, also after Ctrl-C or a cancelled task
        if isinstance(error, CozeError):
            error.chat_id, error.conversation_id = chat.id, chat.conversation_id
        await session.concurrency.shield(_cancel(session, chat), _CANCEL_SECONDS)
        raise
    return ChatResult(ended, await load_messages(session, ended))


async def _cancel(session: Session, chat: Chat) -> None:
    with suppress(CozeError):  # it may have ended meanwhile
        await session.for_cleanup().send(cancel_request(chat.conversation_id, chat.id))


async def wait_for_chat(session: Session, chat: Chat, deadline: float, *, at_once: bool = False) -> Chat:
    """A chat's last state, asked for once a second at most; raises TimedOut after `deadline` seconds."""
    end_time = monotonic() + deadline
    unknown = 0
    pause = 0.0 if at_once else _POLL_SECONDS
    while not chat.is_terminal:
        left = end_time - monotonic()
        if left <= 0:
            raise TimedOut(
                f"The chat did not end within {deadline:g} s", cure="Raise deadline, or retrieve the chat later"
            )
        await session.concurrency.sleep(min(pause, left))
        pause = _POLL_SECONDS
        try:
            asked = retrieve_request(chat.conversation_id, chat.id)
            found = await session.with_deadline(end_time - monotonic()).send(asked)
        except NotFound as error:
            unknown += 1
            if error.code != _UNKNOWN_CHAT or unknown > 2:
                raise
        else:
            chat = found
    return chat


async def load_messages(session: Session, chat: Chat) -> tuple[Message, ...]:
    """The messages of a chat that was completed or waits for tools; of any other, none."""
    if chat.status not in COMPLETED | REQUIRES_ACTION:
        return ()
    return await session.send(messages_request(chat.conversation_id, chat.id))
