"""Tool outputs that Coze refuses, because their chat no longer waits: whether the dialogue may go on in a new chat."""

from __future__ import annotations

from coze_client.api.chats.requests import retrieve_request
from coze_client.api.chats.values import CANCELED, COMPLETED, FAILED, REQUIRES_ACTION
from coze_client.bridge.chat.dialogue import SubmitOutputs
from coze_client.core.session import Session
from coze_client.errors import CozeError, InvalidRequest, NotFound

_ENDED = COMPLETED | FAILED
_MOST_OPEN = 10_000
Submission = tuple[str, str]
"""The server and the chat that outputs were sent to."""

_open: dict[Submission, None] = {}  # submissions without a known end; the oldest come first


def note_opened(session: Session, step: SubmitOutputs) -> Submission:
    """Remember that outputs were sent to a chat, and that nobody has read what follows."""
    submission = _key(session, step)
    _open[submission] = None
    while len(_open) > _MOST_OPEN:
        _open.pop(next(iter(_open)), None)
    return submission


def note_finished(submission: Submission | None) -> None:
    """Forget a submission, if there was one: its stream was read to the end."""
    if submission is not None:
        _open.pop(submission, None)


async def check_no_longer_waits(session: Session, step: SubmitOutputs, refusal: CozeError) -> None:
    """Return if a new chat bills nothing twice: the outputs are refused, and their chat has ended or is unknown.

    Else `refusal` is raised, with a cure if outputs were sent to this chat before and nobody has read what followed.
    One request is sent, for the status of the chat.
    """
    if not isinstance(refusal, (InvalidRequest, NotFound)):
        raise refusal
    try:
        status = (await session.send(retrieve_request(step.conversation_id, step.chat_id))).status
    except NotFound:
        return
    except CozeError:
        raise refusal from None
    if status in CANCELED or (status in _ENDED and _key(session, step) not in _open):
        return
    if status not in REQUIRES_ACTION:
        _note_taken(refusal, step)
    raise refusal


def _note_taken(refusal: CozeError, step: SubmitOutputs) -> None:
    refusal.chat_id, refusal.conversation_id = step.chat_id, step.conversation_id
    refusal.cure = (
        "The chat took outputs before and went on: client.chats.messages(conversation_id=…, chat_id=…) lists its answer"
    )


def _key(session: Session, step: SubmitOutputs) -> Submission:
    return session.config.base_url, step.chat_id
