"""Tool outputs that Coze refuses, because their chat no longer waits: whether the dialogue may go on in a new chat."""

from __future__ import annotations

from typing import NamedTuple

from coze_client.api.chats.requests import retrieve_request
from coze_client.api.chats.values import CANCELED, COMPLETED, FAILED, REQUIRES_ACTION
from coze_client.bridge.chat.next_step import SubmitOutputs
from coze_client.core.request import Kind
from coze_client.core.retry import may_have_started
from coze_client.core.session import Session
from coze_client.errors import CozeError, InvalidRequest, NotFound

_ENDED = COMPLETED | FAILED
_EXPIRED = "expired"
_MOST_OPEN = 10_000
_open: dict[tuple[str, str], None] = {}  # servers and chats of submissions without a known end; the oldest come first


class Submission(NamedTuple):
    """Outputs that are sent to a chat of a server; `sent_before`: earlier ones to this chat have no known end."""

    base_url: str
    step: SubmitOutputs
    sent_before: bool

    @property
    def key(self) -> tuple[str, str]:
        """What tells one waiting chat from another."""
        return self.base_url, self.step.chat_id


def note_sent(session: Session, step: SubmitOutputs) -> Submission:
    """Remember, before outputs are sent to a chat, that nobody has read what follows."""
    key = (session.config.base_url, step.chat_id)
    submission = Submission(session.config.base_url, step, sent_before=key in _open)
    _open[key] = None
    while len(_open) > _MOST_OPEN:
        _open.pop(next(iter(_open)), None)
    return submission


def note_finished(submission: Submission | None) -> None:
    """Forget a submission, if there was one: its stream was read to the end, or Coze did not take the outputs."""
    if submission is not None:
        _open.pop(submission.key, None)


async def check_no_longer_waits(session: Session, submission: Submission, refusal: CozeError) -> None:
    """Return if a new chat bills nothing twice: the outputs are refused, and their chat has ended or is unknown.

    Else `refusal` is raised, with a cure if outputs were sent to this chat before and nobody has read what followed.
    One request is sent, for the status of the chat.
    """
    if not submission.sent_before and not refusal.chat_id and not may_have_started(Kind.START, refusal):
        note_finished(submission)
    if not isinstance(refusal, (InvalidRequest, NotFound)):
        raise refusal
    status = await _read_status(session, submission.step, refusal)
    if status in CANCELED or (status in _ENDED and not submission.sent_before):
        return
    if status not in REQUIRES_ACTION:
        _note_taken(refusal, submission.step)
    raise refusal


async def _read_status(session: Session, step: SubmitOutputs, refusal: CozeError) -> str:
    """The status of the chat, ``expired`` if it is unknown; raises `refusal` if it cannot be read."""
    try:
        return (await session.send(retrieve_request(step.conversation_id, step.chat_id))).status
    except NotFound:
        return _EXPIRED
    except CozeError:
        raise refusal from None


def _note_taken(refusal: CozeError, step: SubmitOutputs) -> None:
    refusal.chat_id, refusal.conversation_id = step.chat_id, step.conversation_id
    refusal.cure = (
        "The chat took outputs before and went on: client.chats.messages(conversation_id=…, chat_id=…) lists its answer"
    )
