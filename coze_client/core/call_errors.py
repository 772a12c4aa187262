"""What the error of one call says: which limit of this client ended it, and what a start may have left behind; pure."""

from __future__ import annotations

from typing import Any

from coze_client.core.config import Timeout
from coze_client.core.error_codes import is_run_failure
from coze_client.core.request import Kind, Request, Unanswered
from coze_client.core.retry import may_have_started
from coze_client.core.server_text import without_advice
from coze_client.errors import CozeError, TimedOut

_CHECK_FIRST = "The server may have acted on this call, and what it started may go on. Check before you call again"
_PAST_DEADLINE = "The call took longer than timeout.deadline"
_MORE_TIME = "Raise timeout.deadline if the call needs more time"


def explain(error: CozeError, request: Request[Any], timeout: Timeout, *, past_deadline: bool) -> None:
    """Complete the text of an error of `request`: name the client's limit, and tell what may go on on the server."""
    if isinstance(error, TimedOut):
        name_limit(error, timeout, past_deadline=past_deadline)
    advise_check(request, error)


def advise_check(request: Request[Any], error: CozeError) -> None:
    """Replace the cure of an error that leaves open whether the request started something."""
    if request.kind is not Kind.START or (request.if_silent and error.cure == request.if_silent):
        return  # of the latter, the session knows that nothing has started
    has_failed = error.code_around is None and is_run_failure(error.code)
    if has_failed or may_have_started(request.kind, error):
        error.message = without_advice(error.message)
        error.args = (error.message,)
        if not has_failed:  # a run that has failed keeps the cure of its failure
            _tell_unanswered(error, request.unanswered)


def name_limit(error: TimedOut, timeout: Timeout, *, past_deadline: bool = False) -> None:
    """Add its seconds to the setting that the message names; past the deadline, that one ended the wait."""
    if past_deadline and "timeout.deadline" not in error.message:
        error.message, error.cure = _PAST_DEADLINE, _MORE_TIME
    for name, seconds in (("connect", timeout.connect), ("read", timeout.read), ("deadline", timeout.deadline)):
        named = f"timeout.{name}"
        if seconds is not None and named in error.message and f"{named} (" not in error.message:
            error.message = error.message.replace(named, f"{named} ({seconds:g} s)")
    error.args = (error.message,)


def _tell_unanswered(error: CozeError, unanswered: Unanswered) -> None:
    error.cure = f"{_CHECK_FIRST}: {unanswered.cure}" if unanswered.cure else _CHECK_FIRST
    error.chat_id = error.chat_id or unanswered.chat_id
    error.conversation_id = error.conversation_id or unanswered.conversation_id
