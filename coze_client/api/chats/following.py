"""Follow a chat to its end: poll until its status is terminal, then list its messages.

API pages: retrieve_chat, list_chat_messages, chat_cancel.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from coze_client.api.chats.failures import no_answer
from coze_client.api.chats.received_messages import holds_answer
from coze_client.api.chats.requests import cancel_request, messages_request, retrieve_request
from coze_client.api.chats.values import COMPLETED, REQUIRES_ACTION, Chat, ChatResult
from coze_client.api.conversations.values import Message
from coze_client.core.fork import generation
from coze_client.core.session import Session
from coze_client.errors import CozeError, NotFound, TimedOut

_POLL_SECONDS = 1.0  # page retrieve_chat: at most once a second
CANCEL_SECONDS = 5.0
_UNKNOWN_CHAT = 4001  # Coze also returns it for a moment after a chat was created


async def follow_chat(
    session: Session, chat: Chat, deadline: float, messages: tuple[Message, ...] | None = None
) -> ChatResult:
    """Poll a chat until its status is terminal; return it with its messages.

    `messages`: those of the chat, if they have arrived already. Raises ChatFailed if the chat is completed without an
    answer, and TimedOut after `deadline` seconds. On any exception before the end, the chat is cancelled on the server.
    """
    begun = generation()
    try:
        ended = await wait_for_chat(session, chat, deadline)
    except BaseException as error:  # also Ctrl-C and a cancelled task: nobody will read the answer
        _note_ids(error, chat)
        if begun == generation():  # in a forked child, the chat is its parent's
            await session.concurrency.shield(_cancel(session, chat), CANCEL_SECONDS)
        raise
    try:
        listed = await load_messages(session, ended) if messages is None else messages
    except CozeError as error:
        _note_ids(error, chat)
        error.cure = "The chat has ended: client.chats.messages(conversation_id=…, chat_id=…) lists its answer"
        raise
    result = ChatResult(ended, listed)
    if ended.status in COMPLETED and not holds_answer(result.messages):
        raise no_answer(ended)
    return result


def _note_ids(error: BaseException, chat: Chat) -> None:
    if isinstance(error, CozeError):
        error.chat_id, error.conversation_id = chat.id, chat.conversation_id


async def _cancel(session: Session, chat: Chat) -> None:
    with suppress(CozeError):  # the chat may have ended meanwhile
        await session.for_cleanup().send(cancel_request(chat.conversation_id, chat.id))


async def wait_for_chat(
    session: Session,
    chat: Chat,
    deadline: float,
    limit: str = "deadline",
    *,
    at_once: bool = False,
    check: Callable[[], None] | None = None,
) -> Chat:
    """Poll a chat once a second until its status is terminal; raises TimedOut after `deadline` seconds.

    `limit` is the name of the setting that holds the seconds. With `at_once` the first poll has no pause before it.
    `check` is called before each poll, and ends the polling by raising.
    """
    end_time = monotonic() + deadline
    unknown = 0
    pause = 0.0 if at_once else _POLL_SECONDS
    while not chat.is_terminal:
        remaining = end_time - monotonic()
        if remaining <= 0:
            raise did_not_end(deadline, limit)
        await session.concurrency.sleep(min(pause, remaining))
        pause = _POLL_SECONDS
        if check is not None:
            check()
        try:
            request = retrieve_request(chat.conversation_id, chat.id)
            found = await session.with_deadline(end_time - monotonic()).send(request)
        except TimedOut:
            if monotonic() < end_time:
                raise  # by the client's own timeout; else the loop reports that the chat did not end
        except NotFound as error:
            unknown += 1
            if error.code != _UNKNOWN_CHAT or unknown > 2:
                raise
        else:
            chat = found
    return chat


def did_not_end(deadline: float, limit: str = "deadline") -> TimedOut:
    """The error of a chat that went on for longer than `deadline` seconds; `limit` is the name of that setting."""
    return TimedOut(
        f"The chat did not end within {deadline:g} s ({limit})", cure="Give chats that need more time a longer deadline"
    )


async def load_messages(session: Session, chat: Chat) -> tuple[Message, ...]:
    """List the messages of a chat that is completed or waits for tool outputs; empty for any other status."""
    if chat.status not in COMPLETED | REQUIRES_ACTION:
        return ()
    return await session.send(messages_request(chat.conversation_id, chat.id))
